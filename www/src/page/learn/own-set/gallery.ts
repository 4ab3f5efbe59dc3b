/** The images behind a cell of the confusion matrix, the most telling first. */
import { button } from '../../../ui/button.ts';
import { drawGrey, make, setText } from '../../../ui/dom.ts';
import type { Row } from '../../patches/results.ts';
import { percent } from '../../../ui/numbers.ts';
import { strings } from '../../../strings/strings.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import { linkTo } from '../address.ts';
import type { Cell } from '../threshold/figures.ts';

/** More are a click away. */
const AT_ONCE = 48;

export class Gallery {
  readonly element: HTMLElement;
  private readonly title = make('h4');
  private readonly note = make('p', 'quiet');
  private readonly list = make('ul', 'gallery-list');
  private readonly more = button('', () => this.showMore());
  private readonly chosen = make('p', 'gallery-chosen');
  private readonly select: (row: Row) => void;
  private readonly side: () => number;
  private rows: Row[] = [];
  private shown = 0;

  /** `side`: of a patch, pixels. */
  constructor(select: (row: Row) => void, side: () => number) {
    this.select = select;
    this.side = side;
    this.title.tabIndex = -1;
    this.chosen.setAttribute('role', 'status');
    this.element = make('section', 'gallery', this.title, this.note, this.list, this.more, this.chosen);
    this.element.hidden = true;
  }

  /** Errors with the worst first; what was right with the least sure first. */
  open(cell: Cell, rows: Row[]): void {
    const falling = cell === 'fp' || cell === 'tn';
    const at = (row: Row): number => row.prediction?.probability ?? 0;
    this.rows = [...rows].sort((a, b) => (falling ? at(b) - at(a) : at(a) - at(b)));
    this.shown = 0;
    this.list.replaceChildren();
    this.chosen.replaceChildren();
    setText(this.title, text.galleryTitle(cell, rows.length));
    setText(this.note, text.galleryNote(cell));
    this.element.hidden = false;
    this.showMore();
    this.title.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: 'nearest' });
  }

  close(): void {
    this.element.hidden = true;
    this.rows = [];
    this.list.replaceChildren();
    this.chosen.replaceChildren();
  }

  private showMore(): void {
    const next = this.rows.slice(this.shown, this.shown + AT_ONCE);
    this.shown += next.length;
    this.list.append(...next.map((row) => this.item(row)));
    this.more.hidden = this.shown >= this.rows.length;
    setText(this.more, text.galleryMore(Math.min(AT_ONCE, this.rows.length - this.shown), this.rows.length - this.shown));
  }

  private item(row: Row): HTMLElement {
    const canvas = make('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    if (row.patch) drawGrey(canvas, row.patch.grey, this.side());
    const probability = row.prediction ? percent(row.prediction.probability) : strings.none;
    const select = button([canvas, make('span', 'gallery-probability', probability)], () => this.choose(row, select), 'gallery-open');
    select.setAttribute('aria-label', text.gallerySelect(row.name, probability));
    select.title = row.name;
    return make('li', '', select);
  }

  private choose(row: Row, select: HTMLButtonElement): void {
    this.select(row);
    for (const other of this.list.querySelectorAll('[aria-pressed]')) other.removeAttribute('aria-pressed');
    select.setAttribute('aria-pressed', 'true');
    const link = (see: 'why' | 'inside', words: string): HTMLAnchorElement => {
      const element = make('a', '', words);
      element.href = linkTo({ see });
      return element;
    };
    this.chosen.replaceChildren(text.gallerySelected(row.name), ' ', link('why', strings.lab.views.why), ', ', link('inside', strings.lab.views.inside), '.');
  }
}

