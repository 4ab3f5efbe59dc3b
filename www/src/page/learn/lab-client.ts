/**
 * The lab's worker as promises. It starts when it is first asked for something. One that stops is replaced by a fresh one,
 * which is asked once more; what stops two is refused.
 */
import { code, weightsOf } from '../assets/code-and-weights.ts';
import { RequestFailed, WorkerDied } from '../engines/engine-client.ts';
import { strings } from '../../strings/strings.ts';
import { scriptUrl } from '../../shared/trusted-types.ts';
import { Watchdog } from '../../shared/channel/watchdog.ts';
import type { FromLab, ToLab } from '../../shared/lab/lab-messages.ts';
import type { TaskName, Tasks } from '../../shared/lab/lab-tasks.ts';

/** The longest piece of work without a sign of life, generously: a step of training on a slow laptop. */
const SILENCE_MILLISECONDS = 60_000;
const TRIES = 2;

export interface LabOptions {
  /** File of the network that is asked (models/, or one that the user has loaded). */
  network?: string;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number, partial: unknown) => void;
}

interface Waiting {
  task: TaskName;
  input: unknown;
  options: LabOptions;
  tries: number;
  watchdog: Watchdog;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

export class Lab {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  /** Files of the networks that the worker has. */
  private loaded = new Set<string>();
  private nextId = 1;

  /** Rejects with `RequestFailed`, `WorkerDied`, or the signal's reason. */
  ask<K extends TaskName>(task: K, input: Tasks[K]['in'], options: LabOptions = {}): Promise<Tasks[K]['out']> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      this.send({ task, input, options, tries: 0, resolve: (output) => resolve(output as Tasks[K]['out']), reject });
    });
  }

  /** Ends the worker and all that waits. A later request starts a fresh one. */
  end(reason = new WorkerDied(strings.lab.ended)): void {
    const all = this.taken();
    this.drop();
    for (const { reject } of all) reject(reason);
  }

  /** A fresh worker for all that waits. */
  renew(): void {
    const all = this.taken();
    this.drop();
    for (const each of all) this.send(each);
  }

  private send(about: Omit<Waiting, 'watchdog'>): void {
    const id = this.nextId++;
    this.waiting.set(id, { ...about, watchdog: new Watchdog(SILENCE_MILLISECONDS, () => this.stopped(strings.engine.noAnswer(SILENCE_MILLISECONDS / 1000))) });
    about.options.signal?.addEventListener('abort', () => this.abort(id), { once: true });
    this.deliver(id).catch((error: unknown) => {
      const waiting = this.take(id);
      waiting?.reject(error);
    });
  }

  private async deliver(id: number): Promise<void> {
    const { network } = this.waiting.get(id)?.options ?? {};
    const [{ script, module }, weights] = await Promise.all([code('lab'), network === undefined ? undefined : weightsOf(network)]);
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    const worker = (this.worker ??= this.start(script, module));
    if (weights && network !== undefined && !this.loaded.has(network)) {
      this.loaded.add(network);
      post(worker, { kind: 'load', network, weights });
    }
    post(worker, { kind: 'ask', id, task: waiting.task, input: waiting.input, network });
  }

  private start(script: string, module: WebAssembly.Module): Worker {
    const worker = new Worker(scriptUrl(script), { name: 'nodulens-lab' });
    const own = (act: () => void): void => {
      if (this.worker === worker) act();
    };
    worker.onmessage = (event: MessageEvent<FromLab>) => own(() => this.receive(event.data));
    worker.onerror = (event) => {
      event.preventDefault();
      own(() => this.stopped(event.message || strings.engine.workerError));
    };
    worker.onmessageerror = () => own(() => this.stopped(strings.engine.unreadableMessage));
    post(worker, { kind: 'start', module });
    return worker;
  }

  private receive(message: FromLab): void {
    if (message.kind === 'died') return this.stopped(message.message);
    for (const { watchdog } of this.waiting.values()) watchdog.feed(SILENCE_MILLISECONDS);
    if (message.kind === 'progress') return this.waiting.get(message.id)?.options.onProgress?.(message.done, message.total, message.partial);
    const waiting = this.take(message.id);
    if (message.kind === 'answered') waiting?.resolve(message.output);
    else waiting?.reject(new RequestFailed(message.problem));
  }

  /** The first that waits is what it was doing. */
  private stopped(reason: string): void {
    const [first, ...others] = this.taken();
    this.drop();
    if (first && first.tries + 1 < TRIES) others.unshift({ ...first, tries: first.tries + 1 });
    else first?.reject(new WorkerDied(reason));
    for (const each of others) this.send(each);
  }

  private abort(id: number): void {
    const waiting = this.take(id);
    if (!waiting) return;
    if (this.worker) post(this.worker, { kind: 'cancel', id });
    waiting.reject(waiting.options.signal?.reason);
  }

  private drop(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.loaded = new Set();
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    waiting?.watchdog.stop();
    this.waiting.delete(id);
    return waiting;
  }

  private taken(): Waiting[] {
    return [...this.waiting.keys()].map((id) => this.take(id)).filter((each) => each !== undefined);
  }
}

function post(worker: Worker, message: ToLab): void {
  worker.postMessage(message);
}
