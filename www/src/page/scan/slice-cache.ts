/**
 * Slices on their way from the loader to the screen: a cache bounded in bytes, and one request at a time, always for
 * what is wanted now. Whoever scrolls fast gets the slice where the wheel stands, not all those in between.
 */
import type { Hu, Plane } from '../../shared/wasm/loader-wasm.ts';

/** Enough for a hundred slices of 512 x 512 in 16 bits; the volume itself stays in the loader. */
const CACHE_BYTES = 64 * 1024 * 1024;
/** Slices fetched ahead in the direction of scrolling, and one behind. */
const AHEAD = 6;

const keyOf = (plane: Plane, index: number): string => `${plane}/${index}`;

export class SliceCache {
  private readonly kept = new Map<string, Hu>();
  /** Why a slice cannot be shown. */
  private readonly refused = new Map<string, string>();
  private bytes = 0;
  private wanted: { plane: Plane; index: number }[] = [];
  private asking = false;
  private last = { plane: '' as Plane | '', index: 0, step: 1 };
  private closed = false;
  private readonly fetch: (plane: Plane, index: number) => Promise<Hu>;
  private readonly arrived: () => void;
  private readonly failed: (error: unknown) => void;

  constructor(fetch: (plane: Plane, index: number) => Promise<Hu>, arrived: () => void, failed: (error: unknown) => void) {
    this.fetch = fetch;
    this.arrived = arrived;
    this.failed = failed;
  }

  /** The slice, where it is at hand. */
  get(plane: Plane, index: number): Hu | undefined {
    const key = keyOf(plane, index);
    const hu = this.kept.get(key);
    if (hu) {
      // The map keeps the order of insertion: what was used last goes last.
      this.kept.delete(key);
      this.kept.set(key, hu);
    }
    return hu;
  }

  /** Why there is none and will be none; undefined where it is there or on its way. */
  problem(plane: Plane, index: number): string | undefined {
    return this.refused.get(keyOf(plane, index));
  }

  /** Asks for a slice and then for its neighbours; what was wanted before and is not there yet is forgotten. */
  want(plane: Plane, index: number, count: number): void {
    const moved = this.last.plane === plane ? Math.sign(index - this.last.index) : 0;
    const step = moved || this.last.step;
    this.last = { plane, index, step };
    const indices = [index, ...Array.from({ length: AHEAD }, (_, i) => index + step * (i + 1)), index - step];
    const open = (i: number): boolean => i >= 0 && i < count && !this.kept.has(keyOf(plane, i)) && !this.refused.has(keyOf(plane, i));
    this.wanted = indices.filter(open).map((i) => ({ plane, index: i }));
    void this.pursue();
  }

  close(): void {
    this.closed = true;
    this.wanted = [];
    this.kept.clear();
    this.refused.clear();
    this.bytes = 0;
  }

  private async pursue(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    for (let next = this.wanted.shift(); next; next = this.wanted.shift()) {
      const { plane, index } = next;
      const key = keyOf(plane, index);
      // Asked for once more with every frame, one that cannot be read would stop its loader for ever.
      if (this.kept.has(key) || this.refused.has(key)) continue;
      try {
        const hu = await this.fetch(plane, index);
        if (this.closed) break;
        this.keep(key, hu);
        this.arrived();
      } catch (error) {
        if (this.closed) break;
        this.refused.set(key, error instanceof Error ? error.message : String(error));
        this.failed(error);
      }
    }
    this.asking = false;
  }

  private keep(key: string, hu: Hu): void {
    this.kept.set(key, hu);
    this.bytes += hu.byteLength;
    for (const [oldest, old] of this.kept) {
      if (this.bytes <= CACHE_BYTES || oldest === key) break;
      this.kept.delete(oldest);
      this.bytes -= old.byteLength;
    }
  }
}
