/** The frame of a plot: axes, ticks, labels; and where a value lies in it. */
import type { Axis } from './plot-types.ts';

export interface Frame {
  x: Axis;
  y: Axis;
  /** Edges in units of the drawing. */
  left: number;
  right: number;
  top: number;
  foot: number;
}

const EDGES = { left: 48, right: 340, top: 10, foot: 218 };

export function svg<K extends keyof SVGElementTagNameMap>(name: K, attributes: Record<string, string | number> = {}): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** What lies outside stays at the edge. */
export function position({ x, y, left, right, top, foot }: Frame, axis: 'x' | 'y', value: number): number {
  const { min, max } = axis === 'x' ? x : y;
  const share = Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  return axis === 'x' ? left + share * (right - left) : foot - share * (foot - top);
}

/** 1, 2 or 5 of some power of ten apart. */
export function ticks({ min, max, ticks: wanted = 5 }: Axis): number[] {
  const span = max - min;
  if (!(span > 0) || !Number.isFinite(span)) return [min];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const found: number[] = [];
  for (let k = Math.ceil(min / step - 1e-9); k * step <= max + step * 1e-9; k += 1) found.push(Number((k * step).toPrecision(12)));
  return found;
}

export const plain = (value: number): string => String(Number(value.toPrecision(3)));

export function frame(into: SVGGElement, x: Axis, y: Axis, diagonal: boolean): Frame {
  const within: Frame = { x, y, ...EDGES };
  const { left, right, top, foot } = within;
  const nodes: SVGElement[] = [];
  const text = (content: string, attributes: Record<string, string | number>): SVGElement => {
    const element = svg('text', attributes);
    element.textContent = content;
    return element;
  };
  for (const value of ticks(x)) {
    const at = position(within, 'x', value);
    nodes.push(svg('path', { class: 'plot-grid', d: `M${at} ${top}V${foot}` }));
    nodes.push(text((x.format ?? plain)(value), { class: 'plot-tick', x: at, y: foot + 15, 'text-anchor': 'middle' }));
  }
  for (const value of ticks(y)) {
    const at = position(within, 'y', value);
    nodes.push(svg('path', { class: 'plot-grid', d: `M${left} ${at}H${right}` }));
    nodes.push(text((y.format ?? plain)(value), { class: 'plot-tick', x: left - 6, y: at + 4, 'text-anchor': 'end' }));
  }
  if (diagonal) nodes.push(svg('path', { class: 'plot-diagonal', d: `M${left} ${foot}L${right} ${top}` }));
  nodes.push(svg('path', { class: 'plot-axis', d: `M${left} ${top}V${foot}H${right}` }));
  nodes.push(text(x.label, { class: 'plot-label', x: (left + right) / 2, y: 254, 'text-anchor': 'middle' }));
  nodes.push(text(y.label, { class: 'plot-label', x: 0, y: 0, 'text-anchor': 'middle', transform: `translate(11 ${(top + foot) / 2}) rotate(-90)` }));
  into.replaceChildren(...nodes);
  return within;
}
