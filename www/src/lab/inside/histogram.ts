/** How large the numbers of a layer are: bars, and the same as a table. */
import { make, setText } from '../../dom.ts';
import { figure, insideText as text } from '../../strings-inside.ts';
import type { Histogram } from './inside-wasm.ts';

const SVG = 'http://www.w3.org/2000/svg';
const BOX = { width: 600, height: 200, bottom: 24 };

export class HistogramPicture {
  readonly element = make('div', 'histogram');
  private readonly svg = document.createElementNS(SVG, 'svg');
  private readonly note = make('p', 'quiet');
  private readonly rows = make('tbody');

  constructor() {
    this.svg.setAttribute('viewBox', `0 0 ${BOX.width} ${BOX.height}`);
    this.svg.setAttribute('role', 'img');
    const heads = [text.histogramFrom, text.histogramTo, text.histogramCount].map((name) => {
      const cell = make('th', '', name);
      cell.scope = 'col';
      return cell;
    });
    const scroll = make('div', 'scroll terms-scroll', make('table', 'figures', make('caption', 'visually-hidden', text.histogramTable), make('thead', '', make('tr', '', ...heads)), this.rows));
    scroll.tabIndex = 0;
    scroll.setAttribute('role', 'region');
    scroll.setAttribute('aria-label', text.histogramTable);
    this.element.append(this.svg, this.note, make('details', '', make('summary', '', text.histogramTable), scroll));
  }

  show({ low, high, counts, zeros, total, mean }: Histogram, name: string): void {
    this.svg.setAttribute('aria-label', text.histogramLabel(name));
    const most = Math.max(...counts, 1);
    const [width, room] = [BOX.width / counts.length, BOX.height - BOX.bottom - 4];
    const bars = counts.map((count, i) => {
      const height = (count / most) * room;
      return rect(i * width + 1, BOX.height - BOX.bottom - height, width - 2, height, 'bar-count');
    });
    const label = (x: number, anchor: string, content: string): SVGTextElement => {
      const element = document.createElementNS(SVG, 'text');
      for (const [key, value] of Object.entries({ x, y: BOX.height - 6, 'text-anchor': anchor })) element.setAttribute(key, String(value));
      element.textContent = content;
      return element;
    };
    const marks: SVGElement[] = [rect(0, BOX.height - BOX.bottom, BOX.width, 1, 'axis'), label(0, 'start', figure(low, 2)), label(BOX.width, 'end', figure(high, 2))];
    const zero = (-low / (high - low || 1)) * BOX.width;
    if (zero > 60 && zero < BOX.width - 60) marks.push(label(zero, 'middle', '0'), rect(zero, 4, 1, BOX.height - BOX.bottom - 4, 'axis'));
    this.svg.replaceChildren(...bars, ...marks);
    setText(this.note, text.histogramNote(`${zeros} (${text.share(zeros / total)})`, total, figure(mean)));
    const step = (high - low) / counts.length;
    this.rows.replaceChildren(...counts.map((count, i) => {
      const from = make('th', '', figure(low + i * step));
      from.scope = 'row';
      return make('tr', '', from, make('td', '', figure(low + (i + 1) * step)), make('td', '', String(count)));
    }));
  }
}

function rect(x: number, y: number, width: number, height: number, name: string): SVGRectElement {
  const element = document.createElementNS(SVG, 'rect');
  for (const [key, value] of Object.entries({ x, y, width: Math.max(0, width), height: Math.max(0, height), class: name })) element.setAttribute(key, String(value));
  return element;
}
