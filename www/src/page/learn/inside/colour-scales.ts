/** Maps as pictures: the page's colours for numbers, and grey for patches. */
import { plain, signed } from '../../../ui/colours.ts';

export type Palette = 'size' | 'signed' | 'grey';

/** Numbers and the colours that they get. */
export interface Scale {
  palette: Palette;
  low: number;
  high: number;
}

/** Of a patch. */
export const PICTURE: Scale = { palette: 'grey', low: 0, high: 1 };

const STEPS = 256;
/** Under signed numbers: zero is nearly white. */
const GROUND = 245;

function table(colour: (share: number) => readonly number[]): Uint8Array {
  return Uint8Array.from({ length: STEPS * 3 }, (_, i) => Math.round(colour(Math.floor(i / 3) / (STEPS - 1))[i % 3] ?? 0));
}

const TABLES: Record<Palette, Uint8Array> = {
  size: table(plain),
  signed: table((share) => signed(share * 2 - 1, GROUND)),
  grey: table((share) => [share * 255, share * 255, share * 255]),
};

/** A scale for all of these numbers: signed and even around zero where some are below it. */
export function scaleOf(values: ArrayLike<number>, picture = false): Scale {
  if (picture) return PICTURE;
  let low = 0;
  let high = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low < 0 ? evenly(Math.max(-low, high)) : { palette: 'size', low: 0, high };
}

const known = new WeakMap<Float32Array, Scale>();

/** The same, remembered: a layer's numbers do not change. */
export function scaleOfLayer(values: Float32Array, picture: boolean): Scale {
  const scale = known.get(values) ?? scaleOf(values, picture);
  known.set(values, scale);
  return scale;
}

/** From blue at minus that number through white to orange. */
export const evenly = (largest: number): Scale => ({ palette: 'signed', low: -largest, high: largest });

/** One number a pixel, row-major, from `offset` on. What is no number stays clear. */
export function painted(values: ArrayLike<number>, offset: number, columns: number, rows: number, { palette, low, high }: Scale): ImageData {
  const image = new ImageData(columns, rows);
  const colours = TABLES[palette];
  const span = high - low || 1;
  for (let pixel = 0; pixel < columns * rows; pixel += 1) {
    const share = ((values[offset + pixel] ?? 0) - low) / span;
    if (Number.isNaN(share)) continue;
    const step = Math.max(0, Math.min(STEPS - 1, Math.round(share * (STEPS - 1)))) * 3;
    for (let part = 0; part < 3; part += 1) image.data[pixel * 4 + part] = colours[step + part] ?? 0;
    image.data[pixel * 4 + 3] = 255;
  }
  return image;
}

/** The map alone on a canvas, a canvas pixel a number; CSS enlarges it without smoothing. */
export function paintMap(canvas: HTMLCanvasElement, values: ArrayLike<number>, offset: number, columns: number, rows: number, scale: Scale): void {
  canvas.width = columns;
  canvas.height = rows;
  canvas.getContext('2d')?.putImageData(painted(values, offset, columns, rows, scale), 0, 0);
}

/** A bar of the colours from low to high. */
export function paintBar(canvas: HTMLCanvasElement, scale: Scale): void {
  const span = scale.high - scale.low || 1;
  const values = Float32Array.from({ length: STEPS }, (_, i) => scale.low + (i / (STEPS - 1)) * span);
  paintMap(canvas, values, 0, STEPS, 1, { ...scale, high: scale.low + span });
}
