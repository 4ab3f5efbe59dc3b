/**
 * Threads: further workers of the same kind, each with an instance of its own, inside the engine's worker. They need no
 * shared memory, and so no page that is isolated from others; they get the compiled code and the weights' bytes. One that
 * fails leaves its work to the worker that called it.
 */
import { SILENCE } from '../../shared/channel/silence.ts';
import { die } from '../../shared/channel/policies.ts';
import { WorkerChannel } from '../../shared/channel/worker-channel.ts';
import { WorkerDied } from '../../shared/channel/worker-errors.ts';
import type { AnyAnswer, AnyAsk, FileIn, FileOut, Recipe, SearchProgress, SlicePart } from '../../shared/engine-messages.ts';
import type { HeatMap, SizePolicy } from '../../shared/wasm/engine-wasm.ts';
import { classify } from './classify-patches.ts';
import type { Engine } from './engine.ts';
import { measure } from './known-inputs.ts';

/** What a thread is made from: what its engine is made of, and the blob: address of the worker's own script. */
type ThreadRecipe = Recipe & { script: string };

/** More than this share memory bandwidth rather than work. */
const MOST_THREADS = 8;

/** How long all threads work when they are measured. */
const MEASURED_MILLISECONDS = 150;

/** A thread that is not there by then is done without. */
const ENLIST_MILLISECONDS = 15_000;

/** Fewer files are classified sooner than they are handed out. */
const LEAST_FILES = 8;

export const threadsHere = (): number => Math.max(1, Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1));

type Thread = WorkerChannel<AnyAsk, AnyAnswer, SearchProgress>;

function silenceFor(request: AnyAsk): number {
  if (request.kind === 'enlist') return ENLIST_MILLISECONDS;
  const patches = request.kind === 'classify' ? request.files.length : request.kind === 'measure' ? request.patches * request.batches : 8;
  return SILENCE.thread.base + SILENCE.thread.perPatch * patches;
}

export class Threads {
  private there: Thread[] = [];
  private called: Promise<unknown> | undefined;
  private readonly recipe: ThreadRecipe;
  private readonly others: number;

  /** `count`: with the worker that calls. */
  constructor(recipe: ThreadRecipe, count: number) {
    this.recipe = recipe;
    this.others = count - 1;
  }

  /** Those that are ready. The first call has them started, and what comes until then is done alone. */
  private ready(): Thread[] {
    this.called ??= Promise.all(Array.from({ length: this.others }, () => this.enlist()));
    this.there = this.there.filter(({ alive }) => alive);
    return this.there;
  }

  private async enlist(): Promise<void> {
    const { script, ...recipe } = this.recipe;
    const thread: Thread = new WorkerChannel({ name: 'nodulens-thread', policy: die, load: () => Promise.resolve({ script }), silence: silenceFor });
    try {
      // Fails where the browser has no workers inside workers.
      await thread.ask({ kind: 'enlist', ...recipe });
      this.there.push(thread);
    } catch {
      // One thread fewer; nothing else is lost.
      thread.end(new WorkerDied('It could not be started.'));
    }
  }

  /** As `classify` of classify-patches.ts, the files shared out. Their bytes stay here: a thread that fails takes none along. */
  async classify(engine: Engine, files: FileIn[], policy: SizePolicy): Promise<FileOut[]> {
    const threads = files.length < LEAST_FILES ? [] : this.ready();
    const share = Math.ceil(files.length / (threads.length + 1));
    const shares = threads.map((thread, index) => {
      const part = files.slice((index + 1) * share, (index + 2) * share);
      return { part, answer: thread.ask({ kind: 'classify', files: part, policy }) };
    });
    // A rejection is looked at below; until then it must not count as unhandled.
    for (const { answer } of shares) answer.catch(() => undefined);
    const outcomes = await classify(engine, files.slice(0, share), policy);
    for (const { part, answer } of shares) {
      const message = await answer.catch(() => undefined);
      outcomes.push(...(message?.kind === 'classified' ? message.files : await classify(engine, part, policy)));
    }
    return outcomes;
  }

  /**
   * Hands out the parts of a slice's search behind the first, which is the caller's. Each answers with its map, or with
   * nothing where its thread failed. `onProgress`: a sign of life, with or without a map.
   */
  search(slice: Omit<SlicePart, 'part' | 'parts'>, show: boolean, onProgress: (map: HeatMap | undefined) => void): { parts: number; maps: Promise<HeatMap | undefined>[]; cancel: () => void } {
    const threads = this.ready();
    const parts = threads.length + 1;
    const cancelling = new AbortController();
    const options = { cancel: cancelling.signal, onProgress: ({ map }: SearchProgress) => onProgress(map) };
    const maps = threads.map((thread, index) =>
      thread.ask({ kind: 'search-part', show, ...slice, part: index + 1, parts }, options).then((message) => (message.kind === 'part-searched' ? message.map : undefined), () => undefined));
    return { parts, maps, cancel: () => cancelling.abort() };
  }

  /** Warm milliseconds a patch of all threads together, from a common start until the last is done. */
  async measure(engine: Engine, patches: number, batches: number): Promise<number> {
    this.ready();
    await this.called;
    const alone = await measure(engine, patches, 1);
    // Long enough that the start does not decide.
    const many = Math.max(batches, Math.min(64, Math.ceil(MEASURED_MILLISECONDS / (alone * patches))));
    const together = async (): Promise<number> => {
      const threads = this.ready();
      const before = performance.now();
      const others = threads.map((thread) => thread.ask({ kind: 'measure', patches, batches: many }));
      const all = await Promise.allSettled([measure(engine, patches, many), ...others]);
      const fulfilled = all.filter(({ status }) => status === 'fulfilled').length;
      // Each thread's uncounted first batch lies within the time, too.
      return (performance.now() - before) / (patches * (many + 1) * Math.max(1, fulfilled));
    };
    // Once to warm the threads.
    await together();
    return together();
  }
}
