/** What arrived, told apart by its first bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivalsFromDrop, extensionLabel } from '../../www/src/page/intake/arrivals.ts';
import type { Arrival } from '../../www/src/page/intake/arrivals.ts';
import { kindOf, sortArrivals } from '../../www/src/page/intake/sort-arrivals.ts';

/** Text at places of a head of 352 bytes. */
function head(...parts: [number, string][]): Uint8Array {
  const bytes = new Uint8Array(352);
  for (const [at, text] of parts) bytes.set([...text].map((letter) => letter.charCodeAt(0)), at);
  return bytes;
}

test('each format by its own mark', () => {
  const cases: [Uint8Array, string, string][] = [
    [head([0, '\x89PNG']), 'a', 'picture'], [head([0, '\xff\xd8\xff']), 'a', 'picture'], [head([0, 'II*\0']), 'a', 'picture'], [head([0, 'BM']), 'a', 'picture'],
    [head([128, 'DICM']), 'a', 'scan'], [head([0, 'II*\0'], [128, 'DICM']), 'a', 'scan'], [head([0, 'PK\x03\x04']), 'a', 'scan'], [head([0, 'NRRD0004']), 'a', 'scan'],
    [head([344, 'n+1\0']), 'a', 'scan'], [head([4, 'n+2\0']), 'a', 'scan'], [head([0, 'ObjectType = Image']), 'a', 'scan'], [head([0, '\x08\0\x05\0']), 'a', 'scan'],
    [head([0, 'NODULENS']), 'a', 'weights'], [head(), 'a.safetensors', 'weights'], [head(), 'a.raw', 'scan'], [head([0, 'hello']), 'a.txt', 'other'], [new Uint8Array(), 'empty', 'other'],
  ];
  for (const [bytes, name, kind] of cases) assert.equal(kindOf(bytes, name), kind, `${name} ${new TextDecoder('latin1').decode(bytes.slice(0, 8))}`);
});

test('from a folder what is of no known kind is passed over and counted; what was chosen is not', async () => {
  const file = (name: string, bytes: Uint8Array): Arrival => ({ name, blob: new Blob([bytes.slice()]) });
  const [png, text, note, named] = [file('a.png', head([0, '\x89PNG'])), file('b.txt', head([0, 'text'])), file('noname', head()), file('broken.png', head())];
  const chosen = await sortArrivals({ files: [png, text], fromFolder: new Set(), unreadable: [] }, extensionLabel);
  assert.deepEqual(chosen.pictures, [png, text]);
  const folder = await sortArrivals({ files: [png, text, note, named], fromFolder: new Set([png, text, note, named]), unreadable: [] }, extensionLabel);
  assert.deepEqual(folder.pictures, [png, named]);
  assert.deepEqual([folder.skipped.count, [...folder.skipped.byExtension]], [2, [['.txt', 1], ['without extension', 1]]]);
});

/** A file that its drive no longer gives. */
function locked(name: string): Arrival {
  const blob = new Blob(['x']);
  blob.slice = () => Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new DOMException('', 'NotReadableError')) });
  return { name, blob };
}

test('a file that cannot be read is named, from a folder too; one that has a row of its own is told there', async () => {
  const [slice, picture, own] = [locked('CT/IM0007'), locked('CT/a.png'), locked('CT/net.nodulens')];
  const sorted = await sortArrivals({ files: [slice, picture, own], fromFolder: new Set([slice, picture, own]), unreadable: ['CT/deep/'] }, extensionLabel);
  assert.deepEqual(sorted.unreadable, ['CT/deep/', 'CT/IM0007']);
  assert.deepEqual(sorted.pictures, [picture]);
  assert.deepEqual(sorted.weights, [own]);
  assert.equal(sorted.skipped.count, 0);
});

test('a drop: a folder whose listing fails and a file that cannot be opened are named; the rest arrives', async () => {
  const file = (path: string, opens = true): object => ({
    isDirectory: false, fullPath: path,
    file: (take: (file: File) => void, fail: (error: unknown) => void) => (opens ? take(new File(['x'], path)) : fail(new DOMException('', 'NotReadableError'))),
  });
  /** Gives its parts one after the other; `undefined` is a failure. */
  const folder = (path: string, parts: (object[] | undefined)[]): object => ({
    isDirectory: true, fullPath: path,
    createReader: () => {
      const left = [...parts, []];
      return { readEntries: (take: (entries: object[]) => void, fail: (error: unknown) => void) => {
        const next = left.shift();
        if (next) take(next);
        else fail(new DOMException('', 'NotReadableError'));
      } };
    },
  });
  const inner = folder('/CT/deep', [[file('/CT/deep/1')], undefined]);
  const items = [
    { kind: 'file', webkitGetAsEntry: () => folder('/CT', [[file('/CT/2'), file('/CT/3', false), inner]]), getAsFile: () => null },
    { kind: 'file', webkitGetAsEntry: () => ({ isDirectory: false, name: 'single' }), getAsFile: () => null },
  ];
  const arrivals = await arrivalsFromDrop({ items } as unknown as DataTransfer);
  assert.deepEqual(arrivals.files.map(({ name }) => name), ['CT/2', 'CT/deep/1']);
  assert.deepEqual(arrivals.unreadable.sort(), ['CT/3', 'CT/deep/', 'single']);
});
