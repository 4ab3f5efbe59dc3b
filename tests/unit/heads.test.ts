/** Which part of a network answers, and by which numbers it is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf, headInSlices, headOf, operatingOf, thresholdInSlices } from '../../www/src/shared/heads.ts';
import type { ModelCard } from '../../www/src/shared/wasm/engine-wasm.ts';

const alone: { threshold: number; temperature: number; context?: null } = { threshold: 0.6, temperature: 1.5 };
const looking = { ...alone, context: { threshold: 0.3, temperature: 0.8 } };
const lone = Float32Array.from([0.1, 0.2, NaN, NaN]);
const view = Float32Array.from([0.1, 0.2, 0.3, 0.4]);

test('each part has its own numbers; a network with one part has those of the patch', () => {
  assert.deepEqual(operatingOf(looking, 'context'), looking.context);
  assert.deepEqual(operatingOf(looking, 'patch'), alone);
  assert.deepEqual(operatingOf(alone, 'context'), alone);
  assert.equal(thresholdInSlices(looking), 0.3);
  assert.equal(thresholdInSlices({ ...alone, context: null }), 0.6);
});

test('surroundings are seen where they are known and the network looks at them', () => {
  assert.equal(headOf(looking, view), 'context');
  assert.equal(headOf(looking, lone), 'patch');
  assert.equal(headOf(alone, view), 'patch');
  assert.deepEqual([headInSlices(looking), headInSlices(alone)], ['context', 'patch']);
});

test('a card’s figures are those of the part', () => {
  const card = { roc: [[0, 0, 1]], context: { alone: 2, roc: [[0, 1, 0.5]] } } as unknown as ModelCard;
  assert.deepEqual(figuresOf(card, 'context').roc, [[0, 1, 0.5]]);
  assert.deepEqual(figuresOf(card, 'patch').roc, [[0, 0, 1]]);
  assert.equal(figuresOf({ ...card, context: null }, 'context').roc, card.roc);
});
