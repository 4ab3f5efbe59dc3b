/** What a threshold does, as a confusion matrix, a table of rates and a sentence of whole numbers. */
import { button } from '../../../ui/button.ts';
import { head, scrollRegion } from '../../../ui/tables.ts';
import { make, setText } from '../../../ui/dom.ts';
import { count, percent } from '../../../ui/numbers.ts';
import { strings } from '../../../strings/strings.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import type { Interval } from '../../../shared/wasm/engine-wasm.ts';
import type { Operating, Share, Value } from '../../../shared/lab/evaluate-tasks.ts';

export type Cell = 'tp' | 'fn' | 'fp' | 'tn';
const CELLS: readonly Cell[] = ['tp', 'fn', 'fp', 'tn'];

export type Row = 'recall' | 'specificity' | 'ppv' | 'npv' | 'precision' | 'accuracy' | 'f1';
const ROWS: readonly Row[] = ['recall', 'specificity', 'ppv', 'npv', 'precision', 'accuracy', 'f1'];

/** Least and most. */
type Span = [number, number];

const span = ([low, high]: Span): string => (low === high ? count(low) : text.span(low, high));
const estimate = (value: string, exact: boolean): string => (exact ? value : `≈ ${value}`);
const range = ([low, high]: Interval): string => text.range(percent(low), percent(high));

export class Figures {
  /** Side by side where there is room. */
  readonly element: HTMLElement;
  private readonly cells = new Map<Cell, HTMLElement>();
  private readonly rows = new Map<Row, { name: HTMLElement; value: HTMLElement; interval: HTMLElement; of: HTMLElement }>();
  private readonly matrixTitle = make('h4');
  private readonly sentence = make('p');
  private readonly note = make('p', 'quiet');

  /** `open` makes buttons of the cells. */
  constructor(open?: (cell: Cell) => void, rows: readonly Row[] = ROWS) {
    const cell = (which: Cell): HTMLElement => {
      const value = open ? button('', () => open(which), 'matrix-open') : make('span', 'matrix-count');
      this.cells.set(which, value);
      return make('td', `matrix-${which}`, value, make('span', 'matrix-word', text.cells[which]));
    };
    const matrixRow = (truth: 'nodule' | 'no nodule', ...which: [Cell, Cell]): HTMLElement =>
      make('tr', '', head('row', strings.card.was(truth)), ...which.map(cell));
    const matrix = make('table', 'figures matrix',
      make('thead', '', make('tr', '', head('col', strings.card.truth), head('col', strings.card.said('nodule')), head('col', strings.card.said('no nodule')))),
      make('tbody', '', matrixRow('nodule', 'tp', 'fn'), matrixRow('no nodule', 'fp', 'tn')));
    const table = make('table', 'figures rates',
      make('thead', '', make('tr', '', ...[strings.card.figure, strings.card.value, strings.card.interval, strings.card.of].map((name) => head('col', name)))),
      make('tbody', '', ...rows.map((row) => this.makeRow(row))));
    this.element = make('div', 'operating',
      make('section', '', this.matrixTitle, scrollRegion(matrix, text.matrix), this.sentence),
      make('section', '', make('h4', '', text.rates), scrollRegion(table, text.rates), this.note));
  }

  draw(found: Operating, prevalence: number): void {
    const { confusion, exact, tpBetween, fpBetween } = found;
    const about = (n: number, [low, high]: Span): string => estimate(count(n), exact || low === high);
    setText(this.matrixTitle, text.matrixAt(found.threshold));
    const { positives, negatives } = { positives: confusion.tp + confusion.fn, negatives: confusion.fp + confusion.tn };
    for (const which of CELLS) {
      const cell = this.cells.get(which);
      if (!cell) continue;
      setText(cell, about(confusion[which], which === 'tp' || which === 'fn' ? tpBetween : fpBetween));
      if (cell instanceof HTMLButtonElement) {
        cell.setAttribute('aria-label', text.openCell(which, confusion[which]));
        cell.disabled = confusion[which] === 0;
      }
    }
    const [tp, fp]: [Span, Span] = exact ? [[confusion.tp, confusion.tp], [confusion.fp, confusion.fp]] : [tpBetween, fpBetween];
    const tn: Span = [negatives - fp[1], negatives - fp[0]];
    this.share('recall', found.recall, tp, [positives, positives]);
    this.share('specificity', found.specificity, tn, [negatives, negatives]);
    this.share('accuracy', found.accuracy, [tp[0] + tn[0], tp[1] + tn[1]], [positives + negatives, positives + negatives]);
    this.share('precision', found.precision, tp, [tp[0] + fp[0], tp[1] + fp[1]]);
    this.value('ppv', found.ppv, text.at(prevalence), exact);
    this.value('npv', found.npv, text.at(prevalence), exact);
    this.set('f1', estimate(found.f1.toFixed(3), exact), strings.none, count(positives + negatives));
    setText(this.sentence, text.ofThousand(found.ofThousand, prevalence));
    setText(this.note, exact ? text.exact : text.between);
  }

  /** `part` and `whole`: between which counts they are. */
  private share(row: Row, { value, ci95 }: Share, part: Span, whole: Span): void {
    const exact = part[0] === part[1] && whole[0] === whole[1];
    this.set(row, value === null ? strings.none : estimate(percent(value), exact), value === null ? strings.none : range(ci95), `${span(part)} / ${span(whole)}`);
  }

  private value(row: Row, { value, ci95 }: Value, of: string, exact: boolean): void {
    this.set(row, value === null ? strings.none : estimate(percent(value), exact), ci95 ? range(ci95) : strings.none, of);
  }

  private set(row: Row, value: string, interval: string, of: string): void {
    const cells = this.rows.get(row);
    if (!cells) return;
    setText(cells.value, value);
    setText(cells.interval, interval);
    setText(cells.of, of);
  }

  private makeRow(row: Row): HTMLElement {
    const [name, value, interval, of] = [head('row', ''), make('td'), make('td'), make('td')];
    name.append(text.rows[row].name, make('span', 'row-note', text.rows[row].note));
    this.rows.set(row, { name, value, interval, of });
    return make('tr', '', name, value, interval, of);
  }
}
