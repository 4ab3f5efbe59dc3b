/**
 * An engine's worker. It is disposable: whatever goes wrong with it rejects everything that waits for it with `WorkerDied`,
 * and the owner starts another (engines.ts). After a while without work it ends, and comes back with the next request.
 */
import { die } from '../../shared/channel/policies.ts';
import { WorkerChannel } from '../../shared/channel/worker-channel.ts';
import { WorkerDied } from '../../shared/channel/worker-errors.ts';
import type { AskOptions } from '../../shared/channel/plan.ts';
import type { AnyAnswer, AnyAsk, Answer, Ask, EngineFolder, EngineId, Request, SearchProgress } from '../../shared/engine-messages.ts';
import { SILENCE } from '../../shared/channel/silence.ts';
import { code, forget, weightsOf } from '../assets/code-and-weights.ts';
import { faultNow } from './fault-switch.ts';

/** After a cancel the answer on its way is no longer wanted; a CPU worker still busy with it after this is replaced. */
const ABANDONED_GRACE = 10_000;

/** Without work for so long, its memory and threads are given back. A WebGPU worker is dear to start. */
const IDLE = { cpu: 5 * 60_000, webgpu: 20 * 60_000 };

/** What fault-switch.ts counts. */
const WORK = new Set<Request>(['classify', 'search-slice']);

export class EngineWorker {
  readonly engine: EngineId;
  /** The module that it was started with. */
  folder: EngineFolder | undefined;
  private script = '';
  private terminated = false;
  private readonly channel: WorkerChannel<AnyAsk, AnyAnswer, SearchProgress>;
  private readonly gone: (reason: string) => void;

  /** `gone` is called once, before anything that waits hears of it, with the reason in words. */
  constructor(engine: EngineId, gone: (reason: string) => void) {
    this.engine = engine;
    this.gone = gone;
    this.channel = new WorkerChannel({
      name: `nodulens-${engine}`,
      policy: die,
      load: () => Promise.resolve({ script: this.script }),
      silence: (request) => this.silenceFor(request),
      ...(engine === 'cpu' ? { abandoned: ABANDONED_GRACE } : {}),
      idle: () => IDLE[engine],
      gone: ({ message }) => gone(message),
    });
  }

  /** Its worker may be gone for being idle. */
  get alive(): boolean {
    return this.channel.alive;
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
      this.script = script;
      // WebGPU has threads of its own.
      return await this.ask({ kind: 'start', module, weights, reference: folder === 'reference', script: folder === 'webgpu' ? undefined : script }, { state: ({ model }) => model.modelId });
    } catch (error) {
      // The weights are the CPU's, too, which computes with them.
      if (!this.terminated) forget(folder, folder === 'webgpu' ? undefined : file);
      throw error;
    }
  }

  /**
   * Rejects with `WorkerDied`, `RequestFailed`, or the signal's reason on abort. An abort answers at once; the worker gets a
   * moment to finish what it computes. `cancel` ends a search, which answers with what it has.
   */
  ask<K extends Request>(request: Ask<K> & { kind: K }, options: AskOptions<Answer<K>, SearchProgress> = {}): Promise<Answer<K>> {
    const fault = this.alive && WORK.has(request.kind) ? faultNow() : undefined;
    const before = fault && { before: { kind: 'fault', fault } };
    // The answer is of the kind that belongs to the request (AnswerKind).
    return this.channel.ask(request as unknown as AnyAsk, { ...options, ...before } as AskOptions<AnyAnswer, SearchProgress>) as unknown as Promise<Answer<K>>;
  }

  /** Ends the worker on purpose. */
  terminate(reason: string): void {
    this.terminated = true;
    if (!this.alive) return;
    this.channel.end(new WorkerDied(reason));
    this.gone(reason);
  }

  /** Ends the worker when what it was asked is answered; nobody needs to hear of it. */
  retire(): void {
    this.channel.retire();
  }

  private silenceFor(request: AnyAsk): number {
    if (request.kind === 'start') return SILENCE.start;
    const { base, perPatch } = SILENCE[this.engine];
    const patches = request.kind === 'classify' ? request.files.length : request.kind === 'measure' ? request.patches : 8;
    return base + perPatch * patches;
  }
}
