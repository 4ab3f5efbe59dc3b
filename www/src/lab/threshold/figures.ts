/** What a threshold does, as a confusion matrix, a table of rates and a sentence of whole numbers. */
import { make, setText } from '../../dom.ts';
import { count, percent, strings } from '../../strings.ts';
import { evaluateText as text } from '../../strings-evaluate.ts';
import type { Interval } from '../../wasm.ts';
import type { Operating, Share, Value } from '../evaluate-tasks.ts';

export type Cell = 'tp' | 'fn' | 'fp' | 'tn';
const CELLS: readonly Cell[] = ['tp', 'fn', 'fp', 'tn'];

export type Row = 'recall' | 'specificity' | 'ppv' | 'npv' | 'precision' | 'accuracy' | 'f1';
const ROWS: readonly Row[] = ['recall', 'specificity', 'ppv', 'npv', 'precision', 'accuracy', 'f1'];

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
      const value = open ? make('button', 'matrix-open') : make('span', 'matrix-count');
      if (open && value instanceof HTMLButtonElement) {
        value.type = 'button';
        value.addEventListener('click', () => open(which));
      }
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
      make('section', '', this.matrixTitle, scroll(matrix, text.matrix), this.sentence),
      make('section', '', make('h4', '', text.rates), scroll(table, text.rates), this.note));
  }

  draw(found: Operating, prevalence: number): void {
    const { confusion, exact, tpBetween, fpBetween } = found;
    const about = (n: number, [low, high]: [number, number]): string => (exact || low === high ? count(n) : `≈ ${count(n)}`);
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
    this.share('recall', found.recall, tpBetween, exact);
    this.share('specificity', found.specificity, [negatives - fpBetween[1], negatives - fpBetween[0]], exact);
    this.share('accuracy', found.accuracy, [tpBetween[0] + negatives - fpBetween[1], tpBetween[1] + negatives - fpBetween[0]], exact);
    this.share('precision', found.precision, [0, 0], true);
    this.value('ppv', found.ppv, text.at(prevalence));
    this.value('npv', found.npv, text.at(prevalence));
    this.set('f1', found.f1.toFixed(3), strings.none, count(positives + negatives));
    setText(this.sentence, text.ofThousand(found.ofThousand, prevalence));
    setText(this.note, exact ? text.exact : text.between);
  }

  private share(row: Row, { value, ci95, hits, n }: Share, [low, high]: [number, number], exact: boolean): void {
    const of = exact || low === high ? `${count(hits)} / ${count(n)}` : `${text.span(low, high)} / ${count(n)}`;
    this.set(row, value === null ? strings.none : percent(value), value === null ? strings.none : range(ci95), of);
  }

  private value(row: Row, { value, ci95 }: Value, of: string): void {
    this.set(row, value === null ? strings.none : percent(value), ci95 ? range(ci95) : strings.none, of);
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

export function head(scope: 'row' | 'col', content: string): HTMLTableCellElement {
  const th = make('th', '', content);
  th.scope = scope;
  return th;
}

/** Wider than a small screen: scrolled with the arrow keys, and so it takes the focus. */
export function scroll(inner: HTMLElement, label: string): HTMLElement {
  const wide = make('div', 'scroll', inner);
  wide.tabIndex = 0;
  wide.setAttribute('role', 'region');
  wide.setAttribute('aria-label', label);
  return wide;
}
