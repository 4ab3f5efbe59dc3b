/**
 * Threads: further workers of the same kind, each with an instance of its own, inside the engine's worker. They need no
 * shared memory, and so no page that is isolated from others; they get the compiled code and the weights' bytes, and
 * fetch nothing. A crew that fails leaves its work to the worker that called it.
 */
import type { Engine } from './engine-work.ts';
import { classify, measure } from './engine-work.ts';
import type { FileIn, FileOut, FromWorker, SlicePart, ToWorker } from './messages.ts';
import type { HeatMap, SizePolicy } from './wasm.ts';

/** What a member is made from. */
export interface Recipe {
  folder: string;
  module: WebAssembly.Module;
  weights: Uint8Array;
}

/** More than this share memory bandwidth rather than work. */
const MOST_THREADS = 8;

/** Fewer files are classified sooner than they are handed out. */
const LEAST_FILES = 8;

export const threadsHere = (): number => Math.max(1, Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1));

type Waiting = { resolve(message: FromWorker): void; reject(error: Error): void; onMap?: (map: HeatMap) => void };

class Member {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  dead = false;

  constructor() {
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'nodulens-thread' });
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.die(event.message);
    };
  }

  ask(message: (id: number) => ToWorker, onMap?: (map: HeatMap) => void): { id: number; answer: Promise<FromWorker> } {
    const id = this.nextId++;
    const answer = new Promise<FromWorker>((resolve, reject) => {
      if (this.dead) return reject(new Error('The thread has stopped.'));
      this.waiting.set(id, { resolve, reject, ...(onMap ? { onMap } : {}) });
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
      if (message.map) entry.onMap?.(message.map);
      return;
    }
    if (message.kind === 'progress') return;
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
      member = new Member();
      await member.ask((id) => ({ kind: 'enlist', id, ...this.recipe })).answer;
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
  scan(slice: Omit<SlicePart, 'part' | 'parts'>, show: boolean, onMap: (map: HeatMap) => void): { parts: number; maps: Promise<HeatMap | undefined>[]; halt: () => void } {
    const members = this.ready();
    const parts = members.length + 1;
    const asked = members.map((member, index) => {
      const { id, answer } = member.ask((own) => ({ kind: 'scan-part', id: own, show, ...slice, part: index + 1, parts }), onMap);
      let working = true;
      const map = answer
        .then((message) => (message.kind === 'part-scanned' ? message.map : undefined), () => undefined)
        .finally(() => (working = false));
      return { map, halt: () => working && member.tell({ kind: 'halt', id }) };
    });
    return { parts, maps: asked.map(({ map }) => map), halt: () => asked.forEach(({ halt }) => halt()) };
  }

  /** Warm milliseconds a patch while every thread works on such a batch. */
  async measure(engine: Engine, patches: number): Promise<number> {
    this.ready();
    await this.called;
    const others = this.ready().map((member) => member.ask((id) => ({ kind: 'measure', id, patches })).answer.catch(() => undefined));
    const rates = [1 / (await measure(engine, patches))];
    for (const answer of others) {
      const message = await answer;
      if (message?.kind === 'measured') rates.push(1 / message.millisecondsPerPatch);
    }
    return 1 / rates.reduce((sum, rate) => sum + rate, 0);
  }
}
