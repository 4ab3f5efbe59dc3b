/**
 * One worker, as promises. A worker is disposable: whatever goes wrong with it rejects everything that waits for it with
 * `WorkerDied`, and the owner starts a new one (engines.ts).
 */
import { code, forget, weightsOf } from '../assets/code-and-weights.ts';
import type { Answer, AnswerKind, Ask, EngineFolder, EngineId, FromWorker, Request, ToWorker } from '../../shared/engine-messages.ts';
import type { Problem } from '../../shared/problem.ts';
import { faultNow } from './fault-switch.ts';
import { strings } from '../../strings/strings.ts';
import { scriptUrl } from '../../shared/trusted-types.ts';
import { Watchdog } from '../../shared/channel/watchdog.ts';
import type { HeatMap } from '../../shared/wasm/engine-wasm.ts';

/** The worker is gone or its instance is unusable; the work it held may be tried elsewhere. */
export class WorkerDied extends Error {}

/** The worker is in order and answered with a typed error. */
export class RequestFailed extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** How long no sign of life is allowed, milliseconds. Generous: a busy laptop must not lose a healthy worker. */
const SILENCE = {
  // Code and weights are there when it begins.
  start: 120_000,
  cpu: { base: 20_000, perPatch: 500 },
  // A software adapter needs seconds for a patch and compiles every shader first.
  webgpu: { base: 120_000, perPatch: 15_000 },
};

/** After a cancel the answer on its way is no longer wanted; a CPU worker still busy with it after this is replaced. */
const ABANDONED_GRACE = 10_000;

/** What faults.ts counts. */
const WORK = new Set<ToWorker['kind']>(['classify', 'scan-slice']);

interface Waiting {
  resolve(message: FromWorker): void;
  reject(error: Error): void;
  silence: number;
  watchdog: Watchdog;
  onProgress?: (loaded: number, total: number, map?: HeatMap) => void;
}

export interface AskOptions {
  signal?: AbortSignal;
  /** Ends a scan; it answers with what it has, which an abort would not. */
  halt?: AbortSignal;
  transfer?: Transferable[];
  onProgress?: (loaded: number, total: number, map?: HeatMap) => void;
}

export class EngineWorker {
  readonly engine: EngineId;
  /** The module that it was started with. */
  folder: EngineFolder | undefined;
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private deadReason: string | undefined;
  private retired = false;
  private terminated = false;
  private readonly onGone: (reason: string) => void;

  /** `onGone` is called once, before anything that waits is rejected, with the reason in words. */
  constructor(engine: EngineId, onGone: (reason: string) => void) {
    this.engine = engine;
    this.onGone = onGone;
  }

  get alive(): boolean {
    return this.deadReason === undefined;
  }

  /** With code, a folder of pkg/, and weights, a file in models/; they travel at the same time. */
  async start(folder: EngineFolder, file: string, onProgress: (loaded: number, total: number) => void): Promise<Answer<'start'>> {
    this.folder = folder;
    try {
      // Weights go on arriving after the code has failed; by then nobody wants to hear of them.
      const report = (loaded: number, total: number): void => {
        if (this.alive) onProgress(loaded, total);
      };
      const [{ script, module }, weights] = await Promise.all([code(folder), weightsOf(file, report)]);
      if (this.deadReason !== undefined) throw new WorkerDied(this.deadReason);
      this.worker = this.spawn(script);
      // WebGPU has threads of its own.
      return await this.ask({ kind: 'start', module, weights, script: folder === 'webgpu' ? undefined : script });
    } catch (error) {
      // The weights are the CPU's, too, which computes with them.
      if (!this.terminated) forget(folder, folder === 'webgpu' ? undefined : file);
      throw error;
    }
  }

  private spawn(script: string): Worker {
    const worker = new Worker(scriptUrl(script), { name: `nodulens-${this.engine}` });
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.receive(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.die(event.message || strings.engine.workerError);
    };
    worker.onmessageerror = () => this.die(strings.engine.unreadableMessage);
    return worker;
  }

  /**
   * Sends one request. Rejects with `WorkerDied`, `RequestFailed`, or the signal's reason on abort. An abort answers at
   * once; the worker gets a moment to finish what it computes and is then terminated.
   */
  ask<K extends Request>(request: Ask<K> & { kind: K }, options: AskOptions = {}): Promise<Answer<K>> {
    const { signal, halt, transfer = [], onProgress } = options;
    const { worker } = this;
    if (this.deadReason !== undefined || !worker) return Promise.reject(new WorkerDied(this.deadReason ?? strings.engine.workerError));
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = this.nextId++;
    const message = { ...request, id } as unknown as ToWorker;
    const silence = this.silenceFor(message);
    return new Promise<Answer<K>>((resolve, reject) => {
      const onAbort = (): void => {
        const entry = this.waiting.get(id);
        if (!entry) return;
        reject(signal?.reason as Error);
        // A WebGPU worker is dear to start and may rightly need longer.
        if (this.engine === 'webgpu') return;
        entry.silence = ABANDONED_GRACE;
        entry.watchdog.feed(entry.silence);
      };
      const onHalt = (): void => worker.postMessage({ kind: 'halt', id } satisfies ToWorker);
      const done = (): void => {
        signal?.removeEventListener('abort', onAbort);
        halt?.removeEventListener('abort', onHalt);
      };
      const entry: Waiting = {
        resolve: (answer) => {
          done();
          // The answer to `id` is of the kind that belongs to the request (AnswerKind).
          resolve(answer as Answer<K> & { kind: AnswerKind[K] });
        },
        reject: (error) => {
          done();
          reject(error);
        },
        silence,
        watchdog: new Watchdog(silence, () => this.die(strings.engine.noAnswer(Math.round(entry.silence / 1000)))),
        ...(onProgress ? { onProgress } : {}),
      };
      this.waiting.set(id, entry);
      signal?.addEventListener('abort', onAbort, { once: true });
      halt?.addEventListener('abort', onHalt, { once: true });
      const fault = WORK.has(message.kind) ? faultNow() : undefined;
      if (fault) worker.postMessage({ kind: 'fault', fault } satisfies ToWorker);
      worker.postMessage(message, transfer);
    });
  }

  /** Ends the worker on purpose. */
  terminate(reason: string): void {
    this.terminated = true;
    this.die(reason);
  }

  /** Ends the worker when what it was asked is answered; nobody needs to hear of it. */
  retire(): void {
    this.retired = true;
    if (this.waiting.size === 0) this.die('');
  }

  private silenceFor(message: ToWorker): number {
    if (message.kind === 'start') return SILENCE.start;
    const { base, perPatch } = SILENCE[this.engine];
    const patches = message.kind === 'classify' ? message.files.length : message.kind === 'measure' ? message.patches : 8;
    return base + perPatch * patches;
  }

  private receive(message: FromWorker): void {
    if (message.kind === 'died') {
      this.die(message.message);
      return;
    }
    const entry = this.waiting.get(message.id);
    if (!entry) return;
    if (message.kind === 'scanning') {
      entry.onProgress?.(message.done, message.total, message.map);
      // Whatever waits behind the scan waits through no fault of the worker.
      for (const each of this.waiting.values()) each.watchdog.feed(each.silence);
      return;
    }
    this.waiting.delete(message.id);
    entry.watchdog.stop();
    if (message.kind === 'failed') entry.reject(new RequestFailed(message.problem));
    else entry.resolve(message);
    if (this.retired) this.retire();
  }

  private die(reason: string): void {
    if (this.deadReason !== undefined) return;
    this.deadReason = reason;
    this.worker?.terminate();
    if (!this.retired) this.onGone(reason);
    for (const entry of this.waiting.values()) {
      entry.watchdog.stop();
      entry.reject(new WorkerDied(reason));
    }
    this.waiting.clear();
  }
}
