/** The model card, as the weights file carries it. */
import { headRow, row, scrollRegion } from '../../ui/tables.ts';
import { make, pair } from '../../ui/dom.ts';
import { bytes, count, percent } from '../../ui/numbers.ts';
import { strings } from '../../strings/strings.ts';
import { looksAround } from '../../shared/heads.ts';
import type { CardCalibration, CardFigures, CardMetrics, CardSubgroup, Interval, ModelInfo, Operating } from '../../shared/wasm/engine-wasm.ts';

const text = strings.card;

/** Figures of a part of a network; without a name where there is only one. */
interface Part extends CardFigures {
  name: string;
}

/** A figure: its name, value, ends of its interval, and of how many. */
type Line = [string, string, string, string];

export function drawCard(into: HTMLElement, model: ModelInfo): void {
  const { card } = model;
  const around = looksAround(model) ? card.context : undefined;
  const parts: Part[] = around ? [{ name: strings.seen.context, ...around }, { name: strings.seen.patch, ...card }] : [{ name: '', ...card }];
  into.replaceChildren(
    make('h3', 'card-title', card.title),
    section(text.intendedUse, make('p', '', card.intended_use)),
    ...figures(parts, around?.alone ?? 0),
    ...subgroups(parts),
    ...parts.flatMap(({ name, calibration: found }) => (found ? [calibration(found, name)] : [])),
    section(text.model, modelFacts(model)),
    section(text.limits, list(card.limits ?? [])),
    section(text.training, trainingFacts(model)),
    ...(card.reproduce?.length ? [section(text.reproduce, commands(card.reproduce))] : []),
    section(text.citations, list(card.citations ?? [])),
  );
}

function section(title: string, ...children: Node[]): HTMLElement {
  return make('section', 'card-section', make('h4', '', title), ...children);
}

/** Scrolled like a wide table. */
function commands(lines: string[]): HTMLElement {
  const block = make('pre', 'commands', lines.join('\n'));
  return scrollRegion(block, text.reproduce, '');
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
  const both = (of: (numbers: Operating) => number): string =>
    model.context ? text.both(String(round(of(model.context))), String(round(of(model)))) : String(round(of(model)));
  pair(facts, text.threshold, both(({ threshold }) => threshold));
  pair(facts, text.temperature, both(({ temperature }) => temperature));
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

function linesOf(metrics: CardMetrics): Line[] {
  const { tp, fn, fp, tn } = metrics.confusion;
  const { ci95 } = metrics;
  const ends = (found: Interval | undefined, format = digits): string => (found ? interval(found, format) : strings.none);
  /** Older files carry no interval by bootstrap: Wilson's takes its place. */
  const share = (name: string, value: number, found: Interval | undefined, hits: number, n: number): Line =>
    [name, percent(value), interval(found ?? wilson(hits, n), percent), `${count(hits)} / ${count(n)}`];
  return [
    [text.rocAuc, digits(metrics.roc_auc), ends(metrics.roc_auc_ci95 ?? undefined), count(metrics.n)],
    [text.averagePrecision, digits(metrics.average_precision), ends(ci95?.average_precision), count(metrics.n)],
    ...(typeof metrics.recall_at_specificity === 'number'
      ? [[text.recallAtSpecificity, percent(metrics.recall_at_specificity), ends(ci95?.recall_at_specificity, percent), count(metrics.n)] satisfies Line]
      : []),
    share(text.recall, metrics.recall, ci95?.recall, tp, tp + fn),
    share(text.specificity, metrics.specificity, ci95?.specificity, tn, tn + fp),
    share(text.precision, metrics.precision, ci95?.precision, tp, tp + fp),
    share(text.accuracy, metrics.accuracy, ci95?.accuracy, tp + tn, metrics.n),
    [text.f1, digits(metrics.f1), ends(ci95?.f1), count(metrics.n)],
  ];
}

/** Of one part with a column for everything; of two parts side by side. `alone`: patches of the part whose surroundings are not known. */
function figures(parts: Part[], alone: number): HTMLElement[] {
  const measured = parts.flatMap(({ name, metrics }) => (metrics ? [{ name, metrics }] : []));
  const [first] = measured;
  if (!first) return [make('p', 'problem', text.noMetrics)];
  const { metrics } = first;
  const title = text.results(metrics.part);
  const lines = measured.map((part) => linesOf(part.metrics));
  const table = measured.length > 1
    ? make('table', 'figures', headRow(text.figure, ...measured.map(({ name }) => sentenceCase(name))), make('tbody', '', ...linesOf(metrics).map(([name]) =>
        row(name, ...lines.map((own) => {
          const [, value = strings.none, ends = ''] = own.find((line) => line[0] === name) ?? [];
          return make('span', '', value, make('span', 'range', ends));
        })))))
    : make('table', 'figures', headRow(text.figure, text.value, text.interval, text.of), make('tbody', '', ...linesOf(metrics).map((line) => row(...line))));
  return [
    section(
      title,
      make('p', '', text.population(metrics.n, metrics.positives), ...(measured.length > 1 && alone > 0 ? [` ${text.alone(alone)}`] : [])),
      scrollRegion(table, title),
      make('p', 'quiet', metrics.ci95 ? text.intervals(metrics.bootstrap_units ?? '') : text.intervalsWilson),
      ...measured.flatMap((part) => contested(part.metrics, part.name)),
    ),
    ...measured.map((part) => {
      const decisions = text.confusion(part.metrics.threshold, part.name);
      return section(decisions, scrollRegion(confusion(part.metrics), decisions));
    }),
  ];
}

/** What the figures are without contested negatives, where those are known. */
function contested({ without_contested: found }: CardMetrics, part: string): HTMLElement[] {
  if (!found) return [];
  const figures = [
    [text.rocAuc, found.roc_auc, digits] as const,
    [text.recallAtSpecificity, found.recall_at_specificity, percent] as const,
    [text.specificity, found.specificity, percent] as const,
    [text.precision, found.precision, percent] as const,
  ].flatMap(([name, value, format]) => (typeof value === 'number' ? [`${name} ${format(value)}`] : []));
  return [make('p', '', `${part && `${sentenceCase(part)}: `}${text.contested(found.contested, found.contested_called, found.n)} ${figures.join(', ')}.`)];
}

/** One table for each property that divides the patches; of two parts the second stands below the first, in the same cell. */
function subgroups(parts: Part[]): HTMLElement[] {
  const [first, second] = parts.filter((part) => (part.subgroups?.length ?? 0) > 0);
  const groups = first?.subgroups ?? [];
  const names = [...new Set(groups.map((group) => group.by))];
  return names.map((name) => {
    const members = groups.filter((group) => group.by === name);
    const body = make('tbody', '', ...members.map((group) => {
      const other = second?.subgroups?.find(({ by, label }) => by === group.by && label === group.label);
      const both = (of: (one: CardSubgroup) => [number | null, Interval | null]): Node | string => {
        const own = withInterval(...of(group));
        if (!other || of(other)[0] === null) return own;
        return make('span', '', own, make('span', 'range', text.groupAlone, ' ', withInterval(...of(other))));
      };
      return row(group.label, both(({ recall, recall_ci95: ends }) => [recall, ends]), both(({ specificity, specificity_ci95: ends }) => [specificity, ends]), text.nodulesOf(group.positives, group.n));
    }));
    const table = make('table', 'figures', headRow(text.group, text.recall, text.specificity, text.nodulesAndAll), body);
    return section(text.byGroup(name), scrollRegion(table, text.byGroup(name)), make('p', 'quiet', second ? `${text.groupBoth} ${text.groupNote}` : text.groupNote));
  });
}

function withInterval(value: number | null, ends: Interval | null): Node | string {
  if (value === null) return strings.none;
  if (!ends) return percent(value);
  return make('span', '', percent(value), make('span', 'range', interval(ends, percent)));
}

function calibration(found: CardCalibration, part: string): HTMLElement {
  const title = part ? `${text.calibration}, ${part}` : text.calibration;
  const body = make('tbody', '', ...[
    [text.calibrationError, found.ece] as const,
    [text.brier, found.brier] as const,
    [text.logLoss, found.log_loss] as const,
  ].map(([name, [before, after]]) => row(name, digits(before), digits(after))));
  const table = make('table', 'figures', headRow(text.figure, text.before, text.after), body);
  return section(title, make('p', '', text.calibrationText(found)), scrollRegion(table, title), make('p', 'quiet', text.calibrationNote));
}

const digits = (value: number): string => value.toFixed(3);
const sentenceCase = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

function confusion({ confusion: { tp, fn, fp, tn } }: CardMetrics): HTMLElement {
  const body = make('tbody', '', row(text.was('nodule'), count(tp), count(fn)), row(text.was('no nodule'), count(fp), count(tn)));
  return make('table', 'figures', headRow(text.truth, text.said('nodule'), text.said('no nodule')), body);
}

function interval([low, high]: Interval, format: (value: number) => string): string {
  return `${format(low)} to ${format(high)}`;
}

/** Wilson's score interval at 95 % for a share of counts (Wilson 1927): sound near 0 and 1, where the usual one is not. */
function wilson(hits: number, n: number): Interval {
  if (n === 0) return [0, 1];
  const z = 1.959964;
  const share = hits / n;
  const scale = 1 + (z * z) / n;
  const center = (share + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}

const round = (value: number): number => Number(value.toPrecision(6));
