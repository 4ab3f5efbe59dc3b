/** Numbers as the page says them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSentence, bytes, duration, milliseconds, percent, plural, roughDuration, shortPercent, wholePercent } from '../../www/src/ui/numbers.ts';

test('percentages: the ends are not rounded away', () => {
  assert.deepEqual([0, 0.0004, 0.8734, 0.9996, 1].map(percent), ['0.0 %', '< 0.1 %', '87.3 %', '> 99.9 %', '100.0 %']);
  assert.deepEqual([0.05, 0.0025, 0.5].map(shortPercent), ['5 %', '0.25 %', '50 %']);
  assert.equal(wholePercent(0.256), '26 %');
});

test('times and sizes', () => {
  assert.deepEqual([860, 12_300, 95_000].map(duration), ['0.9 s', '12 s', '1.6 min']);
  assert.deepEqual([0.2, 12.4, 95].map(roughDuration), ['1 s', '12 s', '1.6 min']);
  assert.deepEqual([1.24, 12.6, 1234].map(milliseconds), ['1.2 ms', '13 ms', '1,234 ms']);
  assert.deepEqual([999, 1500, 2_340_000].map(bytes), ['999 bytes', '2 kB', '2.3 MB']);
});

test('sentences: a capital and a stop, but a file keeps its name', () => {
  assert.deepEqual([asSentence('it broke'), asSentence('a.nrrd is broken!'), asSentence(' Done.')], ['It broke.', 'a.nrrd is broken!', 'Done.']);
  assert.deepEqual([plural(1, 'file', 'files'), plural(1200, 'file', 'files')], ['1 file', '1,200 files']);
});
