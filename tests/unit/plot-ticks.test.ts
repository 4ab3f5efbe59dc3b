/** Ticks of a plot: round numbers, inside the axis, about as many as wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain, position, ticks } from '../../www/src/ui/plot/plot-frame.ts';

const of = (min: number, max: number, wanted?: number): number[] => ticks({ label: '', min, max, ...(wanted ? { ticks: wanted } : {}) });

test('1, 2 or 5 of a power of ten apart, without the dust of floating point', () => {
  assert.deepEqual(of(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(of(0, 0.3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(of(0, 15), [0, 5, 10, 15]);
  assert.deepEqual(of(-1000, 400), [-1000, -500, 0]);
  assert.deepEqual(of(0, 1, 2), [0, 0.5, 1]);
});

test('never more than twice as many as wanted, all of them on the axis', () => {
  for (const [min, max] of [[0, 7e-5], [3.2, 3.3], [-0.7, 2.9], [1e6, 3.7e6], [0, 49]] as const) {
    const found = of(min, max);
    assert.ok(found.length >= 2 && found.length <= 10, `${min} to ${max}: ${found.join()}`);
    for (const tick of found) assert.ok(tick >= min - 1e-9 && tick <= max * (1 + 1e-9));
  }
});

test('an axis without length, or of numbers that are none, has one tick and no endless loop', () => {
  assert.deepEqual(of(3, 3), [3]);
  assert.deepEqual(of(0, Infinity), [0]);
  assert.deepEqual(of(0, NaN), [0]);
});

test('a value lies where it should, and what is outside at the edge', () => {
  const axis = { label: '', min: 0, max: 4 };
  const frame = { x: axis, y: axis, left: 10, right: 50, top: 0, foot: 80 };
  assert.deepEqual([position(frame, 'x', 1), position(frame, 'y', 1), position(frame, 'x', 9), position(frame, 'y', -1)], [20, 60, 50, 80]);
  assert.deepEqual([0.123456, 1000, 1.5].map(plain), ['0.123', '1000', '1.5']);
});
