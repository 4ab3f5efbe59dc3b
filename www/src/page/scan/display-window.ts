/** Display windows and the table by which HU become greys. Display only: what the network sees is the crate's business. */
import type { Hu } from '../../shared/wasm/loader-wasm.ts';

/** Level and width as a radiologist says them, in HU. */
export interface DisplayWindow {
  center: number;
  width: number;
}

export type PresetId = 'lung' | 'mediastinum' | 'bone' | 'model';

/** The usual presets; the model's own comes from the wasm. */
export const PRESETS: Record<Exclude<PresetId, 'model'>, DisplayWindow> = {
  lung: { center: -600, width: 1500 },
  mediastinum: { center: 40, width: 400 },
  bone: { center: 500, width: 2000 },
};

const OFFSET = 32768;

/** Opaque greys of every 16-bit HU, as the bytes of a canvas on a little-endian machine; browsers run on no other. */
export class GreyTable {
  private readonly table = new Uint32Array(2 * OFFSET);
  private of: DisplayWindow = { center: NaN, width: NaN };

  set(window: DisplayWindow): void {
    if (window.center === this.of.center && window.width === this.of.width) return;
    this.of = { ...window };
    const low = window.center - window.width / 2;
    for (let i = 0; i < this.table.length; i += 1) {
      const grey = Math.max(0, Math.min(255, Math.round(((i - OFFSET - low) / window.width) * 255)));
      this.table[i] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
    }
  }

  /** Greys of a slice into the pixels of an image of the same size. */
  paint(hu: Hu, pixels: Uint32Array): void {
    const { table } = this;
    for (let i = 0; i < pixels.length; i += 1) {
      // Fractions of a HU are not to be seen; a Float32Array may hold more than 16 bits do.
      const value = Math.max(-OFFSET, Math.min(OFFSET - 1, Math.round(hu[i] ?? -OFFSET)));
      pixels[i] = table[value + OFFSET] ?? 0;
    }
  }
}
