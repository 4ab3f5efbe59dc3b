/** A map large, with a region outlined on it; where it can be moved over, pointer and arrow keys choose a number of it. */
import { make, setText, takesKeys } from '../../../ui/dom.ts';
import { insideText as text } from '../../../strings/inside.ts';
import type { Rect } from '../../../shared/wasm/inside-wasm.ts';
import { paintMap } from './colour-scales.ts';
import type { Scale } from './colour-scales.ts';

export interface OutlinedEvents {
  over(at: [number, number] | undefined): void;
  chosen(at: [number, number]): void;
}

export class Outlined {
  readonly element = make('figure', 'outlined');
  private readonly canvas = make('canvas');
  private readonly frame = make('div', 'outlined-frame');
  private readonly caption = make('figcaption');
  private columns = 1;
  private rows = 1;
  private at: [number, number] = [0, 0];
  private painted: { values: ArrayLike<number>; offset: number; scale: Scale } | undefined;

  constructor(events?: OutlinedEvents) {
    this.canvas.setAttribute('role', 'img');
    const mount = make('div', 'outlined-mount', this.canvas, this.frame);
    this.element.append(mount, this.caption);
    if (events) this.listen(events);
  }

  /** `what` says it to those who do not see it. */
  show(values: ArrayLike<number>, offset: number, [rows, columns]: [number, number], scale: Scale, what: string): void {
    this.columns = columns;
    this.rows = rows;
    this.name(what);
    const { painted } = this;
    // What follows the pointer shows the same map over and over.
    if (painted?.values === values && painted.offset === offset && painted.scale === scale && this.canvas.width === columns) return;
    paintMap(this.canvas, values, offset, columns, rows, scale);
    this.painted = { values, offset, scale };
  }

  name(what: string): void {
    if (this.canvas.getAttribute('aria-label') !== what) this.canvas.setAttribute('aria-label', what);
  }

  outline(rect: Rect): void {
    const { left, top, right, bottom } = rect;
    this.at = [left, top];
    const { style } = this.frame;
    style.setProperty('left', `${(left / this.columns) * 100}%`);
    style.setProperty('top', `${(top / this.rows) * 100}%`);
    style.setProperty('width', `${((right - left) / this.columns) * 100}%`);
    style.setProperty('height', `${((bottom - top) / this.rows) * 100}%`);
  }

  say(caption: string): void {
    setText(this.caption, caption);
  }

  forget(): void {
    this.painted = undefined;
    this.canvas.width = this.canvas.height = 0;
  }

  describedBy(id: string): void {
    this.canvas.setAttribute('aria-describedby', id);
  }

  private listen(events: OutlinedEvents): void {
    const { canvas } = this;
    takesKeys(canvas, text.mapRole);
    canvas.classList.add('live');
    const under = (event: MouseEvent): [number, number] => {
      const box = canvas.getBoundingClientRect();
      const cell = (share: number, there: number): number => Math.max(0, Math.min(there - 1, Math.floor(share * there)));
      return [cell((event.clientX - box.left) / box.width, this.columns), cell((event.clientY - box.top) / box.height, this.rows)];
    };
    canvas.addEventListener('pointermove', (event) => events.over(under(event)));
    canvas.addEventListener('pointerleave', () => events.over(undefined));
    canvas.addEventListener('click', (event) => events.chosen(under(event)));
    canvas.addEventListener('keydown', (event) => {
      const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [x, y] = [this.at[0] + (step[0] ?? 0), this.at[1] + (step[1] ?? 0)];
      if (x >= 0 && y >= 0 && x < this.columns && y < this.rows) events.chosen([x, y]);
    });
  }
}
