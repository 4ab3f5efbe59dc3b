/**
 * Threads: further workers of the same kind, each with an instance of its own, inside the engine's worker. They need no
 * shared memory, and so no page that is isolated from others; they get the compiled code and the weights' bytes. A crew that fails leaves its work to the worker that called it.
 */
import type { Engine } from './compute.ts';
import { classify, measure } from './compute.ts';
import type { FileIn, FileOut, FromWorker, SlicePart, ToWorker } from '../../shared/engine-messages.ts';
import { scriptUrl } from '../../shared/trusted-types.ts';
import type { HeatMap, SizePolicy } from '../../shared/wasm/engine-wasm.ts';

/** What a member is made from. */
export interface Recipe {
  /** blob: address of the worker's own script. */
  script: string;
  module: WebAssembly.Module;
  weights: Uint8Array;
}

/** More than this share memory bandwidth rather than work. */
const MOST_THREADS = 8;

/** How long all threads work when they are measured. */
const MEASURED_MILLISECONDS = 150;

/** A thread that is not there by then is done without. */
const ENLIST_MILLISECONDS = 15_000;

/** Fewer files are classified sooner than they are handed out. */
const LEAST_FILES = 8;

export const threadsHere = (): number => Math.max(1, Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1));

/** `onProgress`: a sign of life, with or without a map. */
type Waiting = { resolve(message: FromWorker): void; reject(error: Error): void; onProgress?: (map: HeatMap | undefined) => void };

class Member {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  dead = false;

  constructor(script: string) {
    this.worker = new Worker(scriptUrl(script), { name: 'nodulens-thread' });
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.die(event.message);
    };
    this.worker.onmessageerror = () => this.die('A message could not be read.');
  }

  ask(message: (id: number) => ToWorker, onProgress?: (map: HeatMap | undefined) => void): { id: number; answer: Promise<FromWorker> } {
    const id = this.nextId++;
    const answer = new Promise<FromWorker>((resolve, reject) => {
      if (this.dead) return reject(new Error('The thread has stopped.'));
      this.waiting.set(id, { resolve, reject, ...(onProgress ? { onProgress } : {}) });
      this.worker.postMessage(message(id));
    });
    return { id, answer };
  }

  tell(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  die(reason: string): void {
    this.dead = true;
    this.worker.terminate();
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }

  private receive(message: FromWorker): void {
    if (message.kind === 'died') return this.die(message.message);
    const entry = this.waiting.get(message.id);
    if (!entry) return;
    if (message.kind === 'scanning') {
      entry.onProgress?.(message.map);
      return;
    }
    this.waiting.delete(message.id);
    if (message.kind === 'failed') entry.reject(new Error(message.problem.message));
    else entry.resolve(message);
  }
}

export class Crew {
  private members: Member[] = [];
  private called: Promise<unknown> | undefined;
  private readonly recipe: Recipe;
  private readonly size: number;

  /** `threads`: with the worker that calls. */
  constructor(recipe: Recipe, threads: number) {
    this.recipe = recipe;
    this.size = threads - 1;
  }

  /** Those that are ready. The first call has them started, and what comes meanwhile is done alone. */
  private ready(): Member[] {
    this.called ??= Promise.all(Array.from({ length: this.size }, () => this.enlist()));
    this.members = this.members.filter(({ dead }) => !dead);
    return this.members;
  }

  private async enlist(): Promise<void> {
    let member: Member | undefined;
    try {
      // Fails where the browser has no workers inside workers.
      const { script, ...recipe } = this.recipe;
      member = new Member(script);
      const late = setTimeout(() => member?.die('It did not start in time.'), ENLIST_MILLISECONDS);
      await member.ask((id) => ({ kind: 'enlist', id, ...recipe })).answer;
      clearTimeout(late);
      this.members.push(member);
    } catch {
      // One thread fewer; nothing else is lost.
      member?.die('It could not be started.');
    }
  }

  /** As `classify` of engine-work, the files shared out. Their bytes stay here: a thread that fails takes none along. */
  async classify(engine: Engine, files: FileIn[], policy: SizePolicy): Promise<FileOut[]> {
    const members = files.length < LEAST_FILES ? [] : this.ready();
    const share = Math.ceil(files.length / (members.length + 1));
    const shares = members.map((member, index) => {
      const part = files.slice((index + 1) * share, (index + 2) * share);
      return { part, ...member.ask((id) => ({ kind: 'classify', id, files: part, policy })) };
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
   * Hands out the parts of a slice's scan behind the first, which is the caller's. Each answers with its map, or with
   * nothing where its thread failed.
   */
  scan(slice: Omit<SlicePart, 'part' | 'parts'>, show: boolean, onProgress: (map: HeatMap | undefined) => void): { parts: number; maps: Promise<HeatMap | undefined>[]; halt: () => void } {
    const members = this.ready();
    const parts = members.length + 1;
    const asked = members.map((member, index) => {
      const { id, answer } = member.ask((own) => ({ kind: 'scan-part', id: own, show, ...slice, part: index + 1, parts }), onProgress);
      let working = true;
      const map = answer
        .then((message) => (message.kind === 'part-scanned' ? message.map : undefined), () => undefined)
        .finally(() => (working = false));
      return { map, halt: () => working && member.tell({ kind: 'halt', id }) };
    });
    return { parts, maps: asked.map(({ map }) => map), halt: () => asked.forEach(({ halt }) => halt()) };
  }

  /** Warm milliseconds a patch of all threads together, from a common start until the last is done. */
  async measure(engine: Engine, patches: number, batches: number): Promise<number> {
    this.ready();
    await this.called;
    const alone = await measure(engine, patches, 1);
    // Long enough that the start does not decide.
    const many = Math.max(batches, Math.min(64, Math.ceil(MEASURED_MILLISECONDS / (alone * patches))));
    const together = async (): Promise<number> => {
      const members = this.ready();
      const before = performance.now();
      const others = members.map((member) => member.ask((id) => ({ kind: 'measure', id, patches, batches: many })).answer);
      const all = await Promise.allSettled([measure(engine, patches, many), ...others]);
      const threads = all.filter(({ status }) => status === 'fulfilled').length;
      // Each thread's uncounted first batch lies within the time, too.
      return (performance.now() - before) / (patches * (many + 1) * Math.max(1, threads));
    };
    // Once to warm the threads.
    await together();
    return together();
  }
}
