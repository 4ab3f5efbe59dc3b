/** The model card, as the weights file carries it. */
import { make, pair } from './dom.ts';
import { bytes, count, percent, strings } from './strings.ts';
import type { CardMetrics, ModelInfo } from './wasm.ts';

const text = strings.card;

export function drawCard(into: HTMLElement, model: ModelInfo): void {
  const { card } = model;
  into.replaceChildren(
    make('h3', 'card-title', card.title),
    section(text.intendedUse, make('p', '', card.intended_use)),
    ...(card.metrics ? figures(card.metrics) : [make('p', 'problem', text.noMetrics)]),
    section(text.model, modelFacts(model)),
    section(text.limits, list(card.limits)),
    section(text.training, trainingFacts(model)),
    section(text.citations, list(card.citations)),
  );
}

function section(title: string, ...children: Node[]): HTMLElement {
  return make('section', 'card-section', make('h4', '', title), ...children);
}

function list(items: string[]): HTMLElement {
  return make('ul', '', ...items.map((item) => make('li', '', item)));
}

function modelFacts(model: ModelInfo): HTMLElement {
  const facts = make('dl', 'facts');
  pair(facts, text.modelId, make('code', '', model.modelId));
  pair(facts, text.network, model.network);
  pair(facts, text.parameters, count(model.parameters));
  pair(facts, text.macs, count(model.macsPerPatch));
  pair(facts, text.threshold, String(round(model.threshold)));
  pair(facts, text.temperature, String(round(model.temperature)));
  pair(facts, text.preprocessing, make('code', '', model.preprocessId));
  pair(facts, text.weights, `${bytes(model.weightsBytes)}, SHA-256 `, make('code', 'hash', model.weightsSha256));
  return facts;
}

function trainingFacts({ card }: ModelInfo): HTMLElement {
  const facts = make('dl', 'facts');
  pair(facts, text.data, card.data);
  pair(facts, text.split, card.split);
  pair(facts, text.recipe, card.recipe);
  pair(facts, text.made, text.madeText(card.date, card.epochs, card.seed, card.commit));
  pair(facts, text.license, card.license);
  return facts;
}

function figures(metrics: CardMetrics): HTMLElement[] {
  const { tp, fn, fp, tn } = metrics.confusion;
  const body = make('tbody');
  const row = (name: string, value: string, interval: string, n: string): void => {
    const head = make('th', '', name);
    head.scope = 'row';
    body.append(make('tr', '', head, make('td', '', value), make('td', '', interval), make('td', '', n)));
  };
  const share = (name: string, value: number, hits: number, n: number): void =>
    row(name, percent(value), interval(wilson(hits, n), percent), `${count(hits)} / ${count(n)}`);
  row(text.rocAuc, metrics.roc_auc.toFixed(3), interval(metrics.roc_auc_ci95, (x) => x.toFixed(3)), count(metrics.n));
  row(text.averagePrecision, metrics.average_precision.toFixed(3), strings.none, count(metrics.n));
  share(text.recall, metrics.recall, tp, tp + fn);
  share(text.specificity, metrics.specificity, tn, tn + fp);
  share(text.precision, metrics.precision, tp, tp + fp);
  share(text.accuracy, metrics.accuracy, tp + tn, metrics.n);
  row(text.f1, metrics.f1.toFixed(3), strings.none, count(metrics.n));

  const table = make('table', 'figures', headRow(text.figure, text.value, text.interval, text.of), body);
  const wrap = (inner: HTMLElement): HTMLElement => make('div', 'scroll', inner);
  return [
    section(
      text.results(metrics.part),
      make('p', '', text.population(metrics.n, metrics.positives)),
      wrap(table),
      make('p', 'quiet', text.intervals),
    ),
    section(text.confusion(metrics.threshold), wrap(confusion(metrics))),
  ];
}

function headRow(...names: string[]): HTMLElement {
  const cells = names.map((name) => {
    const head = make('th', '', name);
    head.scope = 'col';
    return head;
  });
  return make('thead', '', make('tr', '', ...cells));
}

function confusion({ confusion: { tp, fn, fp, tn } }: CardMetrics): HTMLElement {
  const row = (name: string, a: number, b: number): HTMLElement => {
    const head = make('th', '', name);
    head.scope = 'row';
    return make('tr', '', head, make('td', '', count(a)), make('td', '', count(b)));
  };
  const body = make('tbody', '', row(text.was('nodule'), tp, fn), row(text.was('no nodule'), fp, tn));
  return make('table', 'figures', headRow(text.truth, text.said('nodule'), text.said('no nodule')), body);
}

function interval([low, high]: [number, number], format: (value: number) => string): string {
  return `${format(low)} to ${format(high)}`;
}

/** Wilson's score interval at 95 % for a share of counts (Wilson 1927): sound near 0 and 1, where the usual one is not. */
function wilson(hits: number, n: number): [number, number] {
  if (n === 0) return [0, 1];
  const z = 1.959964;
  const share = hits / n;
  const scale = 1 + (z * z) / n;
  const center = (share + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}

const round = (value: number): number => Number(value.toPrecision(6));
