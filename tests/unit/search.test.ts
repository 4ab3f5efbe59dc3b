/** The search of a scan: which slices, in which order, cancelled when, and what of a lost slice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineWorker } from '../../www/src/page/engines/engine-client.ts';
import type { Engines } from '../../www/src/page/engines/engines.ts';
import type { OpenScan } from '../../www/src/page/scan/open-scan.ts';
import { Search } from '../../www/src/page/scan/search.ts';
import { WorkerDied } from '../../www/src/shared/channel/worker-errors.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
};

interface Played {
  search: Search;
  /** Of the engine, in order. */
  asked: string[];
  /** The loader's slices, given when they are let go. */
  give: Map<number, (error?: Error) => void>;
  /** What the engine's checks will say, one after the other; afterwards all is well. */
  checks: boolean[];
}

function played(depth: number, { slow = false, noLung = [] as number[] } = {}): Played {
  const asked: string[] = [];
  const give: Played['give'] = new Map();
  const checks: boolean[] = [];
  const worker = {
    engine: 'cpu',
    ask: (request: { kind: string; slice?: { z: number }; depth?: number; peaks?: [number, unknown][] }) => {
      const { kind } = request;
      if (kind === 'order') return Promise.resolve({ order: [2, 0, 1].filter((z) => z < depth) });
      if (kind === 'merge') return Promise.resolve({ findings: (request.peaks ?? []).map(([z]) => ({ voxel: [0, 0, z] })) });
      asked.push(`${kind} ${request.slice?.z}`);
      const z = request.slice?.z ?? 0;
      return Promise.resolve({ searched: { map: { width: 1, height: 1, stepPx: [1, 1], probability: Float32Array.of(0.5 + z / 10) }, peaks: [{ pixel: [1, 2], probability: 0.5, diameterMm: 5 }], note: undefined, milliseconds: 10, whole: true, share: 1 } });
    },
  } as unknown as EngineWorker;
  const engines = {
    work: (task: (worker: EngineWorker, model: object, engine: string) => Promise<unknown>) => task(worker, { modelId: 'm' }, 'cpu'),
    verify: () => Promise.resolve(checks.shift() ?? true),
  } as unknown as Engines;
  const scan = {
    depth,
    geometry: { size: [1, 1, depth] },
    loader: { alive: true },
    numberOf: (z: number) => z + 1,
    sliceIn: (z: number) => (slow ? new Promise((resolve, reject) => give.set(z, (error) => (error ? reject(error) : resolve({ z })))) : Promise.resolve({ z })),
    lungs: (z: number) => Promise.resolve({ inside: Uint8Array.of(noLung.includes(z) ? 0 : 1), share: 1 }),
  } as unknown as OpenScan;
  return { search: new Search(engines, scan, () => undefined), asked, give, checks };
}

test('the volume: in the order that the engine gives, each slice once, and findings of all of them', async () => {
  const { search, asked } = played(3);
  await search.volume(true);
  assert.deepEqual(asked, ['search-slice 2', 'search-slice 0', 'search-slice 1']);
  const { outcome } = search;
  assert.deepEqual([outcome?.what, outcome?.slices, outcome?.whole, outcome?.findings.length], ['volume', 3, true, 3]);
  assert.deepEqual(search.alongZ.map((p) => p?.toFixed(1)), ['0.5', '0.6', '0.7']);
  assert.equal(search.running, false);
});

test('cancelled while a slice is prepared: it is not begun', async () => {
  const { search, asked, give } = played(3, { slow: true });
  const running = search.volume(false);
  await settle();
  search.cancel();
  give.get(2)?.();
  await settle();
  give.get(0)?.();
  await running;
  assert.deepEqual(asked, []);
  assert.equal(search.outcome?.whole, false);
});

test('cancelled in the middle: what was found stays, and is called a part', async () => {
  const { search, asked, give } = played(3, { slow: true });
  const running = search.volume(false);
  await settle();
  give.get(2)?.();
  await settle();
  search.cancel();
  give.get(0)?.();
  await running;
  assert.deepEqual(asked, ['search-slice 2']);
  assert.deepEqual([search.outcome?.whole, search.outcome?.findings.length], [false, 1]);
});

test('slices without lung are not asked for', async () => {
  const { search, asked } = played(3, { noLung: [0, 2] });
  await search.volume(true);
  assert.deepEqual(asked, ['search-slice 1']);
  assert.ok(Number.isNaN(search.alongZ[0]));
  assert.equal(search.outcome?.whole, true);
});

test('a slice on which the loader stops is named and left out; the others are searched', async () => {
  const { search, asked, give } = played(3, { slow: true });
  const running = search.volume(false);
  for (const [z, error] of [[2], [0, new WorkerDied('stopped')], [1]] as [number, Error?][]) {
    await settle();
    give.get(z)?.(error);
  }
  await running;
  assert.deepEqual(asked, ['search-slice 2', 'search-slice 1']);
  assert.equal(search.outcome?.whole, false);
  assert.match(search.outcome?.notes.join() ?? '', /Slice 1 was left out/);
});

test('an engine that cannot be believed: all of it again', async () => {
  const { search, asked, checks } = played(3);
  checks.push(false);
  await search.volume(true);
  assert.equal(asked.length, 6);
  assert.equal(search.outcome?.findings.length, 3);
});
