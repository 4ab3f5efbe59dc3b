/**
 * One worker, as promises: ids, progress, cancelling, silence, death, idleness. A worker is disposable. It starts with the
 * first request; whoever stops is dealt with by the channel's policy; one that has had nothing to do for a while ends, and
 * the next request starts another, which is first given again what the state of the one before was made by.
 *
 * A worker answers one request after the other, so only the one at work is watched for silence, and only from when it was
 * delivered: code that is still loading is not the worker's fault.
 */
import { workerFaults } from '../../strings/workers.ts';
import type { Problem } from '../problem.ts';
import { scriptUrl } from '../trusted-types.ts';
import type { Ahead, AskOptions, Message, Plan } from './plan.ts';
import { Watchdog } from './watchdog.ts';
import type { CancelMessage, FromAnyWorker } from './wire.ts';
import { RequestFailed, WorkerDied } from './worker-errors.ts';

interface Waiting<Ask, Answer, Progress> {
  /** Another one each time that it is sent. */
  id: number;
  request: Ask;
  options: AskOptions<Answer, Progress>;
  /** Workers that stopped on it. */
  tries: number;
  /** Given again for the state; nobody asked. */
  replayed: boolean;
  silence: number;
  /** It was sent to the worker that runs. */
  delivered: boolean;
  /** Its asker has been answered already. */
  abandoned: boolean;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
  stopListening(): void;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

export class WorkerChannel<Ask extends Message, Answer extends Message, Progress = unknown> {
  private readonly plan: Plan<Ask>;
  private worker: Worker | undefined;
  private starting: Promise<Worker> | undefined;
  /** Raised with every worker that is dropped: a start from before no longer counts. */
  private generation = 0;
  /** In the order of delivery, those that are not delivered yet behind. */
  private waiting: Waiting<Ask, Answer, Progress>[] = [];
  /** What a fresh worker is given first. */
  private made: { request: Ask; state: (answer: Answer) => string; print: string }[] = [];
  private told = new Set<string>();
  private nextId = 1;
  private watchdog: Watchdog | undefined;
  private idleTimer: ReturnType<typeof setTimeout> | undefined;
  private reason: Error | undefined;
  private retired = false;

  constructor(plan: Plan<Ask>) {
    this.plan = plan;
  }

  /** Whether it can be asked; its worker may be gone for being idle. */
  get alive(): boolean {
    return this.reason === undefined;
  }

  /** Rejects with `WorkerDied`, `RequestFailed`, the reason of `signal`, or what `end` was given. */
  ask(request: Ask, options: AskOptions<Answer, Progress> = {}): Promise<Answer> {
    const { signal, cancel } = options;
    if (this.reason) return Promise.reject(this.reason);
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise<Answer>((resolve, reject) => {
      const entry = this.entry(request, resolve, reject, options);
      const onAbort = (): void => this.abandon(entry, signal?.reason);
      const onCancel = (): void => this.cancel(entry);
      signal?.addEventListener('abort', onAbort, { once: true });
      cancel?.addEventListener('abort', onCancel, { once: true });
      entry.stopListening = () => {
        signal?.removeEventListener('abort', onAbort);
        cancel?.removeEventListener('abort', onCancel);
      };
      this.send(entry);
    });
  }

  /** Ends the worker and whatever it was doing, for good. */
  end(reason: Error): void {
    if (this.reason) return;
    this.reason = reason;
    this.clear(reason);
  }

  /** Ends the worker and all that waits; the channel stays, and a later request starts a fresh worker without state. */
  clear(reason: Error): void {
    const all = this.taken();
    this.made = [];
    this.drop();
    for (const each of all) each.reject(reason);
  }

  /** Ends when all that it was asked is answered. */
  retire(): void {
    this.retired = true;
    if (this.waiting.length === 0) this.end(new WorkerDied(''));
  }

  /** A fresh worker for all that waits, with the state of the one before. */
  renew(): void {
    if (!this.reason && (this.worker ?? this.starting)) this.replace(this.taken());
  }

  private entry(request: Ask, resolve: (answer: Answer) => void, reject: (error: unknown) => void, options: AskOptions<Answer, Progress>): Waiting<Ask, Answer, Progress> {
    return {
      id: this.nextId++, request, options, tries: 0, replayed: false, silence: this.plan.silence(request), delivered: false, abandoned: false, stopListening: () => undefined,
      resolve(answer) {
        this.stopListening();
        resolve(answer);
      },
      reject(error) {
        this.stopListening();
        reject(error);
      },
    };
  }

  private send(entry: Waiting<Ask, Answer, Progress>): void {
    clearTimeout(this.idleTimer);
    this.waiting.push(entry);
    const { id } = entry;
    const failed = (error: unknown): void => {
      if (entry.id === id && this.take(entry)) entry.reject(error);
      this.rest();
    };
    const ahead = this.plan.ahead?.(entry.request);
    // At once where that can be: whoever asks threads begins with work of its own, and lets nothing run until that is done.
    if (!ahead && this.worker) {
      try {
        this.post(entry, this.worker);
      } catch (error) {
        failed(error);
      }
    } else this.deliver(entry, ahead).catch(failed);
  }

  private async deliver(entry: Waiting<Ask, Answer, Progress>, before: Promise<Ahead> | undefined): Promise<void> {
    const { id } = entry;
    const [ahead, worker] = await Promise.all([before, this.running()]);
    // Abandoned since, or sent again because that worker was replaced.
    if (entry.id !== id || worker !== this.worker || !this.waiting.includes(entry)) return this.rest();
    if (ahead && !this.told.has(ahead.key)) {
      this.told.add(ahead.key);
      worker.postMessage(ahead.message);
    }
    this.post(entry, worker);
  }

  private post(entry: Waiting<Ask, Answer, Progress>, worker: Worker): void {
    const { before, transfer = [], cancel } = entry.options;
    // Behind those that were delivered before.
    this.waiting = this.waiting.filter((each) => each !== entry);
    this.waiting.splice(this.waiting.filter(({ delivered }) => delivered).length, 0, entry);
    entry.delivered = true;
    if (before) worker.postMessage(before);
    worker.postMessage({ ...entry.request, id: entry.id }, transfer);
    // The wish to end may be older than the request.
    if (cancel?.aborted) this.cancel(entry);
    if (this.waiting[0] === entry) this.watch();
  }

  /** The worker, or a fresh one that has been given the state again. */
  private running(): Promise<Worker> {
    this.starting ??= this.start();
    return this.starting;
  }

  private async start(): Promise<Worker> {
    const { generation } = this;
    try {
      const { script, first } = await this.plan.load();
      if (generation !== this.generation) throw new WorkerDied(workerFaults.stopped);
      const worker = this.spawn(script);
      this.worker = worker;
      if (first) worker.postMessage(first);
      for (const each of this.made) this.post(this.again(each), worker);
      return worker;
    } catch (error) {
      if (generation === this.generation) {
        this.starting = undefined;
        // What the state was made by cannot be given again: there is nothing to go on with.
        if (this.made.length > 0) this.endBy(asError(error));
      }
      throw error;
    }
  }

  private again({ request, state, print }: (typeof this.made)[number]): Waiting<Ask, Answer, Progress> {
    const entry = this.entry(
      request,
      (answer) => {
        if (state(answer) !== print) this.endBy(new WorkerDied(this.plan.changed ?? workerFaults.stopped));
      },
      (error) => this.endBy(asError(error)),
      {},
    );
    entry.replayed = true;
    return entry;
  }

  private spawn(script: string): Worker {
    const { name, spawn } = this.plan;
    const worker = spawn ? spawn(script, name) : new Worker(scriptUrl(script), { name });
    const own = (act: () => void): void => {
      if (this.worker === worker) act();
    };
    worker.onmessage = (event: MessageEvent<FromAnyWorker | (Answer & { id: number })>) => own(() => this.receive(event.data));
    worker.onerror = (event) => {
      event.preventDefault();
      own(() => this.stopped(event.message || workerFaults.stopped));
    };
    worker.onmessageerror = () => own(() => this.stopped(workerFaults.unreadable));
    return worker;
  }

  private receive(message: FromAnyWorker | (Answer & { id: number })): void {
    if (message.kind === 'died') return this.stopped((message as { message: string }).message);
    const { id } = message as { id: number };
    const entry = this.waiting.find((each) => each.id === id);
    if (!entry) return;
    if (message.kind === 'progress') {
      if (!entry.abandoned) entry.options.onProgress?.(message as Progress);
      return this.watch();
    }
    this.take(entry);
    if (message.kind === 'failed') entry.reject(new RequestFailed((message as { problem: Problem }).problem));
    else {
      const { state } = entry.options;
      if (state) this.made.push({ request: entry.request, state, print: state(message as Answer) });
      entry.resolve(message as Answer);
    }
    this.rest();
  }

  private stopped(reason: string): void {
    if (this.reason) return;
    const died = new WorkerDied(reason);
    const delivered = this.waiting.filter((each) => each.delivered);
    // One that stops before anything was delivered would stop for ever, one worker after the other.
    const concerned = delivered.length > 0 ? delivered : this.waiting.slice(0, 1);
    // A worker that stops on what the one before had done is beyond help.
    const goOn = delivered[0]?.replayed ? undefined : this.plan.policy(concerned, this.made.length > 0);
    if (!goOn) return this.endBy(died);
    const waiting = this.taken();
    const again = waiting.filter((each) => !concerned.includes(each) || goOn.includes(each));
    for (const each of waiting) if (!again.includes(each)) each.reject(died);
    this.replace(again);
  }

  /** It ends by itself: whoever owns it hears of that, and before those that wait do. */
  private endBy(reason: Error): void {
    if (this.reason) return;
    // A rejection is heard of only when this call has returned.
    this.end(reason);
    if (!this.retired) this.plan.gone?.(reason);
  }

  private replace(waiting: Waiting<Ask, Answer, Progress>[]): void {
    this.drop();
    for (const each of waiting) {
      // What made the state is given again by `start`, and nobody needs what was abandoned.
      if (each.abandoned || each.replayed) continue;
      Object.assign(each, { id: this.nextId++, delivered: false });
      this.send(each);
    }
  }

  private abandon(entry: Waiting<Ask, Answer, Progress>, reason: unknown): void {
    entry.reject(reason);
    if (!entry.delivered) {
      this.take(entry);
      return this.rest();
    }
    entry.abandoned = true;
    entry.silence = this.plan.abandoned ?? entry.silence;
    this.cancel(entry);
    if (this.waiting[0] === entry) this.watch();
  }

  private cancel({ id, delivered }: Waiting<Ask, Answer, Progress>): void {
    if (delivered) this.worker?.postMessage({ kind: 'cancel', id } satisfies CancelMessage);
  }

  /** A sign of life: the one at work has its whole time again. */
  private watch(): void {
    this.watchdog?.stop();
    const [first] = this.waiting;
    if (!first?.delivered) return;
    const { silence } = first;
    this.watchdog = new Watchdog(silence, () => this.stopped(workerFaults.noAnswer(Math.round(silence / 1000))));
  }

  /** After an answer: the next one is at work, or there is nothing to do. */
  private rest(): void {
    this.watch();
    if (this.waiting.length > 0 || this.reason) return;
    if (this.retired) return this.end(new WorkerDied(''));
    clearTimeout(this.idleTimer);
    const idle = this.plan.idle?.();
    if (idle === undefined || !this.worker) return;
    this.idleTimer = setTimeout(() => {
      // What holds it may have come since.
      if (this.plan.idle?.() === undefined) this.rest();
      else this.drop();
    }, idle);
  }

  /** Without a worker; the next request starts one. */
  private drop(): void {
    clearTimeout(this.idleTimer);
    this.watchdog?.stop();
    this.worker?.terminate();
    this.worker = undefined;
    this.starting = undefined;
    this.generation += 1;
    this.told = new Set();
  }

  private take(entry: Waiting<Ask, Answer, Progress>): boolean {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((each) => each !== entry);
    return this.waiting.length < before;
  }

  /** All that waits, and no longer waits. */
  private taken(): Waiting<Ask, Answer, Progress>[] {
    const all = this.waiting;
    this.waiting = [];
    return all;
  }
}
