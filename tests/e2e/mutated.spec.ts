/**
 * Damaged files of every format through the page's own workers: none hangs, none takes the page with it, and afterwards
 * a sound file is still classified and a sound scan still opened. NODULENS_MUTATED says how many, 400 where it does not.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateRawSync, crc32, gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { expect, json, open, opened, settled, test } from './helpers.ts';
import { out, patches, root, scanFile, trainer } from './fixtures.ts';

const COUNT = Number(process.env['NODULENS_MUTATED'] ?? 400);
/** Files given to the page at a time. */
const BATCH = Math.min(250, Math.ceil(COUNT / 4));

interface Seed {
  name: string;
  bytes: Buffer;
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const ENDS = ['ffffffff', '00000000', 'ffffff7f', '7fffffff', '00000080', 'ffff', 'ffffffffffffffff', '01000000'].map((hex) => Buffer.from(hex, 'hex'));

/** One to six small changes, half of them in the first bytes, where headers are. */
function mutated(sound: Buffer, seed: number): Buffer {
  const next = random(seed);
  const below = (n: number): number => Math.floor(next() * n);
  let bytes = Buffer.from(sound);
  for (let changes = 1 + below(6); changes > 0 && bytes.length > 0; changes -= 1) {
    const at = below(next() < 0.5 ? Math.min(700, bytes.length) : bytes.length);
    const run = Math.min(1 + below(64), bytes.length - at);
    switch (below(7)) {
      case 0: bytes[at] = below(256); break;
      case 1: bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8)); break;
      case 2: bytes.set((ENDS[below(ENDS.length)] ?? Buffer.alloc(1)).subarray(0, bytes.length - at), at); break;
      case 3: bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + run)]); break;
      case 4: bytes = Buffer.concat([bytes.subarray(0, at + run), bytes.subarray(at)]); break;
      case 5: bytes.fill(0x39, at, at + run); break;
      default: if (next() < 0.3) bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

/** An archive of deflated files. */
function zip(files: Seed[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let place = 0;
  for (const { name, bytes } of files) {
    const packed = deflateRawSync(bytes);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(crc32(bytes), 10);
    head.writeUInt32LE(packed.length, 14);
    head.writeUInt32LE(bytes.length, 18);
    head.writeUInt16LE(name.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(place, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\0', 'latin1'), head, rest, Buffer.from(name));
    const body = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), head, Buffer.from(name), packed]);
    bodies.push(body);
    place += body.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(place, 12);
  return Buffer.concat([...bodies, list, Buffer.from('PK\x05\x06', 'latin1'), end]);
}

const inFolder = (folder: string): Seed[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'nodules.json')
    .map(({ name }) => ({ name, bytes: readFileSync(path.join(folder, name)) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Sound pictures: the fixtures, and phantoms. */
const pictures = (): Seed[] => [
  ...inFolder(path.join(root, 'tests/fixtures/formats')),
  ...inFolder(path.join(root, 'fuzz/seeds/raster')),
  ...patches().slice(0, 4).map((file) => ({ name: path.basename(file), bytes: readFileSync(file) })),
].filter(({ name }) => name !== 'text.png');

/** Sound scans of every format: small phantoms, and the fixtures in every encoding of pixels. */
function scans(): Seed[] {
  const seeds = inFolder(path.join(root, 'tests/fixtures/dicom'));
  for (const kind of ['dicom', 'mhd', 'mha', 'nifti', 'nrrd']) {
    const folder = path.join(out, 'seeds', kind);
    execFileSync(trainer, ['phantom', '--scan', '--format', kind, '--slices', '2', '--side', '64', '--seed', '3', '--out', folder], { cwd: root, stdio: 'ignore' });
    const nested = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    seeds.push(...inFolder(folder), ...nested.flatMap(({ name }) => inFolder(path.join(folder, name))));
  }
  const slices = seeds.filter(({ name }) => name.endsWith('.dcm'));
  return [...seeds, { name: 'slices.zip', bytes: zip(slices.slice(0, 3)) }, { name: 'slice.dcm.gz', bytes: gzipSync(slices[0]?.bytes ?? '') }];
}

/** Damaged copies as files, in batches; they go before the next batch is written. */
function* batches(seeds: Seed[], count: number): Generator<string[]> {
  const folder = path.join(out, 'mutated');
  for (let from = 0; from < count; from += BATCH) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const files: string[] = [];
    for (let i = from; i < Math.min(count, from + BATCH); i += 1) {
      const seed = seeds[i % seeds.length];
      if (!seed) throw new Error('there are no seeds');
      // The name keeps its ending, and headers the names of their samples.
      const file = path.join(folder, String(i).padStart(5, '0'), seed.name);
      mkdirSync(path.dirname(file));
      writeFileSync(file, mutated(seed.bytes, i));
      files.push(file);
    }
    yield files;
  }
}

const choose = (page: Page, files: string[]): Promise<void> => page.setInputFiles('#input-files', files);

function counted(codes: string[]): string {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([code, n]) => `${code} ${n}`).join(', ');
}

test('damaged pictures: each has its answer, and a sound one after them too', async ({ page, site }) => {
  test.setTimeout(120_000 + COUNT * 100);
  const started = performance.now();
  const count = Math.floor(COUNT / 2);
  await open(page, site.url);
  let rows = 0;
  for (const files of batches(pictures(), count)) {
    await choose(page, files);
    // What no longer begins like a picture may have become a scan, which has no row.
    const others = files.filter((file) => !/^(\x89PNG|\xff\xd8\xff|BM|II\*\0|MM\0\*)/.test(readFileSync(file).toString('latin1', 0, 4)));
    const shown = page.locator('#count-all');
    const number = async (): Promise<number> => Number((await shown.textContent())?.replaceAll(',', ''));
    await expect.poll(number, { timeout: 60_000 }).toBeGreaterThanOrEqual(rows + files.length - others.length);
    rows = await number();
    await settled(page, rows);
  }
  expect(rows).toBeGreaterThan(count * 0.98);
  // None of the seeds.
  const good = patches().at(-1) ?? '';
  await choose(page, [good]);
  await settled(page, rows + 1);
  const { results } = await json(page);
  expect(results.find(({ file_name }) => file_name === path.basename(good))?.status).toBe('done');
  const refused = results.filter(({ status }) => status === 'refused');
  // Damage that does not matter leaves a picture; all that is not read says why.
  expect(results.filter(({ status }) => status === 'done').length).toBeGreaterThan(1);
  expect(results.every(({ status }) => status === 'done' || status === 'refused')).toBe(true);
  for (const { error } of refused) expect(error?.message && error.hint).toBeTruthy();
  const died = await page.getByText(/worker stopped and was replaced/).count();
  expect(died).toBe(0);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`    ${rows} damaged pictures in ${seconds} s: ${results.length - refused.length - 1} classified, ${refused.length} refused (${counted(refused.map(({ error }) => error?.code ?? '?'))})`);
});

test('damaged scans: whatever comes of them, a sound one opens after them', async ({ page, site }) => {
  test.setTimeout(120_000 + COUNT * 100);
  const started = performance.now();
  const count = Math.ceil(COUNT / 2);
  await open(page, site.url);
  let [given, refused, failed] = [0, 0, 0];
  for (const files of batches(scans(), count)) {
    // The notices are of this batch alone.
    await page.evaluate(() => document.querySelector('#notices')?.replaceChildren());
    await choose(page, files);
    // Whatever is opened or not, the page says something, and is done opening.
    const said = page.locator('#notices');
    await expect(said).not.toBeEmpty({ timeout: 120_000 });
    await expect(page.locator('#opening')).toBeHidden({ timeout: 120_000 });
    const text = await said.innerText();
    refused += Number(/([\d,]+) files? could not be read/.exec(text)?.[1]?.replaceAll(',', '') ?? 0);
    if (text.includes('The scan could not be opened')) failed += 1;
    given += files.length;
  }
  expect(given).toBe(count);
  expect(failed, 'batches in which the reader died').toBe(0);
  expect(refused).toBeGreaterThan(0);
  await choose(page, [scanFile]);
  await opened(page, 24);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`    ${given} damaged scans in ${seconds} s: ${refused} refused, the reader replaced ${failed} times`);
});
