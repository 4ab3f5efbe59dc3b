/** The reader's worker as promises. It is disposable: a new scan gets a new one, and cancelling ends it. */
import { code } from '../assets.ts';
import { RequestFailed, WorkerDied } from '../client.ts';
import { strings } from '../strings.ts';
import { scriptUrl } from '../trusted.ts';
import type { FromReader, ReaderAnswer, ReaderAsk, ReaderRequest } from './reader-messages.ts';

/** A single file, the largest and slowest, may take so long without a sign of life. */
const SILENCE_MILLISECONDS = 120_000;

interface Waiting {
  resolve(message: FromReader): void;
  reject(error: Error): void;
  timer: number;
  onProgress: ((done: number, total: number) => void) | undefined;
}

export class ReaderWorker {
  private worker: Worker | undefined;
  /** What is asked waits for the code, in order. */
  private readonly started: Promise<void>;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private dead: Error | undefined;

  constructor() {
    this.started = this.start();
    this.started.catch((error: unknown) => this.end(error instanceof Error ? error : new Error(String(error))));
  }

  private async start(): Promise<void> {
    const { script, module } = await code('reader');
    if (this.dead) return;
    const worker = new Worker(scriptUrl(script), { name: 'nodulens-reader' });
    worker.onmessage = (event: MessageEvent<FromReader>) => this.receive(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.end(new WorkerDied(event.message || strings.engine.workerError));
    };
    worker.onmessageerror = () => this.end(new WorkerDied(strings.engine.unreadableMessage));
    worker.postMessage({ kind: 'start', module });
    this.worker = worker;
  }

  get alive(): boolean {
    return this.dead === undefined;
  }

  /** Rejects with `WorkerDied`, `RequestFailed`, or what `end` was given. */
  ask<K extends ReaderRequest>(request: ReaderAsk<K> & { kind: K }, onProgress?: (done: number, total: number) => void): Promise<ReaderAnswer<K>> {
    if (this.dead) return Promise.reject(this.dead);
    const id = this.nextId++;
    return new Promise<ReaderAnswer<K>>((resolve, reject) => {
      const waiting: Waiting = {
        // The answer to `id` is of the kind that belongs to the request (AnswerKind).
        resolve: (answer) => resolve(answer as ReaderAnswer<K>),
        reject,
        timer: 0,
        onProgress,
      };
      this.waiting.set(id, waiting);
      this.restartClock(waiting);
      void this.started.then(() => this.worker?.postMessage({ ...request, id }), () => undefined);
    });
  }

  /** Ends the worker and whatever it was doing. */
  end(reason: Error): void {
    if (this.dead) return;
    this.dead = reason;
    this.worker?.terminate();
    for (const waiting of this.waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(reason);
    }
    this.waiting.clear();
  }

  private restartClock(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    waiting.timer = window.setTimeout(() => this.end(new WorkerDied(strings.engine.noAnswer(SILENCE_MILLISECONDS / 1000))), SILENCE_MILLISECONDS);
  }

  private receive(message: FromReader): void {
    if (message.kind === 'died') {
      this.end(new WorkerDied(message.message));
      return;
    }
    const waiting = this.waiting.get(message.id);
    if (!waiting) return;
    if (message.kind === 'progress') {
      waiting.onProgress?.(message.done, message.total);
      // Requests behind it wait through no fault of their own.
      for (const each of this.waiting.values()) this.restartClock(each);
      return;
    }
    this.waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.kind === 'failed') waiting.reject(new RequestFailed(message.problem));
    else waiting.resolve(message);
  }
}
