/** Labels files as people write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOfFolder, labelOf, readLabels, textOf } from '../../www/src/page/learn/own-set/labels-file.ts';
import type { LabelsFile } from '../../www/src/page/learn/own-set/labels-file.ts';

const read = (text: string, patches: string[] = []): LabelsFile => {
  const found = readLabels(text, (name) => patches.includes(name));
  assert.notEqual(typeof found, 'string', `refused: ${String(found)}`);
  return found as LabelsFile;
};
const lines = (found: LabelsFile): [string, boolean, string | undefined][] => found.lines.map(({ name, nodule, patient }) => [name, nodule, patient]);

test('with a head, in any order, separated by commas, semicolons or tabs', () => {
  for (const separator of [',', ';', '\t']) {
    const found = read([['patient', 'label', 'file'], ['p1', '1', 'a.png'], ['p2', 'no', 'b.png']].map((row) => row.join(separator)).join('\r\n'));
    assert.deepEqual(lines(found), [['a.png', true, 'p1'], ['b.png', false, 'p2']]);
    assert.equal(found.hasPatients, true);
    assert.deepEqual(found.lines.map(({ line }) => line), [2, 3]);
  }
});

test('without a head: names are told by their ending or by what is at hand', () => {
  assert.deepEqual(lines(read('a.png,1\nb.png,0\n')), [['a.png', true, undefined], ['b.png', false, undefined]]);
  assert.deepEqual(lines(read('one,nodule\ntwo,no nodule\n', ['one', 'two'])), [['one', true, undefined], ['two', false, undefined]]);
});

test('quotes hold separators, doubled quotes and line ends; numbers of lines stay right', () => {
  const found = read('file,label\n"a, ""b"".png",1\n"c\nd.png",0\nlast.png,yes\n');
  assert.deepEqual(found.lines.map(({ line, name }) => [line, name]), [[2, 'a, "b".png'], [3, 'c\nd.png'], [5, 'last.png']]);
});

test('labels that are none are named with their lines, and the others are kept', () => {
  const found = read('file,label\na.png,maybe\nb.png,1\n');
  assert.deepEqual(found.unknown, [{ line: 2, label: 'maybe' }]);
  assert.deepEqual(lines(found), [['b.png', true, undefined]]);
});

test('what is no labels file says why', () => {
  const cases: [string, string][] = [['', 'empty'], ['a\0b,1', 'binary'], ['a.png\nb.png', 'one-column'], ['file,label\na.png,maybe\n', 'no-known-label'], [Array(1500).fill('1').join(), 'many-columns'], ['size,label\n3,1\n4,0\n', 'no-name']];
  for (const [text, why] of cases) assert.equal(readLabels(text), why, JSON.stringify(text.slice(0, 20)));
});

test('words for the two classes, as labels and as folders', () => {
  assert.deepEqual(['1', ' Nodule ', 'TRUE', 'pos'].map(labelOf), [true, true, true, true]);
  assert.deepEqual(['0', 'non-nodule', 'no', '-'].map(labelOf), [false, false, false, false]);
  assert.equal(labelOf('2'), undefined);
  assert.deepEqual(['nodules', '0', 'y', '-', 'other'].map(classOfFolder), [true, false, undefined, undefined, undefined]);
});

test('text in the encodings that spreadsheets write', () => {
  const utf16 = new Uint8Array([0xff, 0xfe, ...[...'ä,1'].flatMap((letter) => [letter.charCodeAt(0), 0])]);
  assert.equal(textOf(utf16), 'ä,1');
  assert.equal(textOf(new TextEncoder().encode('ä,1')), 'ä,1');
  assert.equal(textOf(new Uint8Array([0xe4, 0x2c, 0x31])), 'ä,1');
});
