/** Weights of the user's own: checked, used, marked as theirs; refused with a reason; forgotten. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { choose, expect, frames, json, open, settled, test, worstDifference } from './helpers.ts';
import { dist, models, out, patches, root, trainer } from './fixtures.ts';

const [first, second] = models() as [ReturnType<typeof models>[0], ReturnType<typeof models>[0]];
const file = (name: string): Buffer => readFileSync(path.join(dist, 'models', name));
const load = (page: Page, name: string, buffer: Buffer): Promise<void> => page.setInputFiles('#input-weights', { name, mimeType: '', buffer });
const own = (page: Page): ReturnType<Page['locator']> => page.locator('#networks label').filter({ has: page.locator('.badge') });
const reason = (page: Page): ReturnType<Page['locator']> => page.locator('#weights-problem-what');

/** A safetensors file as another program writes it: the trainer's, without our header. */
function plain(document: Buffer): Buffer {
  const length = Number(document.readBigUInt64LE(0));
  const header = JSON.parse(document.subarray(8, 8 + length).toString()) as Record<string, unknown>;
  delete header['__metadata__'];
  const text = Buffer.from(JSON.stringify(header).padEnd(length));
  return Buffer.concat([document.subarray(0, 8), text, document.subarray(8 + length)]);
}

test('a weights file of the user’s is checked, used, shown as theirs, survives its workers, and is forgotten', async ({ page, site }) => {
  await open(page, `${site.url}?model=${first.id}`);
  await choose(page, patches().slice(0, 10));
  await settled(page, 10);
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
  await load(page, 'of-mine.nodulens', file(second.file));
  await expect(own(page)).toContainText('In use', { timeout: 60_000 });
  await expect(own(page)).toContainText('From of-mine.nodulens');
  await expect(page.locator('#notices')).toContainText('are in use now');
  await expect(page.locator('#card-line')).toContainText(`${second.id}-`);
  await page.locator('#rerun').click();
  await expect(page.locator('#rerun')).toBeHidden();
  await settled(page, 10);
  // The same numbers as the network that ships has, and marked as the user's.
  const { results, models: used } = await json(page);
  expect(worstDifference(results, second.id)).toBeLessThan(1e-4);
  expect(used).toHaveLength(1);
  await expect(page.locator('#rows tr').first().locator('.by')).toHaveText(/Yours/);
  // Another engine starts from the same bytes.
  await page.locator('input[name=engine][value=reference]').check();
  await expect(page.locator('#engine-facts')).toContainText('burn-flex', { timeout: 60_000 });
  await choose(page, patches().slice(10, 12));
  await settled(page, 12);
  const after = (await json(page)).results;
  expect(worstDifference(after, second.id)).toBeLessThan(1e-4);
  expect(after.slice(10).every(({ engine }) => engine?.includes('burn-flex'))).toBe(true);
  expect(fetched.filter((name) => name.includes('.nodulens') || name.includes('own'))).toEqual([]);

  await page.locator('#forget').evaluate((button: HTMLElement) => button.click());
  await expect(own(page)).toHaveCount(0);
  await expect(page.locator(`#network-${first.id}-state`)).toHaveText('In use', { timeout: 60_000 });
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  expect(worstDifference((await json(page)).results, first.id)).toBeLessThan(1e-4);
});

test('safetensors are used, named by their metadata or told by their shapes', async ({ page, site }) => {
  const target = path.join(out, 'own.safetensors');
  execFileSync(trainer, ['convert', '--weights', path.join(dist, 'models', first.file), '--out', target], { cwd: root, stdio: 'ignore' });
  const document = readFileSync(target);
  await open(page, `${site.url}?model=${second.id}`);
  // The way of whatever is dropped or chosen.
  await choose(page, [target]);
  await expect(own(page)).toContainText('In use', { timeout: 60_000 });
  await choose(page, patches().slice(0, 6));
  await settled(page, 6);
  expect(worstDifference((await json(page)).results, first.id)).toBeLessThan(1e-4);
  await load(page, 'other.safetensors', plain(document));
  await expect(own(page)).toHaveCount(2);
  await expect(own(page).nth(1)).toContainText('In use', { timeout: 60_000 });
  await expect(own(page).nth(1)).toContainText(`The ${first.id} network, imported`);
  // Nothing is known of it, and the card says so.
  await expect(page.locator('#card-body')).toContainText('says nothing of its origin');
});

test('forgetting while they are looked at keeps them out', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, [{ name: 'patient.nodulens', mimeType: '', buffer: file(second.file) }, { name: 'other.nodulens', mimeType: '', buffer: file(first.file) }]);
  await page.locator('#forget').evaluate((button: HTMLElement) => button.click());
  // Whatever was being looked at has been looked at by then.
  await expect(page.locator('#load-weights')).not.toHaveAttribute('aria-busy', 'true');
  await expect(page.locator(`#network-${first.id}-state`)).toHaveText('In use');
  await frames(page, 10);
  await expect(own(page)).toHaveCount(0);
  await expect(page.locator('body')).not.toContainText('patient.nodulens');
  await expect(page.locator(`#network-${first.id}-state`)).toHaveText('In use');
});

test('what does not fit is refused with its reason, and what is in use stays', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  const sound = file(first.file);
  const damaged = Buffer.from(sound);
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
  const cases: [string, Buffer, RegExp][] = [
    ['damaged.nodulens', damaged, /damaged\.nodulens cannot be used: .*checksum/],
    ['half.nodulens', sound.subarray(0, sound.length >> 1), /cut off/],
    ['later.nodulens', Buffer.concat([sound.subarray(0, 8), Buffer.from([99, 0, 0, 0]), sound.subarray(12)]), /format version 99/],
    ['empty.nodulens', Buffer.alloc(0), /not a Nodulens weights file/],
    ['letter.safetensors', Buffer.from('not a network at all'), /not a Nodulens weights file/],
    ['stranger.safetensors', stranger(), /stem\.weight/],
  ];
  for (const [name, buffer, said] of cases) {
    await load(page, name, buffer);
    await expect(reason(page), name).toHaveText(said);
    await expect(page.locator('#weights-problem-hint')).toContainText('stays in use; nothing is lost');
  }
  await expect(own(page)).toHaveCount(0);
  await expect(page.locator(`#network-${first.id}-state`)).toHaveText('In use');
  await choose(page, patches().slice(2, 4));
  await settled(page, 4);
  expect(worstDifference((await json(page)).results, first.id)).toBeLessThan(1e-4);
});

/** A sound safetensors file of a network that is none of ours. */
function stranger(): Buffer {
  const header = Buffer.from(JSON.stringify({ 'stem.weight': { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(8)]);
}

test('dropped by a real drag; a worker that stops, and a page that is sealed, go on with them, explanations too', async ({ page, site, watch }) => {
  watch.expectErrors(/panicked|RuntimeError|unreachable|console_error_panic_hook/);
  await open(page, `${site.url}?fault=panic@2`);
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [path.join(dist, 'models', second.file)], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) await client.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
  await expect(own(page)).toContainText('In use', { timeout: 60_000 });
  await choose(page, patches().slice(0, 6));
  await settled(page, 6);
  await expect(page.locator('#engine-note')).toContainText('replaced once');
  expect(worstDifference((await json(page)).results, second.id)).toBeLessThan(1e-4);

  await page.locator('#seal').click();
  await expect(page.locator('#seal')).toHaveText('This page is sealed', { timeout: 60_000 });
  await choose(page, patches().slice(6, 9));
  await settled(page, 9);
  expect(worstDifference((await json(page)).results, second.id)).toBeLessThan(1e-4);
  await page.getByRole('link', { name: 'Why this answer', exact: true }).click();
  await expect(page.locator('.why-card:not([aria-busy]) canvas[width="50"]')).toHaveCount(4, { timeout: 60_000 });
  await page.getByRole('link', { name: 'Guided tour', exact: true }).click();
  await expect(page).toHaveURL(/#see=tour/);
  await page.getByRole('link', { name: 'Inside the network', exact: true }).click();
  await expect(page.locator('.inside .number-headline')).toContainText('=');
  // What is chosen goes on standing in the address.
  await page.getByRole('button', { name: 'Next layer' }).click();
  await expect(page).toHaveURL(/#see=inside&layer=/);
});
