/** What each input channel adds to a number: bars up and down from zero, and the same as a table. */
import { headRow, row, scrollRegion } from '../../../ui/tables.ts';
import { make, setText } from '../../../ui/dom.ts';
import { figure, insideText as text } from '../../../strings/inside.ts';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 56;

export class Totals {
  readonly element = make('div', 'totals');
  private readonly svg = document.createElementNS(SVG, 'svg');
  private readonly rows = make('tbody');
  private readonly details = make('details', '', make('summary', '', text.totalsTable));
  private bars: SVGRectElement[] = [];
  private shown: number[] = [];

  constructor(choose: (channel: number) => void) {
    this.svg.setAttribute('role', 'img');
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.svg.addEventListener('click', (event) => {
      const box = this.svg.getBoundingClientRect();
      const channel = Math.floor(((event.clientX - box.left) / box.width) * this.bars.length);
      if (channel >= 0 && channel < this.bars.length) choose(channel);
    });
    const table = make('table', 'figures', make('caption', 'visually-hidden', text.totals), headRow(text.inputChannel, text.sum), this.rows);
    this.details.append(scrollRegion(table, text.totals, 'scroll terms-scroll'));
    this.details.addEventListener('toggle', () => this.table());
    this.element.append(make('p', 'small-title', text.totals), this.svg, this.details);
  }

  show(totals: number[], chosen: number): void {
    this.shown = totals;
    if (this.bars.length !== totals.length) {
      this.svg.setAttribute('viewBox', `0 0 ${totals.length} ${HEIGHT}`);
      this.bars = totals.map((_, i) => {
        const bar = document.createElementNS(SVG, 'rect');
        bar.setAttribute('x', String(i + 0.1));
        bar.setAttribute('width', '0.8');
        return bar;
      });
      const zero = document.createElementNS(SVG, 'rect');
      for (const [name, value] of Object.entries({ x: 0, y: HEIGHT / 2 - 0.5, width: totals.length, height: 1, class: 'zero' })) zero.setAttribute(name, String(value));
      this.svg.replaceChildren(...this.bars, zero);
    }
    const largest = totals.reduce((most, total) => Math.max(most, Math.abs(total)), 0) || 1;
    for (const [i, bar] of this.bars.entries()) {
      const total = totals[i] ?? 0;
      const height = (Math.abs(total) / largest) * (HEIGHT / 2 - 2);
      bar.setAttribute('y', String(total < 0 ? HEIGHT / 2 : HEIGHT / 2 - height));
      bar.setAttribute('height', String(Math.max(height, 0.5)));
      bar.setAttribute('class', `${total < 0 ? 'takes' : 'adds'}${i === chosen ? ' chosen' : ''}`);
    }
    this.svg.setAttribute('aria-label', `${text.totals}: ${text.channelNumber(chosen, figure(totals[chosen] ?? NaN))}`);
    this.table();
  }

  /** Only while it is open: it changes with every movement of the pointer. */
  private table(): void {
    if (!this.details.open) return;
    while (this.rows.childElementCount > this.shown.length) this.rows.lastElementChild?.remove();
    while (this.rows.childElementCount < this.shown.length) {
      this.rows.append(row(String(this.rows.childElementCount), ''));
    }
    for (const [i, total] of this.shown.entries()) setText(this.rows.children[i]?.children[1] as HTMLElement, figure(total));
  }
}
