/** Whether what arrived is a labelled set, and what is wrong with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Arrivals } from '../../www/src/page/intake/arrivals.ts';
import { recognise } from '../../www/src/page/learn/own-set/recognise.ts';

const arrivals = (files: Record<string, string>): Arrivals => ({ files: Object.entries(files).map(([name, text]) => ({ name, blob: new Blob([text]) })), fromFolder: new Set(), unreadable: [] });

test('a file "labels" beside pictures, by path, by name, by name without its ending', async () => {
  const found = await recognise(arrivals({ 'set/labels.csv': 'name,label\ninner/a.png,1\nb.png,0\nc,1\n', 'set/inner/a.png': '', 'set/b.png': '', 'set/c.png': '', 'set/d.png': '' }), false);
  assert.equal(found.kind, 'set');
  if (found.kind !== 'set') return;
  assert.deepEqual([...found.proposal.labels].map(([{ name }, { nodule }]) => [name, nodule]), [['set/inner/a.png', true], ['set/b.png', false], ['set/c.png', true]]);
  assert.deepEqual(found.proposal.withoutLabel, ['set/d.png']);
  assert.ok(!found.rest.files.some(({ name }) => name.endsWith('.csv')));
});

test('contradictions, repetitions, ambiguous names and names of nothing are each named', async () => {
  const found = await recognise(arrivals({ 'labels.csv': 'file,label\na.png,1\na.png,0\nb.png,1\nb.png,1\nc.png,1\nmissing.png,0\n', 'a.png': '', 'b.png': '', 'x/c.png': '', 'y/c.png': '' }), false);
  assert.equal(found.kind, 'set');
  if (found.kind !== 'set') return;
  const { contradictory, repeated, ambiguous, withoutFile } = found.proposal;
  assert.deepEqual([contradictory, repeated, ambiguous, withoutFile], [['a.png'], ['b.png'], ['c.png'], ['missing.png']]);
});

test('two folders with the names of the classes; a third picture elsewhere makes it no set, unless it was asked for', async () => {
  const folders = { 'set/nodule/a.png': '', 'set/no nodule/b.png': '' };
  const found = await recognise(arrivals(folders), false);
  assert.equal(found.kind === 'set' && found.proposal.by, 'nodule, no nodule');
  assert.equal((await recognise(arrivals({ ...folders, 'set/c.png': '' }), false)).kind, 'none');
  assert.equal((await recognise(arrivals({ ...folders, 'set/c.png': '' }), true)).kind, 'set');
});

test('a manifest of something else is not complained of; a labels file is', async () => {
  assert.equal((await recognise(arrivals({ 'manifest.csv': 'x,y\n1,2\n', 'a.png': '' }), false)).kind, 'none');
  const found = await recognise(arrivals({ 'labels.csv': 'a.jpg\n', 'a.png': '' }), false);
  assert.deepEqual(found, { kind: 'unusable', file: 'labels.csv', problem: 'one-column' });
});
