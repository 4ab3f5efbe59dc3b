/** The queue: chunks through an engine that a test plays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineWorker } from '../../www/src/page/engines/engine-client.ts';
import { EngineUnavailable } from '../../www/src/page/engines/engine-states.ts';
import type { Outcome } from '../../www/src/page/engines/engine-states.ts';
import type { Engines } from '../../www/src/page/engines/engines.ts';
import type { Source } from '../../www/src/page/intake/arrivals.ts';
import { Queue } from '../../www/src/page/patches/queue.ts';
import { Results } from '../../www/src/page/patches/results.ts';

/** Chunks of files, each answered when it is told to. */
class Played {
  readonly chunks: number[] = [];
  kind: 'cpu' | 'webgpu' = 'cpu';
  adapter = { kind: 'software' };
  believed = true;
  failure: Error | undefined;
  hold: Promise<void> | undefined;
  active = (): string => this.kind;
  verify = (): Promise<boolean> => Promise.resolve(this.believed);
  async classify(sources: Source[]): Promise<Outcome[]> {
    this.chunks.push(sources.length);
    await this.hold;
    if (this.failure) throw this.failure;
    const worker = { engine: this.kind } as EngineWorker;
    return sources.map(({ key }) => ({ file: { key, ok: true, patch: {}, prediction: { probability: 0.7, decision: 'nodule', logits: [0, 0] }, milliseconds: 1 }, engine: this.kind, model: { modelId: 'm' }, worker }) as unknown as Outcome);
  }
}

function made(): { engines: Played; results: Results; runner: Queue; ended: () => Promise<void> } {
  const engines = new Played();
  const results = new Results(() => undefined);
  let heard: () => void = () => undefined;
  const runner = new Queue(engines as unknown as Engines, results, () => heard());
  const ended = (): Promise<void> =>
    new Promise((resolve) => {
      heard = () => {
        if (!runner.busy) resolve();
      };
      heard();
    });
  return { engines, results, runner, ended };
}
const files = (n: number): { name: string; blob: Blob }[] => Array.from({ length: n }, (_, i) => ({ name: `${i}.png`, blob: new Blob(['x']) }));

test('the first answer comes alone; then the chunks grow, and what arrives during the run joins the end', async () => {
  const { engines, results, runner, ended } = made();
  runner.enqueue(results.add(files(200)));
  runner.enqueue(results.add(files(3)));
  await ended();
  assert.equal(engines.chunks[0], 1);
  assert.ok(Math.max(...engines.chunks) > 16 && Math.max(...engines.chunks) <= 128, engines.chunks.join());
  assert.equal(engines.chunks.reduce((sum, n) => sum + n, 0), 203);
  assert.ok(results.rows.every(({ state }) => state === 'done'));
  assert.equal(runner.state.phase, 'finished');
});

test('cancel answers at once, keeps what is done and marks the rest', async () => {
  const { engines, results, runner, ended } = made();
  const rows = results.add(files(10));
  runner.enqueue(rows.slice(0, 2));
  await ended();
  engines.hold = new Promise(() => undefined);
  runner.enqueue(rows.slice(2));
  runner.cancel();
  await ended();
  assert.deepEqual(results.counts(), { total: 10, waiting: 0, nodule: 2, noNodule: 0, problem: 8, cancelled: 8 });
  assert.deepEqual(runner.state, { phase: 'cancelled', cancelled: 8 });
});

test('an engine that is not there pauses the run; every row waits, and goes on afterwards', async () => {
  const { engines, results, runner, ended } = made();
  engines.failure = new EngineUnavailable({ code: 'x', message: 'gone', hint: '' });
  runner.enqueue(results.add(files(5)));
  await ended();
  assert.equal(runner.state.phase, 'paused');
  assert.equal(results.counts().waiting, 5);
  engines.failure = undefined;
  runner.resume();
  await ended();
  assert.equal(results.counts().nodule, 5);
});

test('what an engine answered that is found to compute wrong numbers is computed again', async () => {
  const { engines, results, runner, ended } = made();
  engines.kind = 'webgpu';
  engines.verify = () => {
    engines.kind = 'cpu';
    return Promise.resolve(false);
  };
  runner.enqueue(results.add(files(6)));
  await ended();
  assert.equal(engines.chunks.reduce((sum, n) => sum + n, 0), 12);
  assert.ok(results.rows.every(({ engine }) => engine === 'cpu'));
});
