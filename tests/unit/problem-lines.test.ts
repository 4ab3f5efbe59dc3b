import assert from 'node:assert/strict';
import test from 'node:test';
import { problemLines } from '../../www/src/page/scan/problem-lines.ts';

const problem = (name: string, message: string) => ({ name, code: 'x', message, hint: 'Do this.' });

test('files of one reason share a line, so that another reason is not crowded out', () => {
  const many = Array.from({ length: 40 }, (_, i) => problem(`disc/${i}`, 'it is encrypted'));
  assert.deepEqual(problemLines([...many, problem('scan.mhd', 'its samples are elsewhere')]), [
    'disc/0, disc/1, disc/2 and 37 more: It is encrypted. Do this.',
    'scan.mhd: Its samples are elsewhere. Do this.',
  ]);
});

test('beyond five reasons, files are counted', () => {
  const lines = problemLines([1, 2, 3, 4, 5, 6, 7, 7].map((reason, i) => problem(`file ${i}`, `reason ${reason}`)));
  assert.equal(lines.length, 6);
  assert.equal(lines[5], 'and 3 more.');
});
