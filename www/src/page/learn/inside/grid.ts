/** The maps of a layer side by side on one canvas: to look at, to move over, to choose from with pointer or arrow keys. */
import { make, takesKeys } from '../../../ui/dom.ts';
import { insideText as text } from '../../../strings/inside.ts';
import type { Unit, Traced } from '../../../shared/wasm/inside-wasm.ts';
import { painted, scaleOf } from './colour-scales.ts';
import type { Scale } from './colour-scales.ts';
import { dims } from './scene.ts';

/** Canvas pixels across; CSS brings it to the place that there is. */
const WIDTH = 960;
/** Between two maps, as a share of their place. */
const GAP = 0.03;

/** CSS pixels that a map should have at least and at most, and how many stand side by side at most. */
function sizeOf(channels: number, numbers: number): { least: number; most: number; across: number } {
  if (numbers === 1) return { least: 11, most: 60, across: 32 };
  if (channels > 128) return { least: 24, most: 60, across: 16 };
  return { least: 40, most: channels === 1 ? 300 : 160, across: channels > 16 ? 8 : 4 };
}

export interface GridEvents {
  /** The pointer is over a number, or has left. */
  over?(unit: Unit | undefined): void;
  /** Clicked, tapped or moved to by key. */
  chosen(unit: Unit): void;
}

export interface GridContent {
  traced: Traced;
  layer: number;
  /** One scale for all maps; without one, each has its own. */
  scale: Scale | undefined;
  label: string;
  /** Between two of them, as a share of their place. */
  gap?: number;
}

export class MapGrid {
  readonly element = make('div', 'maps');
  private readonly canvas = make('canvas');
  private readonly mark = make('div', 'maps-mark');
  private content: GridContent | undefined;
  private unit: Unit | undefined;
  private columns = 1;
  private readonly events: GridEvents;

  constructor(events: GridEvents) {
    this.events = events;
    takesKeys(this.canvas, text.mapsRole);
    this.element.append(this.canvas, this.mark);
    this.canvas.addEventListener('pointermove', (event) => this.events.over?.(this.under(event)));
    this.canvas.addEventListener('pointerleave', () => this.events.over?.(undefined));
    this.canvas.addEventListener('click', (event) => {
      const unit = this.under(event);
      if (unit) this.events.chosen(unit);
    });
    this.canvas.addEventListener('keydown', (event) => this.press(event));
  }

  show(content: GridContent): void {
    this.content = content;
    const { traced, scale } = content;
    const [channels, rows, columns] = dims(traced.shape);
    const size = sizeOf(channels, rows * columns);
    // All the room that there is, whatever the last layer took of it.
    this.element.style.setProperty('--most', '100%');
    const room = this.element.clientWidth || WIDTH / 2;
    // Powers of two fill the last row.
    this.columns = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(channels, room / size.least, size.across))));
    const across = Math.min(channels, this.columns);
    const lines = Math.ceil(channels / this.columns);
    const cell = WIDTH / this.columns;
    const tall = cell * (rows / columns);
    this.canvas.width = Math.round(across * cell);
    this.canvas.height = Math.round(lines * tall);
    this.element.style.setProperty('--most', `${Math.min(room, across * size.most)}px`);
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.imageSmoothingEnabled = false;
    const gap = cell * this.gap;
    const single = document.createElement('canvas');
    single.width = columns;
    single.height = rows;
    const pen = single.getContext('2d');
    for (let channel = 0; channel < channels; channel += 1) {
      const offset = channel * rows * columns;
      const own = scale ?? scaleOf(traced.values.subarray(offset, offset + rows * columns));
      pen?.putImageData(painted(traced.values, offset, columns, rows, own), 0, 0);
      const [left, top] = [(channel % this.columns) * cell, Math.floor(channel / this.columns) * tall];
      context.drawImage(single, left, top, cell - gap, tall - Math.min(gap, tall / 2));
    }
    this.label();
    this.marked();
  }

  /** Frames the chosen map. */
  choose(unit: Unit): void {
    const moved = this.unit?.channel !== unit.channel;
    this.unit = unit;
    this.label();
    if (moved) this.marked();
  }

  forget(): void {
    this.content = undefined;
    this.canvas.width = this.canvas.height = 0;
  }

  private get gap(): number {
    return this.content?.gap ?? GAP;
  }

  private label(): void {
    if (!this.content) return;
    const [channels] = dims(this.content.traced.shape);
    this.canvas.setAttribute('aria-label', text.gridLabel(this.content.label, channels, this.unit?.channel ?? 0));
  }

  private marked(): void {
    if (!this.content || !this.unit) return;
    const [channels] = dims(this.content.traced.shape);
    const across = Math.min(channels, this.columns);
    const lines = Math.ceil(channels / this.columns);
    const { channel } = this.unit;
    const { style } = this.mark;
    style.setProperty('left', `${((channel % this.columns) / across) * 100}%`);
    style.setProperty('top', `${(Math.floor(channel / this.columns) / lines) * 100}%`);
    style.setProperty('width', `${(100 * (1 - this.gap)) / across}%`);
    style.setProperty('height', `${(100 * (1 - this.gap)) / lines}%`);
  }

  private under(event: MouseEvent): Unit | undefined {
    if (!this.content) return undefined;
    const { traced, layer } = this.content;
    const [channels, rows, columns] = dims(traced.shape);
    const box = this.canvas.getBoundingClientRect();
    const across = Math.min(channels, this.columns);
    const lines = Math.ceil(channels / this.columns);
    const [u, v] = [((event.clientX - box.left) / box.width) * across, ((event.clientY - box.top) / box.height) * lines];
    const channel = Math.floor(v) * this.columns + Math.floor(u);
    if (u < 0 || v < 0 || u >= across || channel >= channels) return undefined;
    const [x, y] = [Math.floor(((u % 1) / (1 - this.gap)) * columns), Math.floor(((v % 1) / (1 - this.gap)) * rows)];
    return x < columns && y < rows ? { layer, channel, y, x } : undefined;
  }

  /** Arrow keys go from map to map. */
  private press(event: KeyboardEvent): void {
    if (!this.content || !this.unit) return;
    const [channels] = dims(this.content.traced.shape);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns, Home: -this.unit.channel, End: channels - 1 - this.unit.channel }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const channel = this.unit.channel + step;
    if (channel >= 0 && channel < channels) this.events.chosen({ ...this.unit, channel });
  }
}
