/**
 * The search of a slice or of the whole volume: slices from the loader, heat maps and peaks from the engine, findings from
 * both. It keeps what was found until the scan is closed or the network changes.
 */
import { WorkerDied } from '../../shared/channel/worker-errors.ts';
import type { EngineWorker } from '../engines/engine-client.ts';
import type { Engines } from '../engines/engines.ts';
import type { SearchedSlice } from '../../shared/engine-messages.ts';
import { strings } from '../../strings/strings.ts';
import type { Finding, HeatMap, ModelInfo, Peak, SliceIn } from '../../shared/wasm/engine-wasm.ts';
import type { OpenScan } from './open-scan.ts';

/** After so many slices on WebGPU it is asked the known inputs again, and at the end of a search. */
const SLICES_UNVERIFIED = 16;

/** A click must not wait long behind the gauging. */
const GAUGE_MILLISECONDS = 800;

export interface Progress {
  what: 'slice' | 'volume';
  done: number;
  total: number;
  /** Milliseconds, from what the slices so far took. */
  left: number | undefined;
}

export interface Outcome {
  what: 'slice' | 'volume';
  /** Of a search of one slice, which. */
  index: number;
  findings: Finding[];
  milliseconds: number;
  whole: boolean;
  /** How many were looked at. */
  slices: number;
  lungsOnly: boolean;
  notes: string[];
  model: ModelInfo;
  engine: string;
}

export class Search {
  /** By acquired slice. */
  readonly maps = new Map<number, HeatMap>();
  readonly lungs = new Map<number, Uint8Array<ArrayBuffer>>();
  /** Highest probability a slice; undefined where it was not searched, NaN where there is no lung. */
  alongZ: (number | undefined)[];
  progress: Progress | undefined;
  outcome: Outcome | undefined;
  /** Milliseconds a slice, the last one whole; for the estimate. */
  perSlice: number | undefined;
  private readonly peaks = new Map<number, Peak[]>();
  private cancelling: AbortController | undefined;
  private readonly engines: Engines;
  readonly scan: OpenScan;
  private readonly changed: () => void;

  constructor(engines: Engines, scan: OpenScan, changed: () => void) {
    this.engines = engines;
    this.scan = scan;
    this.changed = changed;
    this.alongZ = new Array<number | undefined>(scan.depth).fill(undefined);
  }

  get running(): boolean {
    return this.cancelling !== undefined;
  }

  /** Ends what runs; what was found so far is kept. */
  cancel(): void {
    this.cancelling?.abort();
  }

  /** Another network: what this one found is not that one's. */
  forget(): void {
    this.cancel();
    // What runs is not waited for: whatever it still brings is by the other network, and dropped.
    this.cancelling = undefined;
    this.progress = undefined;
    this.maps.clear();
    this.peaks.clear();
    this.alongZ.fill(undefined);
    this.outcome = undefined;
    this.perSlice = undefined;
    this.changed();
  }

  /** The lungs in a slice, found once. */
  async lungsOf(index: number): Promise<Uint8Array<ArrayBuffer>> {
    let inside = this.lungs.get(index);
    if (!inside) {
      inside = (await this.scan.lungs(index)).inside;
      this.lungs.set(index, inside);
      // A mask is a quarter of a slice; a few hundred are enough to look around in.
      if (this.lungs.size > 200) this.lungs.delete(this.lungs.keys().next().value ?? -1);
    }
    return inside;
  }

  /**
   * How long a slice takes, tried once on one, so that it can be said before anything is asked for. Nothing of it is
   * kept; a network that is slow is stopped early, and the rest reckoned.
   */
  async gauge(index: number): Promise<void> {
    if (this.perSlice !== undefined || this.running) return;
    const prepared = await this.prepare(index, true);
    if (!prepared || prepared.lungs?.every((inside) => inside === 0)) return;
    const { slice, lungs } = prepared;
    const enough = new AbortController();
    const timer = setTimeout(() => enough.abort(), GAUGE_MILLISECONDS);
    try {
      const { searched } = await this.engines.work((worker) => worker.ask({ kind: 'search-slice', slice, lungs, show: false }, {
        cancel: enough.signal,
      }));
      const { share, milliseconds } = searched;
      if (share > 0) this.perSlice ??= milliseconds / share;
    } finally {
      clearTimeout(timer);
    }
    this.changed();
  }

  async slice(index: number, lungsOnly: boolean): Promise<void> {
    await this.run('slice', [index], lungsOnly);
  }

  async volume(lungsOnly: boolean): Promise<void> {
    const { order } = await this.engines.work((worker) => worker.ask({ kind: 'order', depth: this.scan.depth }));
    await this.run('volume', order, lungsOnly);
  }

  private async run(what: 'slice' | 'volume', indices: number[], lungsOnly: boolean): Promise<void> {
    this.cancel();
    const cancelling = new AbortController();
    this.cancelling = cancelling;
    const current = (): boolean => this.cancelling === cancelling;
    const began = performance.now();
    const notes = new Set<string>();
    const workers = new Set<EngineWorker>();
    let by: { model: ModelInfo; engine: string } | undefined;
    let whole = true;
    // What an engine found before it was caught cannot be told from what is true: all of it again, on the CPU.
    const startOver = async (): Promise<void> => {
      if (!current()) return;
      const stopped = cancelling.signal.aborted;
      this.forget();
      if (!stopped) await this.run(what, indices, lungsOnly);
    };
    this.outcome = undefined;
    this.progress = { what, done: 0, total: what === 'slice' ? 1 : indices.length, left: undefined };
    this.changed();
    try {
      if (what === 'volume') this.peaks.clear();
      let next = this.prepare(indices[0], lungsOnly);
      for (const [done, index] of indices.entries()) {
        if (cancelling.signal.aborted) {
          whole = false;
          break;
        }
        const prepared = await next.catch((error: unknown) => {
          if (what === 'slice' || !(error instanceof WorkerDied) || !this.scan.loader.alive) throw error;
          return 'set aside' as const;
        });
        // While the engine works, the loader makes the next slice ready.
        next = this.prepare(indices[done + 1], lungsOnly);
        next.catch(() => undefined);
        if (!prepared || !current()) break;
        // Cancelled while the slice was prepared: it is not begun.
        if (cancelling.signal.aborted) {
          whole = false;
          break;
        }
        if (prepared === 'set aside') {
          // The others are searched; this one is named.
          notes.add(strings.scan.setAside(this.scan.numberOf(index)));
          whole = false;
        } else if (prepared.lungs?.every((inside) => inside === 0)) {
          this.peaks.set(index, []);
          this.alongZ[index] = NaN;
          if (what === 'slice') notes.add('no-lung');
        } else {
          const result = await this.searchOne(index, prepared.slice, prepared.lungs, what, cancelling);
          if (!current()) return;
          by = result;
          workers.add(result.worker);
          whole &&= result.searched.whole;
          if (result.searched.note) notes.add(result.searched.note);
        }
        if (done % SLICES_UNVERIFIED === SLICES_UNVERIFIED - 1 && !(await this.verified(workers))) return await startOver();
        if (!current()) return;
        if (what === 'volume') {
          const left = ((performance.now() - began) / (done + 1)) * (indices.length - done - 1);
          this.progress = { what, done: done + 1, total: indices.length, left };
        }
        this.changed();
        // The list grows while the volume is searched; not after every slice, for merging looks at all of them.
        if (what === 'volume' && by && done % 8 === 7) {
          const soFar = await this.conclude(what, indices[0] ?? 0, lungsOnly, began, false, notes, by);
          if (!current()) return;
          this.outcome = soFar;
        }
      }
      if (!(await this.verified(workers))) return await startOver();
      if (!current()) return;
      by ??= await this.engines.work((_, model, engine) => Promise.resolve({ model, engine }));
      const outcome = await this.conclude(what, indices[0] ?? 0, lungsOnly, began, whole, notes, by);
      if (current()) this.outcome = outcome;
    } finally {
      if (current()) {
        this.cancelling = undefined;
        this.progress = undefined;
      }
      this.changed();
    }
  }

  /** Whether all who had a part can be believed. */
  private async verified(workers: Set<EngineWorker>): Promise<boolean> {
    for (const worker of workers) if (!(await this.engines.verify(worker))) return false;
    return true;
  }

  private async prepare(index: number | undefined, lungsOnly: boolean): Promise<{ slice: SliceIn; lungs: Uint8Array<ArrayBuffer> | undefined } | undefined> {
    if (index === undefined) return undefined;
    const slice = await this.scan.sliceIn(index);
    return { slice, lungs: lungsOnly ? await this.lungsOf(index) : undefined };
  }

  private async searchOne(index: number, slice: SliceIn, lungs: Uint8Array<ArrayBuffer> | undefined, what: 'slice' | 'volume', cancelling: AbortController): Promise<{ searched: SearchedSlice; model: ModelInfo; engine: string; worker: EngineWorker }> {
    const show = what === 'slice';
    const result = await this.engines.work(async (worker, model, engine) => {
      // Copied, not transferred: a worker that dies must not take the slice with it.
      const { searched } = await worker.ask({ kind: 'search-slice', slice, lungs, show }, {
        cancel: cancelling.signal,
        onProgress: ({ done, total, map }) => {
          if (this.cancelling !== cancelling) return;
          if (map) this.maps.set(index, map);
          if (show) this.progress = { what, done, total, left: undefined };
          this.changed();
        },
      });
      return { searched, model, engine, worker };
    });
    if (this.cancelling !== cancelling) return result;
    const { map, peaks, milliseconds, whole } = result.searched;
    this.maps.set(index, map);
    this.peaks.set(index, peaks);
    this.alongZ[index] = map.probability.reduce((highest, p) => (p > highest ? p : highest), 0);
    if (whole) this.perSlice = milliseconds;
    return result;
  }

  /** What the peaks are in the body: those of the slice, or of all that were searched. */
  private async conclude(what: 'slice' | 'volume', index: number, lungsOnly: boolean, began: number, whole: boolean, notes: Set<string>, by: { model: ModelInfo; engine: string }): Promise<Outcome> {
    const of = what === 'slice' ? [[index, this.peaks.get(index) ?? []] as const] : [...this.peaks];
    const peaks = of.flatMap(([z, found]) => found.map((peak): [number, Peak] => [z, peak]));
    const { geometry } = this.scan;
    const { findings } = await this.engines.work((worker) => worker.ask({ kind: 'merge', peaks, geometry }));
    return { what, index, findings, whole, slices: of.length, lungsOnly, notes: [...notes], milliseconds: performance.now() - began, model: by.model, engine: by.engine };
  }
}
