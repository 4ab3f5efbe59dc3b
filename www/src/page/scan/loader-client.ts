/**
 * The reader's worker as promises. It is disposable: a new scan gets a new one, and cancelling ends it. One that stops while
 * its scan is open is replaced: the new one opens the same files again and goes on with what was asked.
 */
import { code } from '../assets/code-and-weights.ts';
import { RequestFailed, WorkerDied } from '../engines/engine-client.ts';
import { strings } from '../../strings/strings.ts';
import { scriptUrl } from '../../shared/trusted-types.ts';
import { Watchdog } from '../../shared/channel/watchdog.ts';
import type { FromReader, ReaderAnswer, ReaderAsk, ReaderRequest } from '../../shared/loader-messages.ts';

/** A single file, the largest and slowest, may take so long without a sign of life. */
const SILENCE_MILLISECONDS = 120_000;

/** What the worker's state was made by, in order. */
const MAKES_STATE: ReadonlySet<ReaderRequest> = new Set(['open', 'example', 'picture']);

/** A request that stops a worker twice is not tried again. */
const TRIES = 2;

type Message = ReaderAsk<ReaderRequest> & { kind: ReaderRequest };

interface Waiting {
  message: Message;
  resolve(answer: FromReader): void;
  reject(error: Error): void;
  watchdog: Watchdog;
  tries: number;
  onProgress: ((done: number, total: number) => void) | undefined;
}

/** By what an answer that opens something is known again. */
function printOf(answer: FromReader): string {
  const series = answer.kind === 'opened' ? answer.opened.series : answer.kind === 'picture-read' ? [answer.series] : [];
  return JSON.stringify(series.map(({ info, geometry }) => [info.sha256, info.files, geometry]));
}

export class ReaderWorker {
  /** Workers that were replaced. */
  replaced = 0;
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  /** Answered requests that a new worker must be given first, and what it must answer to them. */
  private made: { message: Message; print: string }[] = [];
  private nextId = 1;
  private dead: Error | undefined;

  constructor() {
    void this.start();
  }

  get alive(): boolean {
    return this.dead === undefined;
  }

  /** Rejects with `WorkerDied`, `RequestFailed`, or what `end` was given. */
  ask<K extends ReaderRequest>(request: ReaderAsk<K> & { kind: K }, onProgress?: (done: number, total: number) => void): Promise<ReaderAnswer<K>> {
    return new Promise<ReaderAnswer<K>>((resolve, reject) => {
      // The answer is of the kind that belongs to the request (AnswerKind).
      this.send(request as Message, { resolve: (answer) => resolve(answer as ReaderAnswer<K>), reject, onProgress, tries: 0 });
    });
  }

  /** Ends the worker and whatever it was doing. */
  end(reason: Error): void {
    if (this.dead) return;
    this.dead = reason;
    this.worker?.terminate();
    for (const each of this.taken()) each.reject(reason);
  }

  private send(message: Message, about: Omit<Waiting, 'message' | 'watchdog'>): void {
    if (this.dead) return about.reject(this.dead);
    const id = this.nextId++;
    this.waiting.set(id, { ...about, message, watchdog: new Watchdog(SILENCE_MILLISECONDS, () => this.stopped(strings.engine.noAnswer(SILENCE_MILLISECONDS / 1000))) });
    // Without a worker it waits for one; `start` sends whatever waits.
    this.worker?.postMessage({ ...message, id });
  }

  private async start(): Promise<void> {
    try {
      const { script, module } = await code('reader');
      if (this.dead) return;
      const worker = new Worker(scriptUrl(script), { name: 'nodulens-reader' });
      const own = (act: () => void): void => {
        if (this.worker === worker) act();
      };
      worker.onmessage = (event: MessageEvent<FromReader>) => own(() => this.receive(event.data));
      worker.onerror = (event) => {
        event.preventDefault();
        own(() => this.stopped(event.message || strings.engine.workerError));
      };
      worker.onmessageerror = () => own(() => this.stopped(strings.engine.unreadableMessage));
      worker.postMessage({ kind: 'start', module });
      this.worker = worker;
      for (const [id, { message }] of this.waiting) worker.postMessage({ ...message, id });
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private receive(message: FromReader): void {
    if (message.kind === 'died') return this.stopped(message.message);
    const waiting = this.waiting.get(message.id);
    if (!waiting) return;
    if (message.kind === 'progress') {
      waiting.onProgress?.(message.done, message.total);
      // Requests behind it wait through no fault of their own.
      for (const each of this.waiting.values()) each.watchdog.feed(SILENCE_MILLISECONDS);
      return;
    }
    this.waiting.delete(message.id);
    waiting.watchdog.stop();
    if (message.kind === 'failed') return waiting.reject(new RequestFailed(message.problem));
    if (MAKES_STATE.has(waiting.message.kind)) this.made.push({ message: waiting.message, print: printOf(message) });
    waiting.resolve(message);
  }

  /** The first that waits is what it was doing. While nothing is open yet, whoever opens decides what to do. */
  private stopped(reason: string): void {
    if (this.dead) return;
    if (this.made.length === 0) return this.end(new WorkerDied(reason));
    const [first, ...others] = this.taken();
    if (!first || first.tries + 1 < TRIES) return this.replace(first ? [{ ...first, tries: first.tries + 1 }, ...others] : others);
    first.reject(new WorkerDied(reason));
    this.replace(others);
  }

  /** A fresh worker that knows what the one before knew; for a page that was sealed meanwhile, under its policy. */
  renew(): void {
    if (!this.dead && this.made.length > 0) this.replace(this.taken());
  }

  private replace(waiting: Waiting[]): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.replaced += 1;
    const { made } = this;
    this.made = [];
    for (const { message, print } of made) {
      this.send(message, {
        // A file that has changed or gone meanwhile: slices and findings would no longer be those of this scan.
        resolve: (answer) => printOf(answer) === print || this.end(new WorkerDied(strings.scan.changed)),
        // A worker that stops while it opens what it had opened before is beyond help.
        reject: (error) => this.end(error),
        onProgress: undefined,
        tries: 0,
      });
    }
    for (const each of waiting) this.send(each.message, each);
    void this.start();
  }

  /** All that waits, in order, and no longer waits. */
  private taken(): Waiting[] {
    const all = [...this.waiting.values()];
    for (const { watchdog } of all) watchdog.stop();
    this.waiting.clear();
    return all;
  }
}
