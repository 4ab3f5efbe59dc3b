/** How large the numbers of a layer are. */
import { make, setText } from '../../../ui/dom.ts';
import { count } from '../../../ui/numbers.ts';
import { figure, insideText as text } from '../../../strings/inside.ts';
import { Plot } from '../../../ui/plot/plot.ts';
import type { Histogram } from '../../../shared/wasm/inside-wasm.ts';

export class HistogramPicture {
  readonly element = make('div', 'histogram');
  private readonly plot = new Plot({
    title: text.histogramPlot,
    x: { label: text.histogramValue, min: 0, max: 1, format: (value) => figure(value, 2) },
    y: { label: text.histogramCount, min: 0, max: 1 },
  });
  private readonly note = make('p', 'quiet');

  constructor() {
    this.element.append(this.plot.element, this.note);
  }

  show({ low, high, counts, zeros, total, mean }: Histogram, name: string): void {
    const width = (high - low || 1) / counts.length;
    const points = counts.map((many, i) => [low + (i + 0.5) * width, many] as const);
    const note = text.histogramNote(`${count(zeros)} (${text.share(zeros / total)})`, total, figure(mean));
    this.plot.draw({
      series: [{ name, kind: 'bars', points, width: width * 0.9 }],
      x: { min: low, max: low + width * counts.length },
      y: { max: Math.max(...counts, 1) },
      summary: note,
    });
    setText(this.note, note);
  }
}
