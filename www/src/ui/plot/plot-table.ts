/** The numbers behind a plot as tables. */
import { headRow, row, scrollRegion } from '../tables.ts';
import { make } from '../dom.ts';
import { plotText } from '../../strings/plot.ts';
import { plain } from './plot-frame.ts';
import type { Axis, Series } from './plot-types.ts';

/** More rows than anybody reads; of longer series every so many is shown, the last one always. */
const MOST_ROWS = 250;

export function drawTables(into: HTMLElement, title: string, series: readonly Series[], x: Axis, y: Axis): void {
  const write = { x: precise(x), y: precise(y) };
  const [first] = series;
  // The same places: one table with a column a series.
  const together = first !== undefined && series.length > 1 && series.every(({ points }) => points.length === first.points.length && points.every(([at], i) => at === first.points[i]?.[0]));
  const tables = together
    ? [table(title, [x.label, ...series.map(({ name }) => name)], rowsOf(first.points.map(([at], i) => [write.x(at), ...series.map((each) => cell(each, i, write.y))])))]
    : series.map((each) => table(series.length > 1 ? `${title}: ${each.name}` : title, [x.label, y.label], rowsOf(each.points.map(([at], i) => [write.x(at), cell(each, i, write.y)]))));
  into.replaceChildren(...tables.map(({ element, caption: label }) => scrollRegion(element, label)), ...(series.some(({ points }) => points.length > MOST_ROWS) ? [make('p', 'quiet', plotText.shortened(MOST_ROWS))] : []));
}

function cell({ points, ranges, kind, weights }: Series, i: number, write: (value: number) => string): string {
  const range = ranges?.[i];
  const value = kind === 'band' ? '' : write(points[i]?.[1] ?? NaN);
  const weight = weights?.[i];
  return [value, range ? plotText.range(write(range[0]), write(range[1])) : '', weight === undefined ? '' : plotText.weight(weight)].filter(Boolean).join(' ');
}

/** With one digit more than the ticks have. */
function precise({ format }: Axis): (value: number) => string {
  return (value) => (!Number.isFinite(value) ? '–' : format ? (Number.isInteger(value) && Math.abs(value) > 1 ? format(value) : String(Number(value.toPrecision(4)))) : plain(value));
}

function rowsOf(rows: string[][]): string[][] {
  const every = Math.max(1, Math.ceil(rows.length / MOST_ROWS));
  return rows.filter((_, i) => i % every === 0 || i === rows.length - 1);
}

function table(caption: string, heads: string[], rows: string[][]): { element: HTMLElement; caption: string } {
  const body = make('tbody', '', ...rows.map(([first = '', ...others]) => row(first, ...others)));
  return { element: make('table', 'figures', make('caption', 'visually-hidden', caption), headRow(...heads), body), caption };
}
