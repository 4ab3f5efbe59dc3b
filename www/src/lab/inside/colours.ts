/** Colour maps that the colour-blind can read: viridis for sizes, blue to orange through white for signed numbers, grey for pictures. */

export type Palette = 'size' | 'signed' | 'grey';

/** Numbers and the colours that they get. */
export interface Scale {
  palette: Palette;
  low: number;
  high: number;
}

type Rgb = [number, number, number];

const STOPS: Record<Palette, Rgb[]> = {
  size: [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]],
  signed: [[13, 71, 135], [67, 132, 190], [158, 196, 224], [246, 246, 246], [248, 190, 134], [226, 122, 38], [150, 66, 4]],
  grey: [[0, 0, 0], [255, 255, 255]],
};
const STEPS = 256;

function table(stops: Rgb[]): Uint8Array {
  const colours = new Uint8Array(STEPS * 3);
  for (let step = 0; step < STEPS; step += 1) {
    const place = (step / (STEPS - 1)) * (stops.length - 1);
    const i = Math.min(Math.floor(place), stops.length - 2);
    for (let part = 0; part < 3; part += 1) {
      const from = stops[i]?.[part] ?? 0;
      const to = stops[i + 1]?.[part] ?? 0;
      colours[step * 3 + part] = Math.round(from + (to - from) * (place - i));
    }
  }
  return colours;
}

const TABLES: Record<Palette, Uint8Array> = { size: table(STOPS.size), signed: table(STOPS.signed), grey: table(STOPS.grey) };

/** A scale for all of these numbers: signed and even around zero where some are below it. */
export function scaleOf(values: ArrayLike<number>, picture = false): Scale {
  if (picture) return { palette: 'grey', low: 0, high: 1 };
  let low = 0;
  let high = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low >= 0) return { palette: 'size', low: 0, high };
  return evenly(Math.max(-low, high));
}

/** From blue at minus that number through white to orange. */
export const evenly = (largest: number): Scale => ({ palette: 'signed', low: -largest, high: largest });

/** One number a pixel, row-major, from `offset` on. */
export function painted(values: ArrayLike<number>, offset: number, columns: number, rows: number, { palette, low, high }: Scale): ImageData {
  const image = new ImageData(columns, rows);
  const colours = TABLES[palette];
  const span = high - low || 1;
  for (let pixel = 0; pixel < columns * rows; pixel += 1) {
    const share = ((values[offset + pixel] ?? 0) - low) / span;
    const step = Math.max(0, Math.min(STEPS - 1, Math.round(share * (STEPS - 1)))) * 3;
    image.data[pixel * 4] = colours[step] ?? 0;
    image.data[pixel * 4 + 1] = colours[step + 1] ?? 0;
    image.data[pixel * 4 + 2] = colours[step + 2] ?? 0;
    image.data[pixel * 4 + 3] = 255;
  }
  return image;
}

/** The map alone on a canvas, a canvas pixel a number; CSS enlarges it without smoothing. */
export function paint(canvas: HTMLCanvasElement, values: ArrayLike<number>, offset: number, columns: number, rows: number, scale: Scale): void {
  canvas.width = columns;
  canvas.height = rows;
  canvas.getContext('2d')?.putImageData(painted(values, offset, columns, rows, scale), 0, 0);
}

/** A bar of the colours from low to high. */
export function paintBar(canvas: HTMLCanvasElement, scale: Scale): void {
  const values = Float32Array.from({ length: STEPS }, (_, i) => scale.low + (i / (STEPS - 1)) * (scale.high - scale.low || 1));
  paint(canvas, values, 0, STEPS, 1, scale.high === scale.low ? { ...scale, high: scale.low + 1 } : scale);
}
