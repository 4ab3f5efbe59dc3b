/** The page's own files from a server that answers, breaks, or falls silent. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { FetchError, fetchBytes, fetchWhole } from '../../www/src/page/assets/fetch-file.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
const pass = async (seconds: number): Promise<void> => {
  for (let i = 0; i < seconds; i += 1) {
    now += 1000;
    mock.timers.tick(1000);
    await settle();
  }
};
let now = 0;

/** Answers with these parts; then the connection stays open and silent where there is no end. */
function server(parts: Uint8Array[], { ends = true, headers = {} as Record<string, string> } = {}): { more: (part: Uint8Array) => void } {
  let send: ReadableStreamDefaultController<Uint8Array> | undefined;
  mock.method(globalThis, 'fetch', (_: URL, { signal }: { signal: AbortSignal }) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = controller;
        for (const part of parts) controller.enqueue(part);
        if (ends) controller.close();
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    return Promise.resolve(new Response(body, { headers }));
  });
  return { more: (part) => send?.enqueue(part) };
}

beforeEach(() => {
  now = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
  mock.method(performance, 'now', () => now);
  Object.assign(globalThis, { document: { getElementById: () => null, baseURI: 'http://127.0.0.1/' } });
});
afterEach(() => {
  mock.reset();
  mock.timers.reset();
});

test('all of it, with progress', async () => {
  server([Uint8Array.of(1, 2), Uint8Array.of(3)], { headers: { 'content-length': '3' } });
  const heard: [number, number][] = [];
  const bytes = await fetchBytes('./models/a.nodulens', (loaded, total) => heard.push([loaded, total]));
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.deepEqual(heard, [[2, 3], [3, 3]]);
});

test('a download that stops in the middle is given up after a while, and never taken for a whole file', async () => {
  server([Uint8Array.of(1, 2)], { ends: false });
  const errors: unknown[] = [];
  void fetchBytes('./models/a.nodulens', () => undefined).catch((reason: unknown) => errors.push(reason));
  await pass(50);
  assert.equal(errors.length, 0);
  await pass(30);
  const [error] = errors;
  assert.ok(error instanceof FetchError);
  assert.match(error.message, /a\.nodulens could not be loaded \(the connection broke\)/);
});

test('the same for what the browser reads by itself: a script, a module that compiles while it streams', async () => {
  server([Uint8Array.of(1)], { ends: false });
  const errors: unknown[] = [];
  void fetchWhole('./worker-cpu.js', (response) => response.arrayBuffer()).catch((reason: unknown) => errors.push(reason));
  await pass(80);
  assert.ok(errors[0] instanceof FetchError);
});

test('a slow download that goes on is not given up', async () => {
  const { more } = server([Uint8Array.of(1)], { ends: false });
  const errors: unknown[] = [];
  void fetchBytes('./models/a.nodulens', () => undefined).catch((reason: unknown) => errors.push(reason));
  for (let i = 0; i < 5; i += 1) {
    await pass(45);
    more(Uint8Array.of(i));
    await settle();
  }
  assert.equal(errors.length, 0);
});

test('less than was announced is an error of this file', async () => {
  server([Uint8Array.of(1, 2)], { headers: { 'content-length': '3' } });
  await assert.rejects(fetchBytes('./models/a.nodulens', () => undefined), FetchError);
});
