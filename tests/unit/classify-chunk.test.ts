/** A chunk of files through whatever happens to the engines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyChunk } from '../../www/src/page/engines/classify-chunk.ts';
import type { Chunked } from '../../www/src/page/engines/classify-chunk.ts';
import type { Live, Outcome } from '../../www/src/page/engines/engine-states.ts';
import { readSources } from '../../www/src/page/intake/arrivals.ts';
import { WorkerDied } from '../../www/src/shared/channel/worker-errors.ts';

const sources = Array.from({ length: 13 }, (_, key) => ({ key, blob: new Blob([String(key)]) }));

/** Engines that die of some files; `log`: how many files each was given. */
function played(deadly: number[], log: number[]): Chunked {
  let started = 0;
  const live = (): Live => ({ worker: { name: (started += 1) }, model: { engine: `cpu ${started}` } }) as unknown as Live;
  let running: Live | undefined;
  return {
    first: live(),
    cpu: () => Promise.resolve((running ??= live())),
    lost: () => (running = undefined),
    ask(on, { files }) {
      log.push(files.length);
      if (files.some(({ key }) => deadly.includes(key))) return Promise.reject(new WorkerDied('unreachable'));
      return Promise.resolve(files.map(({ key }) => ({ file: { key, ok: true }, engine: on.model.engine, model: on.model, worker: on.worker }) as unknown as Outcome));
    },
  };
}

test('a worker that dies once: all of the chunk, on a fresh one', async () => {
  const log: number[] = [];
  const by = played([], log);
  const { ask } = by;
  let first = true;
  by.ask = (on, files) => {
    if (!first) return ask(on, files);
    first = false;
    return Promise.reject(new WorkerDied('killed'));
  };
  const outcomes = await classifyChunk(by, sources, readSources(sources), new AbortController().signal);
  assert.deepEqual(outcomes.map(({ file }) => file.key), sources.map(({ key }) => key));
  assert.deepEqual(log, [13]);
});

test('two files that every engine dies of are set aside alone; the others are answered, in order', async () => {
  const log: number[] = [];
  const outcomes = await classifyChunk(played([4, 5], log), sources, readSources(sources), new AbortController().signal);
  assert.deepEqual(outcomes.map(({ file }) => [file.key, file.ok]), sources.map(({ key }) => [key, key !== 4 && key !== 5]));
  const [bad] = outcomes.filter(({ file }) => !file.ok);
  assert.ok(bad && !bad.file.ok && bad.file.problem.code === 'engine-stopped');
  assert.ok(log.length <= 14, log.join());
});

test('a cancelled chunk is not tried again', async () => {
  const log: number[] = [];
  const cancelled = new AbortController();
  cancelled.abort();
  await assert.rejects(classifyChunk(played([0], log), sources, readSources(sources), cancelled.signal), WorkerDied);
  assert.deepEqual(log, [13]);
});
