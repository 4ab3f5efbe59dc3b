/** What arrived, told apart by its first bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extensionLabel } from '../../www/src/page/intake/arrivals.ts';
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
  const chosen = await sortArrivals({ files: [png, text], fromFolder: new Set() }, extensionLabel);
  assert.deepEqual(chosen.pictures, [png, text]);
  const folder = await sortArrivals({ files: [png, text, note, named], fromFolder: new Set([png, text, note, named]) }, extensionLabel);
  assert.deepEqual(folder.pictures, [png, named]);
  assert.deepEqual([folder.skipped.count, [...folder.skipped.byExtension]], [2, [['.txt', 1], ['without extension', 1]]]);
});
