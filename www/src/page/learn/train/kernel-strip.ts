/** The first layer's kernels as pictures: as they began, and as they are now. */
import { make } from '../../../ui/dom.ts';
import { strings } from '../../../strings/strings.ts';
import { paint, signed } from '../../../ui/colours.ts';
import type { Kernels } from '../../../shared/lab/train-tasks.ts';

const text = strings.train;

/** What a kernel of nothing looks like. */
const GROUND = 235;

export class KernelStrip {
  readonly element: HTMLElement;
  private readonly began = strip();
  private readonly now = strip();

  constructor() {
    this.element = make('section', 'kernels', make('h4', '', text.filters), make('p', 'quiet', text.filtersNote), this.began, this.now);
    this.element.hidden = true;
  }

  begin(kernels: Kernels): void {
    this.element.hidden = false;
    draw(this.began, kernels, false);
    draw(this.now, kernels, true);
  }

  draw(kernels: Kernels): void {
    draw(this.now, kernels, true);
  }

  forget(): void {
    this.element.hidden = true;
  }
}

function strip(): HTMLElement {
  const element = make('div', 'kernel-strip');
  element.setAttribute('role', 'img');
  return element;
}

function draw(into: HTMLElement, { values, count }: Kernels, now: boolean): void {
  const size = values.length / count;
  const side = Math.sqrt(size);
  while (into.childElementCount < count) into.append(make('canvas'));
  while (into.childElementCount > count) into.lastElementChild?.remove();
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  [...into.querySelectorAll('canvas')].forEach((canvas, at) => {
    paint(canvas, side, [...values.subarray(at * size, (at + 1) * size)].map((value) => signed(value / largest, GROUND)));
  });
  into.setAttribute('aria-label', text.filtersLabel(count, now));
}
