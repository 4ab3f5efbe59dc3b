/** The rows: order, filter, counts, clearing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../www/src/page/engines/engine-states.ts';
import { Results } from '../../www/src/page/patches/results.ts';
import type { SortColumn } from '../../www/src/page/patches/results.ts';

function filled(): Results {
  const results = new Results(() => undefined);
  const rows = results.add(['b10', 'b2', 'a', 'z', 'y'].map((name) => ({ name, blob: new Blob() })));
  const settle = (at: number, probability: number, modelId = 'one'): void =>
    results.settle({ file: { key: rows[at]?.key ?? 0, ok: true, patch: {}, prediction: { probability, decision: probability >= 0.5 ? 'nodule' : 'no nodule', logits: [0, 0] }, milliseconds: 10 - at }, engine: 'test', model: { modelId }, worker: {} } as unknown as Outcome);
  settle(0, 0.9);
  settle(1, 0.2, 'two');
  settle(2, 0.6);
  results.settle({ file: { key: rows[3]?.key ?? 0, ok: false, problem: { code: 'not-patch-size', message: '', hint: '' } } } as Outcome);
  results.settle({ file: { key: rows[4]?.key ?? 0, ok: false, problem: { code: 'engine-stopped', message: '', hint: '' } } } as Outcome);
  return results;
}
const names = (results: Results): string[] => results.visible().map(({ name }) => name);

test('sorted by each column: first the end that one looks for, then the other, then as they arrived', () => {
  const cases: [SortColumn, string[], string[]][] = [
    ['name', ['a', 'b2', 'b10', 'y', 'z'], ['z', 'y', 'b10', 'b2', 'a']],
    ['probability', ['b10', 'a', 'b2', 'z', 'y'], ['b2', 'a', 'b10', 'z', 'y']],
    ['time', ['b10', 'b2', 'a', 'z', 'y'], ['a', 'b2', 'b10', 'z', 'y']],
    ['status', ['b10', 'b2', 'a', 'z', 'y'], ['y', 'z', 'b10', 'b2', 'a']],
  ];
  for (const [column, first, second] of cases) {
    const results = filled();
    results.sortBy(column);
    assert.deepEqual(names(results), first, column);
    results.sortBy(column);
    assert.deepEqual(names(results), second, column);
    results.sortBy(column);
    assert.deepEqual(names(results), ['b10', 'b2', 'a', 'z', 'y'], column);
  }
});

test('counted and filtered; what the engine failed on is set aside, what the file is to blame for refused', () => {
  const results = filled();
  assert.deepEqual(results.counts(), { total: 5, waiting: 0, nodule: 2, noNodule: 1, problem: 2, cancelled: 0 });
  assert.deepEqual(results.rows.map(({ state }) => state), ['done', 'done', 'done', 'refused', 'stopped']);
  results.show('problem');
  assert.deepEqual(names(results), ['z', 'y']);
  results.show('no nodule');
  assert.deepEqual(names(results), ['b2']);
});

test('the row in view is the chosen one while the filter shows it', () => {
  const results = filled();
  results.select(results.rows[1]?.key);
  assert.equal(results.selected?.name, 'b2');
  results.show('nodule');
  assert.equal(results.selected?.name, 'b10');
});

test('cleared and undone: what still waited counts as cancelled; something new ends the way back', () => {
  const results = filled();
  results.add([{ name: 'waits', blob: new Blob() }]);
  assert.equal(results.clear(), 6);
  assert.deepEqual(names(results), []);
  results.undoClear();
  assert.deepEqual(results.rows.at(-1)?.state, 'cancelled');
  results.clear();
  results.add([{ name: 'new', blob: new Blob() }]);
  results.undoClear();
  assert.deepEqual(names(results), ['new']);
});

test('what another network answered is known, and reset it waits again without a trace', () => {
  const results = filled();
  const by = results.notBy({ modelId: 'one' } as Parameters<Results['notBy']>[0]);
  assert.deepEqual(by.map(({ name }) => name), ['b2']);
  results.reset(by);
  assert.equal(by[0]?.state, 'waiting');
  assert.ok(!('prediction' in (by[0] ?? {})));
});
