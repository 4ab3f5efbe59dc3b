/**
 * Small plots in SVG: lines, steps, points, bars, bands, guides. Behind each stands a table with its numbers, made only when it
 * is opened. Redrawing changes what has changed, so a plot follows a slider.
 *
 *     const plot = new Plot({ title: 'ROC', x: { label: 'False alarms', min: 0, max: 1, format: percent }, y: { label: 'Found', min: 0, max: 1 } });
 *     view.append(plot.element);
 *     plot.draw({ series: [{ name: 'All thresholds', points: [[0, 0], [0.1, 0.8], [1, 1]] }], guides: [{ axis: 'x', at: 0.1, label: 'now' }] });
 *
 * An axis may change with a drawing (`x: { max: 20 }`): a curve that grows. Points keep their array while they are the same:
 * a new array is what says that a series has changed.
 */
import { make, setText } from '../dom.ts';
import { plotText } from '../../strings/plot.ts';
import { drawTables } from './plot-table.ts';
import { frame, position, svg } from './plot-frame.ts';
import type { Frame } from './plot-frame.ts';
import type { Axis, Drawing, Guide, PlotOptions, Point, Series } from './plot-types.ts';

const SMALL = 4;

export class Plot {
  /** A figure, to be put anywhere. */
  readonly element: HTMLElement;
  private readonly options: PlotOptions;
  private readonly canvas = svg('svg', { class: 'plot-canvas', role: 'img', viewBox: '0 0 360 264' });
  private readonly frameGroup = svg('g', { 'aria-hidden': 'true' });
  private readonly seriesGroup = svg('g', { 'aria-hidden': 'true' });
  private readonly guideGroup = svg('g', { 'aria-hidden': 'true' });
  private readonly legend = make('ul', 'plot-legend');
  private readonly numbers = make('details', 'plot-numbers');
  private readonly tables = make('div', 'plot-tables');
  private drawn: (Series & { node: SVGElement })[] = [];
  private frame: Frame | undefined;
  private last: Drawing = { series: [] };
  private tableOf: readonly (readonly Point[])[] = [];

  constructor(options: PlotOptions) {
    this.options = options;
    this.canvas.append(this.frameGroup, this.seriesGroup, this.guideGroup);
    this.numbers.append(make('summary', '', plotText.numbers, make('span', 'visually-hidden', `: ${options.title}`)), this.tables);
    this.numbers.addEventListener('toggle', () => this.drawTable());
    const caption = make('figcaption', '', make('span', 'plot-title', options.title));
    if (options.note) caption.append(make('span', 'quiet', options.note));
    this.element = make('figure', 'plot', caption, this.canvas, this.legend, this.numbers);
    this.draw(this.last);
  }

  draw(drawing: Drawing): void {
    this.last = drawing;
    const x = { ...this.options.x, ...drawing.x };
    const y = { ...this.options.y, ...drawing.y };
    if (!this.frame || !same(this.frame.x, x) || !same(this.frame.y, y)) {
      this.frame = frame(this.frameGroup, x, y, this.options.diagonal !== undefined);
      this.drawn = [];
      this.seriesGroup.replaceChildren();
    }
    this.drawSeries(drawing.series, this.frame);
    this.guideGroup.replaceChildren(...(drawing.guides ?? []).flatMap((guide) => guideNodes(guide, this.frame as Frame)));
    const label = [this.options.title, drawing.summary].filter(Boolean).join('. ');
    if (this.canvas.getAttribute('aria-label') !== label) this.canvas.setAttribute('aria-label', label);
    this.drawTable();
  }

  private drawSeries(series: readonly Series[], within: Frame): void {
    const changed = series.length !== this.drawn.length || series.some(({ name, kind, tone }, at) => {
      const before = this.drawn[at];
      return before?.name !== name || before.kind !== kind || before.tone !== tone;
    });
    if (changed) {
      this.drawn = [];
      this.seriesGroup.replaceChildren();
      this.drawLegend(series);
    }
    series.forEach((each, at) => {
      const before = this.drawn[at];
      if (before && before.points === each.points && before.ranges === each.ranges && before.weights === each.weights) return;
      const node = before?.node ?? svg('g', { class: `plot-series plot-tone-${toneOf(each, at)} plot-${each.kind ?? 'line'}` });
      node.replaceChildren(...shapes(each, toneOf(each, at), within));
      if (!before) this.seriesGroup.append(node);
      this.drawn[at] = { ...each, node };
    });
  }

  /** Needless where there is one series and no diagonal to tell it from. */
  private drawLegend(series: readonly Series[]): void {
    const entries = series.map((each, at) => ({ each, at })).filter(({ each }) => !each.silent);
    const { diagonal } = this.options;
    this.legend.hidden = entries.length < 2 && diagonal === undefined;
    this.legend.replaceChildren(...entries.map(({ each, at }) => {
      const tone = toneOf(each, at);
      const swatch = svg('svg', { class: `plot-swatch plot-series plot-tone-${tone} plot-${each.kind ?? 'line'}`, viewBox: '0 0 28 12', 'aria-hidden': 'true' });
      const kind = each.kind ?? 'line';
      if (kind === 'points') swatch.append(marker(tone, 14, 6, SMALL));
      else if (kind === 'bars' || kind === 'band') swatch.append(svg('rect', { x: 4, y: 1, width: 20, height: 10 }));
      else swatch.append(svg('path', { d: 'M1 6H27' }));
      return make('li', '', swatch, each.name);
    }), ...(diagonal === undefined ? [] : [make('li', '', diagonalSwatch(), diagonal)]));
  }

  private drawTable(): void {
    if (!this.numbers.open) {
      this.tableOf = [];
      return;
    }
    const series = this.last.series.filter(({ silent }) => !silent);
    const points = series.map((each) => each.points);
    if (points.length === this.tableOf.length && points.every((each, at) => each === this.tableOf[at])) return;
    this.tableOf = points;
    drawTables(this.tables, this.options.title, series, { ...this.options.x, ...this.last.x }, { ...this.options.y, ...this.last.y });
  }

  /** Another name, as with another network. */
  retitle(title: string): void {
    this.options.title = title;
    const shown = this.element.querySelector<HTMLElement>('.plot-title');
    if (shown) setText(shown, title);
    this.draw(this.last);
  }
}

const same = (a: Axis, b: Axis): boolean => a.min === b.min && a.max === b.max && a.label === b.label && a.ticks === b.ticks;
const toneOf = ({ tone }: Series, at: number): number => tone ?? (at % 4) + 1;

function diagonalSwatch(): SVGElement {
  const swatch = svg('svg', { class: 'plot-swatch', viewBox: '0 0 28 12', 'aria-hidden': 'true' });
  swatch.append(svg('path', { class: 'plot-diagonal', d: 'M1 6H27' }));
  return swatch;
}

function shapes(series: Series, tone: number, within: Frame): SVGElement[] {
  const { points, kind = 'line', ranges, width = 1, weights } = series;
  const at = (x: number, y: number): string => `${position(within, 'x', x).toFixed(1)} ${position(within, 'y', y).toFixed(1)}`;
  switch (kind) {
    case 'line':
      return points.length === 0 ? [] : [svg('path', { d: `M${points.map(([x, y]) => at(x, y)).join('L')}` })];
    case 'steps':
      return points.length === 0 ? [] : [svg('path', { d: `M${points.map(([x, y], i) => (i === 0 ? at(x, y) : `${at(x, points[i - 1]?.[1] ?? y)}L${at(x, y)}`)).join('L')}` })];
    case 'band': {
      if (!ranges?.length) return [];
      const upper = points.map(([x], i) => at(x, ranges[i]?.[1] ?? 0));
      const lower = points.map(([x], i) => at(x, ranges[i]?.[0] ?? 0)).reverse();
      return [svg('path', { d: `M${[...upper, ...lower].join('L')}Z` })];
    }
    case 'bars':
      return points.map(([x, y]) => {
        const [left, right] = [position(within, 'x', x - width / 2), position(within, 'x', x + width / 2)];
        const [top, foot] = [position(within, 'y', y), position(within, 'y', Math.max(0, within.y.min))];
        return svg('rect', { x: left.toFixed(1), y: top.toFixed(1), width: Math.max(0.5, right - left - 1).toFixed(1), height: Math.max(0, foot - top).toFixed(1) });
      });
    case 'points': {
      const heaviest = Math.max(1, ...(weights ?? []));
      return points.flatMap(([x, y], i) => {
        const range = ranges?.[i];
        const size = weights ? SMALL * (0.6 + 0.9 * Math.sqrt((weights[i] ?? 0) / heaviest)) : SMALL;
        const whisker = range ? [svg('path', { class: 'plot-whisker', d: `M${at(x, range[0])}L${at(x, range[1])}` })] : [];
        return [...whisker, marker(tone, position(within, 'x', x), position(within, 'y', y), size)];
      });
    }
  }
}

/** Circle, square, triangle, diamond: told apart without colour. */
function marker(tone: number, x: number, y: number, size: number): SVGElement {
  const d = [
    `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`,
    `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}Z`,
    `M${x} ${y - size * 1.2}l${size * 1.2} ${size * 2.1}h${-size * 2.4}Z`,
    `M${x} ${y - size * 1.4}l${size * 1.4} ${size * 1.4}l${-size * 1.4} ${size * 1.4}l${-size * 1.4} ${-size * 1.4}Z`,
  ][tone - 1] ?? '';
  return svg('path', { class: 'plot-marker', d });
}

function guideNodes({ axis, at, label }: Guide, within: Frame): SVGElement[] {
  const where = position(within, axis, at);
  const { left, right, top, foot } = within;
  const line = svg('path', { class: 'plot-guide', d: axis === 'x' ? `M${where} ${top}V${foot}` : `M${left} ${where}H${right}` });
  if (!label) return [line];
  const nearEnd = axis === 'x' && where > (left + right) / 2;
  const text = axis === 'x'
    ? svg('text', { class: 'plot-guide-label', x: where + (nearEnd ? -4 : 4), y: top + 10, 'text-anchor': nearEnd ? 'end' : 'start' })
    : svg('text', { class: 'plot-guide-label', x: right - 4, y: where < top + 14 ? where + 12 : where - 4, 'text-anchor': 'end' });
  text.textContent = label;
  return [line, text];
}
