/**
 * The queue: takes waiting rows in chunks through the engines, can be added to while it runs, and can be cancelled.
 */
import { LARGEST_BATCH } from '../engines/choose-engine.ts';
import type { EngineWorker } from '../engines/engine-client.ts';
import { EngineUnavailable } from '../engines/engine-states.ts';
import type { Engines } from '../engines/engines.ts';
import { readSources } from '../intake/arrivals.ts';
import type { ReadFiles } from '../intake/arrivals.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Results, Row } from './results.ts';
import type { SizePolicy } from '../../shared/wasm/engine-wasm.ts';

export type RunState =
  | { phase: 'idle' }
  | { phase: 'running'; done: number; total: number; rate: number | undefined }
  /** The engine is not there; the rows wait for "Try again". */
  | { phase: 'paused'; problem: Problem }
  | { phase: 'finished' }
  | { phase: 'cancelled'; cancelled: number };

/** A chunk should take about this long: short enough that cancel and progress feel immediate. */
const CHUNK_MILLISECONDS = 250;

/** After so many chunks on WebGPU it is asked the known inputs again, and at the end of a run. */
const CHUNKS_UNVERIFIED = 32;

type EngineKind = keyof typeof LARGEST_BATCH;

interface Chunk {
  rows: Row[];
  /** For which engine it was cut. */
  kind: EngineKind;
  read: Promise<ReadFiles>;
}

export class Queue {
  state: RunState = { phase: 'idle' };
  policy: SizePolicy = 'refuse';
  private queue: Row[] = [];
  /** Answered by WebGPU since it was last asked the known inputs, by worker. */
  private unverified = new Map<EngineWorker, Row[]>();
  private unverifiedChunks = 0;
  private chunkSize = 1;
  private chunkKind: EngineKind = 'cpu';
  private abort: AbortController | undefined;
  private done = 0;
  private total = 0;
  private startedAt = 0;
  private readonly engines: Engines;
  private readonly results: Results;
  private readonly changed: () => void;

  constructor(engines: Engines, results: Results, changed: () => void) {
    this.engines = engines;
    this.results = results;
    this.changed = changed;
  }

  get busy(): boolean {
    return this.abort !== undefined;
  }

  /** Rows given while a run goes on join its end. */
  enqueue(rows: Row[]): void {
    if (rows.length === 0) return;
    this.queue.push(...rows);
    this.total += rows.length;
    if (!this.busy) void this.run();
    else this.announce();
  }

  /** What is done stays; what waits is marked. Answers at once, whatever the worker is doing. */
  cancel(): void {
    this.abort?.abort(new DOMException('cancelled', 'AbortError'));
  }

  /** After a pause: the rows that still wait. */
  resume(): void {
    if (!this.busy && this.queue.length > 0) void this.run();
  }

  /** For clearing the list: forgets the queue. */
  forget(): void {
    this.cancel();
    this.queue = [];
    if (!this.busy) this.state = { phase: 'idle' };
  }

  private async run(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.startedAt = performance.now();
    this.done = 0;
    this.total = this.queue.length;
    // The first answer should come at once.
    this.chunkSize = 1;
    this.chunkKind = this.engineKind();
    this.announce();
    try {
      let next = this.take();
      while (next && !abort.signal.aborted) {
        const chunk = next;
        // The next files are read while these are classified.
        next = undefined;
        const work = this.classify(chunk, abort.signal);
        const ahead = this.take();
        try {
          await unlessAborted(work, abort.signal);
        } catch (error) {
          this.putBack(chunk, ahead);
          throw error;
        }
        next = this.stillFits(ahead) ? ahead : this.take();
        if (!next || this.unverifiedChunks >= CHUNKS_UNVERIFIED) {
          await unlessAborted(this.verify(abort.signal), abort.signal);
          next ??= this.take();
        }
      }
      if (next) this.putBack(next);
      this.state = { phase: 'finished' };
    } catch (error) {
      if (!abort.signal.aborted) this.pause(error);
    }
    this.abort = undefined;
    if (abort.signal.aborted) {
      this.cancelled();
      // What was answered before stays; whether it can be believed is asked all the same.
      void this.verify(abort.signal).then(() => this.changed());
    }
    else if (this.state.phase === 'finished' && this.queue.length > 0) return this.run();
    this.changed();
  }

  /** What a WebGPU engine that went wrong has answered waits again; after a cancel it counts as cancelled. */
  private async verify(signal: AbortSignal): Promise<void> {
    const asked = this.unverified;
    this.unverified = new Map();
    this.unverifiedChunks = 0;
    for (const [worker, rows] of asked) {
      if (await this.engines.verify(worker)) continue;
      const there = new Set(this.results.rows);
      const again = rows.filter((row) => there.has(row) && row.state === 'done');
      this.results.reset(again);
      if (signal.aborted) this.results.setState(again.map(({ key }) => key), 'cancelled');
      else {
        this.queue.push(...again);
        this.done -= again.length;
      }
    }
  }

  private take(): Chunk | undefined {
    const rows = this.queue.splice(0, this.chunkSize);
    if (rows.length === 0) return undefined;
    return { rows, kind: this.chunkKind, read: readSources(rows) };
  }

  /** A chunk cut for the CPU would keep a software adapter busy for half a minute: cut it again after a switch. */
  private stillFits(chunk: Chunk | undefined): boolean {
    if (!chunk || chunk.kind === this.chunkKind) return chunk !== undefined;
    this.putBack(chunk);
    return false;
  }

  /** The engine a chunk given now would run on, as far as its size is concerned. */
  private engineKind(): EngineKind {
    if (this.engines.active() === 'cpu') return 'cpu';
    return this.engines.adapter.kind === 'hardware' ? 'hardware' : 'software';
  }

  private putBack(...chunks: (Chunk | undefined)[]): void {
    const rows = chunks.flatMap((chunk) => chunk?.rows ?? []).filter(({ state }) => state === 'waiting' || state === 'running');
    this.results.setState(rows.map(({ key }) => key), 'waiting');
    this.queue.unshift(...rows);
  }

  private async classify({ rows, read }: Chunk, signal: AbortSignal): Promise<void> {
    this.results.setState(rows.map(({ key }) => key), 'running');
    const before = performance.now();
    const outcomes = await this.engines.classify(rows, read, this.policy, signal);
    this.resize((performance.now() - before) / rows.length);
    for (const outcome of outcomes) this.results.settle(outcome);
    for (const { file, worker } of outcomes) {
      const row = worker.engine === 'webgpu' ? rows.find(({ key }) => key === file.key) : undefined;
      if (!row) continue;
      if (!this.unverified.has(worker)) this.unverified.set(worker, []);
      this.unverified.get(worker)?.push(row);
    }
    if (this.unverified.size > 0) this.unverifiedChunks += 1;
    this.done += rows.length;
    this.announce();
  }

  /** Grows the chunk by doubling towards the wished time; powers of two, because a GPU compiles for each batch size. */
  private resize(millisecondsPerPatch: number): void {
    const kind = this.engineKind();
    if (kind !== this.chunkKind) {
      this.chunkKind = kind;
      this.chunkSize = 1;
      return;
    }
    const wished = 2 ** Math.floor(Math.log2(Math.max(1, CHUNK_MILLISECONDS / millisecondsPerPatch)));
    this.chunkSize = Math.min(LARGEST_BATCH[kind], wished, this.chunkSize * 4);
  }

  private announce(): void {
    const seconds = (performance.now() - this.startedAt) / 1000;
    const rate = this.done > 0 && seconds > 0.5 ? this.done / seconds : undefined;
    this.state = { phase: 'running', done: this.done, total: this.total, rate };
    this.changed();
  }

  private pause(error: unknown): void {
    const problem: Problem =
      error instanceof EngineUnavailable ? error.problem : { code: 'page-error', message: String(error), hint: '' };
    this.state = { phase: 'paused', problem };
  }

  private cancelled(): void {
    const rows = this.results.rows.filter(({ state }) => state === 'waiting' || state === 'running');
    this.queue = [];
    this.results.setState(rows.map(({ key }) => key), 'cancelled');
    this.state = rows.length > 0 ? { phase: 'cancelled', cancelled: rows.length } : { phase: 'finished' };
  }
}

/** Cancel must answer even while the work waits for something that knows no signal, such as the first start. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    // One signal lasts a whole run of thousands of chunks.
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
