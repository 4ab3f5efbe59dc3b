/** The figures of a labelled set with their intervals, and how often its probabilities came true. */
import { make, setText } from '../../../ui/dom.ts';
import { count, percent } from '../../../ui/numbers.ts';
import { strings } from '../../../strings/strings.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import type { Interval } from '../../../shared/wasm/engine-wasm.ts';
import type { Evaluation, Value } from '../../../shared/lab/evaluate-tasks.ts';
import { Plot } from '../../../ui/plot/plot.ts';
import { headRow, row, scrollRegion } from '../../../ui/tables.ts';
import { reliabilityAxes } from '../why/reliability.ts';

/** An interval is missing where drawings say nothing. */
type Share = Omit<Evaluation['recall'], 'ci95'> & { ci95: Interval | null };

const digits = (value: number): string => value.toFixed(3);

export class SetFigures {
  readonly element: HTMLElement;
  readonly reliability = new Plot({ title: text.reliability, ...reliabilityAxes, diagonal: text.perfect });
  private readonly title = make('h4', '', text.setFigures);
  private readonly summary = make('p', 'set-summary');
  private readonly body = make('tbody');
  private readonly note = make('p', 'quiet');

  constructor() {
    const table = make('table', 'figures rates', headRow(strings.card.figure, strings.card.value, strings.card.interval, strings.card.of), this.body);
    this.element = make('section', 'set-figures', this.title, this.summary, scrollRegion(table, text.setFigures), this.note);
  }

  /** `seen`: how, where the network knows two ways. Without `whole` the intervals that take a while are still to come. */
  draw(found: Evaluation, network: string, seen: string, whole: boolean): void {
    const { n, positives, units } = found;
    const ends = (ci95: Interval | null, format: (value: number) => string): string => (ci95 ? text.range(format(ci95[0]), format(ci95[1])) : whole ? strings.none : '…');
    const share = (name: string, { value, ci95, hits, n: of }: Share): HTMLElement =>
      row(name, value === null ? strings.none : percent(value), value === null ? strings.none : ends(ci95, percent), `${count(hits)} / ${count(of)}`);
    const value = (name: string, { value: figure, ci95 }: Value): HTMLElement =>
      row(name, figure === null ? strings.none : digits(figure), figure === null ? strings.none : ends(ci95, digits), count(n));
    const { rocAuc, averagePrecision, accuracy, recall, specificity, precision, f1, brier, ece } = found;
    const all: (Share | Value)[] = [rocAuc, averagePrecision, accuracy, recall, specificity, precision, f1, brier, ece];
    this.body.replaceChildren(
      value(text.setAuc, rocAuc),
      value(text.setAp, averagePrecision),
      share(text.rows.accuracy.name, accuracy),
      share(text.rows.recall.name, recall),
      share(text.rows.specificity.name, specificity),
      share(text.rows.precision.name, precision),
      value(text.rows.f1.name, f1),
      value(text.setBrier, brier),
      value(text.setEce, ece),
    );
    setText(this.title, text.setFiguresAt(found.threshold));
    setText(this.summary, text.setSummary(n, positives, network, units, seen));
    const missing = all.some(({ value: figure, ci95 }) => figure !== null && ci95 === null);
    setText(this.note, whole ? `${text.setIntervals(units, n)}${missing ? ` ${text.setNoInterval(units < n)}` : ''}` : text.setCounting);
    this.reliability.draw({
      series: [{
        name: text.bins,
        kind: 'points',
        points: found.bins.map(([mean, { value: came }]) => [mean, came ?? 0]),
        ranges: found.bins.map(([, { ci95 }]) => ci95),
        weights: found.bins.map(([, { n: of }]) => of),
      }],
    });
  }
}
