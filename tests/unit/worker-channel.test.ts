/** The channel to a worker, with a worker that a test plays and a clock that it turns. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { die, replay, retry } from '../../www/src/shared/channel/policies.ts';
import { WorkerChannel } from '../../www/src/shared/channel/worker-channel.ts';
import type { AskOptions, Plan } from '../../www/src/shared/channel/plan.ts';
import { RequestFailed, WorkerDied } from '../../www/src/shared/channel/worker-errors.ts';

type Ask = { kind: string; say?: string };
type Answer = { kind: 'said'; word: string };
type Progress = { kind: 'progress'; id: number; far: number };
type Said = { kind: string; id: number } & Record<string, unknown>;

/** A worker that does nothing by itself. */
class Played {
  readonly heard: Said[] = [];
  ended = false;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  onmessageerror: (() => void) | null = null;

  postMessage(message: Said): void {
    this.heard.push(message);
  }
  terminate(): void {
    this.ended = true;
  }
  says(message: object): void {
    this.onmessage?.({ data: message });
  }
  answers(word: string, at = this.requests.length - 1): void {
    this.says({ kind: 'said', id: this.requests[at]?.id, word });
  }
  /** Without what is not queued. */
  get requests(): Said[] {
    return this.heard.filter(({ kind, id }) => id !== undefined && kind !== 'cancel');
  }
}

const SECOND = 1000;
let workers: Played[] = [];
const last = (): Played => workers.at(-1) as Played;
/** Lets what waits for promises go on. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};
/** The clock goes on in small steps, so that the watchdog's ticks come when they are due. */
const pass = async (seconds: number): Promise<void> => {
  for (let i = 0; i < 8 * seconds; i += 1) {
    mock.timers.tick(SECOND / 8);
    await settle();
  }
};
function channel(plan: Partial<Plan<Ask>> = {}): WorkerChannel<Ask, Answer, Progress> {
  return new WorkerChannel({
    name: 'test',
    policy: die,
    load: () => Promise.resolve({ script: 'blob:test' }),
    silence: () => 10 * SECOND,
    spawn: () => {
      workers.push(new Played());
      return last() as unknown as Worker;
    },
    ...plan,
  });
}
/** Asked, and what became of it. */
function asked(of: ReturnType<typeof channel>, say: string, options: AskOptions<Answer, Progress> = {}): { word?: string; error?: unknown } {
  const became: { word?: string; error?: unknown } = {};
  of.ask({ kind: 'say', say }, options).then(({ word }) => (became.word = word), (error: unknown) => (became.error = error));
  return became;
}

beforeEach(() => {
  workers = [];
  let now = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
  // The watchdog counts by this clock.
  mock.method(performance, 'now', () => now);
  const { tick } = mock.timers;
  mock.method(mock.timers, 'tick', (milliseconds: number) => {
    now += milliseconds;
    tick.call(mock.timers, milliseconds);
  });
});
afterEach(() => {
  mock.reset();
  mock.timers.reset();
});

test('answers go to those who asked, whatever their order; a typed error is one of the request alone', async () => {
  const of = channel();
  const [first, second, third] = [asked(of, 'a'), asked(of, 'b'), asked(of, 'c')];
  await settle();
  assert.equal(workers.length, 1);
  last().answers('B', 1);
  last().answers('A', 0);
  last().says({ kind: 'failed', id: last().requests[2]?.id, problem: { code: 'x', message: 'no', hint: '' } });
  await settle();
  assert.deepEqual([first, second], [{ word: 'A' }, { word: 'B' }]);
  assert.ok(third.error instanceof RequestFailed);
  assert.ok(of.alive);
});

test('the watchdog runs from delivery: code that loads for minutes is nobody’s silence', async () => {
  let loaded: (code: { script: string }) => void = () => undefined;
  const of = channel({ load: () => new Promise((resolve) => (loaded = resolve)) });
  const became = asked(of, 'a');
  await pass(300);
  assert.deepEqual(became, {});
  loaded({ script: 'blob:late' });
  await settle();
  await pass(9);
  assert.deepEqual(became, {});
  await pass(2);
  assert.ok(became.error instanceof WorkerDied);
});

test('who waits behind another is not watched; the one at work is fed by its progress', async () => {
  const heard: number[] = [];
  const of = channel();
  const first = asked(of, 'long', { onProgress: ({ far }) => heard.push(far) });
  const second = asked(of, 'short');
  await settle();
  for (let far = 0; far < 5; far += 1) {
    await pass(8);
    last().says({ kind: 'progress', id: last().requests[0]?.id, far });
  }
  assert.deepEqual(heard, [0, 1, 2, 3, 4]);
  last().answers('done', 0);
  await pass(8);
  assert.deepEqual([first, second], [{ word: 'done' }, {}]);
  await pass(3);
  assert.ok(second.error instanceof WorkerDied);
  assert.ok(last().ended);
});

test('a wish to cancel that came before the request was delivered is not lost', async () => {
  const of = channel();
  const cancel = new AbortController();
  cancel.abort();
  asked(of, 'a', { cancel: cancel.signal });
  await settle();
  const id = last().requests[0]?.id;
  assert.deepEqual(last().heard.slice(1), [{ kind: 'cancel', id }]);
});

test('a cancelled request is answered all the same; a signal rejects at once and is no longer listened to', async () => {
  const of = channel({ abandoned: 3 * SECOND });
  const [cancel, abort] = [new AbortController(), new AbortController()];
  const first = asked(of, 'a', { cancel: cancel.signal });
  await settle();
  cancel.abort();
  assert.deepEqual(last().heard.at(-1), { kind: 'cancel', id: last().requests[0]?.id });
  last().answers('half');
  await settle();
  assert.deepEqual(first, { word: 'half' });

  const second = asked(of, 'b', { signal: abort.signal });
  abort.abort(new Error('enough'));
  await settle();
  assert.equal((second.error as Error).message, 'enough');
  const before = last().heard.length;
  cancel.abort();
  assert.equal(last().heard.length, before, 'the listener of an answered request is gone');
  // What is no longer wanted gets a moment, not the whole time.
  await pass(2);
  assert.ok(of.alive);
  await pass(2);
  assert.equal(of.alive, false);
  const already = asked(of, 'c', { signal: AbortSignal.abort(new Error('before')) });
  await settle();
  assert.ok(already.error instanceof Error);
});

test('die: its owner hears of it before those that wait', async () => {
  const order: string[] = [];
  const of = channel({ gone: ({ message }) => order.push(`gone: ${message}`) });
  of.ask({ kind: 'say' }).catch((error: Error) => order.push(`asker: ${error.message}`));
  await settle();
  last().says({ kind: 'died', message: 'panic' });
  await settle();
  assert.deepEqual(order, ['gone: panic', 'asker: panic']);
  assert.equal(of.alive, false);
});

test('retry: a fresh worker is asked once more; what stops two is refused, the others go on', async () => {
  const of = channel({ policy: retry });
  const [first, second] = [asked(of, 'bad'), asked(of, 'good')];
  await settle();
  last().onerror?.({ message: 'one', preventDefault: () => undefined });
  await settle();
  assert.equal(workers.length, 2);
  assert.deepEqual(last().requests.map(({ say }) => say), ['bad', 'good']);
  last().says({ kind: 'died', message: 'two' });
  await settle();
  assert.equal((first.error as Error).message, 'two');
  assert.equal(workers.length, 3);
  assert.deepEqual(last().requests.map(({ say }) => say), ['good']);
  last().answers('fine');
  await settle();
  assert.deepEqual(second, { word: 'fine' });
});

test('retry: a worker that stops before anything was delivered is not started for ever', async () => {
  const of = channel({ policy: retry, ahead: () => new Promise(() => undefined) });
  const became = asked(of, 'needs weights that never come');
  await settle();
  for (let i = 0; i < 5 && !became.error; i += 1) {
    last().onerror?.({ message: 'refused', preventDefault: () => undefined });
    await settle();
  }
  assert.ok(became.error instanceof WorkerDied);
  assert.equal(workers.length, 2);
});

const state = ({ word }: Answer): string => word;

test('replay: a fresh worker is first given the state again, and goes on', async () => {
  const of = channel({ policy: replay });
  const opened = asked(of, 'open', { state });
  await settle();
  last().answers('scan 7');
  const slice = asked(of, 'slice');
  await settle();
  last().says({ kind: 'died', message: 'stopped' });
  await settle();
  assert.deepEqual(last().requests.map(({ say }) => say), ['open', 'slice']);
  last().answers('scan 7', 0);
  last().answers('pixels', 1);
  await settle();
  assert.deepEqual([opened, slice], [{ word: 'scan 7' }, { word: 'pixels' }]);
});

test('replay: before there is a state the channel ends; with another state it ends, too', async () => {
  const early = channel({ policy: replay });
  const opening = asked(early, 'open', { state });
  await settle();
  last().says({ kind: 'died', message: 'stopped' });
  await settle();
  assert.ok(opening.error instanceof WorkerDied);
  assert.equal(early.alive, false);

  const of = channel({ policy: replay, changed: 'another file' });
  asked(of, 'open', { state });
  await settle();
  last().answers('scan 7');
  const slice = asked(of, 'slice');
  await settle();
  last().says({ kind: 'died', message: 'stopped' });
  await settle();
  last().answers('scan 8', 0);
  await settle();
  assert.equal((slice.error as Error).message, 'another file');
});

test('an idle worker ends after a while, and comes back with its state when it is asked', async () => {
  const of = channel({ idle: () => 60 * SECOND });
  asked(of, 'start', { state });
  await settle();
  last().answers('ready');
  await pass(59);
  assert.equal(last().ended, false);
  await pass(2);
  assert.ok(last().ended);
  assert.ok(of.alive);
  const again = asked(of, 'work');
  await settle();
  assert.equal(workers.length, 2);
  assert.deepEqual(last().requests.map(({ say }) => say), ['start', 'work']);
  last().answers('ready', 0);
  last().answers('done', 1);
  await settle();
  assert.deepEqual(again, { word: 'done' });
});

test('what must not end is not idle, and is when it may', async () => {
  let held = true;
  const of = channel({ idle: () => (held ? undefined : 10 * SECOND) });
  asked(of, 'train');
  await settle();
  last().answers('begun');
  await pass(100);
  assert.equal(last().ended, false);
  held = false;
  asked(of, 'end');
  await settle();
  last().answers('ended');
  await pass(11);
  assert.ok(last().ended);
});

test('what a request needs is told once a worker, and again to a fresh one', async () => {
  const of = channel({ policy: retry, ahead: ({ say }) => Promise.resolve({ key: say ?? '', message: { kind: 'load', say } }) });
  asked(of, 'net');
  await settle();
  last().answers('1');
  asked(of, 'net');
  await settle();
  assert.deepEqual(last().heard.map(({ kind }) => kind), ['load', 'say', 'say']);
  last().says({ kind: 'died', message: 'stopped' });
  await settle();
  assert.deepEqual(last().heard.map(({ kind }) => kind), ['load', 'say']);
});

test('code that cannot be loaded is an error of whoever asked; the next one tries again', async () => {
  let works = false;
  const of = channel({ load: () => (works ? Promise.resolve({ script: 'blob:x' }) : Promise.reject(new Error('404'))) });
  const first = asked(of, 'a');
  await settle();
  assert.equal((first.error as Error).message, '404');
  works = true;
  asked(of, 'b');
  await settle();
  assert.equal(last().requests[0]?.['say'], 'b');
});

test('renewed while the code is loading: asked once, of the new worker', async () => {
  const loads: ((code: { script: string }) => void)[] = [];
  const of = channel({ policy: retry, load: () => new Promise((resolve) => loads.push(resolve)) });
  const became = asked(of, 'a');
  await settle();
  of.renew();
  await settle();
  for (const load of loads) load({ script: 'blob:x' });
  await settle();
  assert.equal(workers.length, 1);
  assert.equal(last().requests.length, 1);
  last().answers('once');
  await settle();
  assert.deepEqual(became, { word: 'once' });
});

test('retired: what was asked is answered, then it ends, and its owner need not hear', async () => {
  let gone = 0;
  const of = channel({ gone: () => (gone += 1) });
  const became = asked(of, 'a');
  await settle();
  of.retire();
  last().answers('last word');
  await settle();
  assert.deepEqual(became, { word: 'last word' });
  assert.ok(last().ended);
  assert.equal(gone, 0);
});
