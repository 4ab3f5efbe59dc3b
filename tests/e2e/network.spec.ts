/** Changing the network: other numbers, the right ones, marked as whose they are; and what happens when it fails. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { brokenCopy, choose, csv, expect, json, open, settled, startSite, test, worstDifference } from './helpers.ts';
import { dist, many, models, patches } from './fixtures.ts';

const [first, second] = models() as [ReturnType<typeof models>[0], ReturnType<typeof models>[0]];
const radio = (page: Page, id: string): ReturnType<Page['locator']> => page.locator(`input[name=network][value=${id}]`);
const state = (page: Page, id: string): ReturnType<Page['locator']> => page.locator(`#network-${id}-state`);
const inUse = (page: Page, id: string, timeout = 60_000): Promise<void> => expect(state(page, id)).toHaveText('In use', { timeout });

async function use(page: Page, id: string): Promise<void> {
  await radio(page, id).check();
  await inUse(page, id);
}

/** The button goes when the run begins; before, the old results stand there as settled as ever. */
async function rerun(page: Page): Promise<void> {
  await page.locator('#rerun').click();
  await expect(page.locator('#rerun')).toBeHidden();
}

test('the default is the first of the list, and every choice says what it costs', async ({ page, site }) => {
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
  await open(page, site.url);
  await inUse(page, first.id);
  await expect(radio(page, first.id)).toBeChecked();
  const said = async (id: string): Promise<string> => (await page.locator(`#network-${id}-facts`).textContent()) ?? '';
  const size = (text: string): number => parseFloat(text) * (/^[\d.]+ MB/.test(text) ? 1000 : 1);
  for (const { id } of models()) expect(await said(id)).toMatch(/^[\d.]+ [kM]B of weights, [\d.]+ million multiply-adds a patch, [\d.]+ (million|thousand) parameters$/);
  expect(size(await said('compact')) * 10).toBeLessThan(size(await said('paper')));
  // Only the one in use was loaded.
  expect(fetched.filter((name) => name.endsWith('.nodulens'))).toEqual([`/models/${first.file}`]);
});

test('another network gives other numbers, its own; results say whose they are and never change by themselves', async ({ page, site }) => {
  await open(page, site.url);
  const files = patches().slice(0, 12);
  await choose(page, files);
  await settled(page, 12);
  const before = (await json(page)).results;
  expect(worstDifference(before, first.id)).toBeLessThan(1e-4);
  const card = await page.locator('#card-line').innerText();
  await expect(page.locator('#rerun')).toBeHidden();

  await use(page, second.id);
  // What is there stays as it is, whoever is in use now.
  expect((await json(page)).results).toEqual(before);
  await expect(page.locator('#card-line')).not.toHaveText(card);
  await choose(page, files.slice(0, 3));
  await settled(page, 15);
  const mixed = await json(page);
  expect(mixed.models.map(({ network }) => network)).toEqual([first.id, second.id]);
  expect(mixed.results.map((row) => row.model_id?.split('-')[0])).toEqual([...files.map(() => first.id), second.id, second.id, second.id]);
  expect(worstDifference(mixed.results.slice(12), second.id)).toBeLessThan(1e-4);
  for (const [at, id] of [[0, first.id], [12, second.id]] as const) {
    await expect(page.locator('#rows tr').nth(at).locator('.by')).toHaveText(new RegExp(id, 'i'));
    await page.locator('#rows .row-name').nth(at).click();
    await expect(page.locator('#detail .facts')).toContainText(mixed.results[at]?.model_id ?? '?');
    // The threshold is that of the network that answered.
    await expect(page.locator('#detail .tick-label')).toContainText(((mixed.results[at]?.threshold ?? NaN) * 100).toFixed(1));
  }

  // The files are still here: run them again.
  await expect(page.locator('#rerun')).toContainText('12 results are by another network');
  await rerun(page);
  await settled(page, 15);
  const after = await json(page);
  expect(after.models.map(({ network }) => network)).toEqual([second.id]);
  expect(after.results.every((row) => row.status === 'done' && row.model_id === after.models[0]?.['modelId'])).toBe(true);
  const worst = worstDifference(after.results, second.id);
  const moved = Math.max(...before.map((row, i) => Math.abs((row.probability ?? NaN) - (after.results[i]?.probability ?? NaN))));
  console.log(`    ${second.id} against native, 15 patches: ${worst.toExponential(2)}; largest change of a probability between the networks ${moved.toFixed(3)}`);
  expect(worst).toBeLessThan(1e-4);
  expect(moved).toBeGreaterThan(0.01);
  const lines = (await csv(page)).text.split('\r\n').slice(1, -1);
  expect(lines.every((line) => line.includes(`,${String(after.models[0]?.['modelId'])},`))).toBe(true);

  // And back, with the first network's numbers again.
  await use(page, first.id);
  await rerun(page);
  await settled(page, 15);
  expect((await json(page)).results.slice(0, 12).map(({ probability }) => probability)).toEqual(before.map(({ probability }) => probability));
});

test('changed during a run: nothing is lost, and every row has the numbers of the network it names', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, many().slice(0, 600));
  await expect.poll(async () => Number((await page.locator('#progress').getAttribute('value')) ?? 0)).toBeGreaterThan(20);
  await radio(page, second.id).check();
  await settled(page, 600);
  await inUse(page, second.id);
  const { results } = await json(page);
  expect(results.every(({ status }) => status === 'done')).toBe(true);
  // Many names, few patches: the same patch has one probability for each network.
  const seen = new Map<string, number | null>();
  for (const { file_sha256, model_id, probability } of results) {
    const key = `${file_sha256} ${model_id}`;
    if (!seen.has(key)) seen.set(key, probability);
    expect(Math.abs((probability ?? NaN) - (seen.get(key) ?? NaN))).toBeLessThan(1e-4);
  }
  const by = (id: string): number => results.filter(({ model_id }) => model_id?.startsWith(id)).length;
  console.log(`    ${by(first.id)} by ${first.id}, ${by(second.id)} by ${second.id}`);
  expect(by(first.id)).toBeGreaterThan(0);
  expect(by(first.id) + by(second.id)).toBe(600);
  await expect(page.locator('#engine-note')).toBeHidden();
});

for (const [fault, edit, says] of [
  ['cut off', (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2), /cut off/],
  ['not a weights file', (): string => '<!doctype html>', /not a Nodulens weights file/],
] as const) {
  test(`a second network that is ${fault}: the first goes on, and the page says what happened and what to do`, async ({ page }) => {
    const dir = brokenCopy('second', { [`models/${second.file}`]: edit });
    const site = await startSite(dir);
    try {
      await open(page, site.url);
      await choose(page, patches().slice(0, 2));
      await settled(page, 2);
      await radio(page, second.id).click();
      await expect(page.locator('#network-problem')).toBeVisible({ timeout: 60_000 });
      const text = await page.locator('#network-problem').innerText();
      console.log(`    says: ${text.replaceAll('\n', ' ')}`);
      expect(text).toMatch(says);
      expect(text).toContain('stays in use');
      await expect(page.locator('#network-problem-hint')).not.toBeEmpty();
      await expect(radio(page, first.id)).toBeChecked();
      await inUse(page, first.id);
      await expect(page.locator('#paused')).toBeHidden();
      await choose(page, patches().slice(2, 4));
      await settled(page, 4);
      expect(worstDifference((await json(page)).results, first.id)).toBeLessThan(1e-4);
      // Mended, it can be chosen as if nothing had happened.
      brokenCopy('second', {});
      await use(page, second.id);
      await expect(page.locator('#network-problem')).toBeHidden();
    } finally {
      site.close();
    }
  });
}

test('a second network that is missing', async ({ page, site, watch }) => {
  watch.expectErrors(/404|Failed to load/);
  await page.route(`**/models/${second.file}`, (route) => route.fulfill({ status: 404, body: 'Not found' }));
  await open(page, site.url);
  await radio(page, second.id).click();
  await expect(page.locator('#network-problem')).toContainText(`${second.file} could not be loaded (HTTP 404).`);
  await expect(page.locator('#network-problem')).toContainText('stays in use');
  await expect(page.locator('#network-problem-hint')).toContainText('try again');
  await inUse(page, first.id);
});

test('a default network that is damaged: another can be chosen, and the files that wait are classified', async ({ page }) => {
  const site = await startSite(brokenCopy('first', { [`models/${first.file}`]: (bytes) => bytes.subarray(0, bytes.length / 2) }));
  try {
    await page.goto(site.url);
    await choose(page, patches().slice(0, 2));
    await expect(page.locator('#paused')).toBeVisible();
    await radio(page, second.id).check();
    await settled(page, 2);
    await expect(page.locator('#paused')).toBeHidden();
    expect(worstDifference((await json(page)).results, second.id)).toBeLessThan(1e-4);
  } finally {
    site.close();
  }
});

test('a list of networks that is damaged is said, and read again on request', async ({ page }) => {
  const site = await startSite(brokenCopy('list', { 'models/models.json': () => '{"not": "a list"}' }));
  try {
    await page.goto(site.url);
    await expect(page.locator('#paused')).toContainText('models.json could not be loaded (it is damaged).');
    await expect(page.locator('#networks')).toBeHidden();
    brokenCopy('list', {});
    await page.locator('#retry').click();
    await inUse(page, first.id);
  } finally {
    site.close();
  }
});

test('the address may choose: ?model=, and a name that is not there is said', async ({ page, site }) => {
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
  await open(page, `${site.url}?model=${second.id}`);
  await inUse(page, second.id);
  await expect(radio(page, second.id)).toBeChecked();
  expect(fetched.filter((name) => name.endsWith('.nodulens'))).toEqual([`/models/${second.file}`]);
  await open(page, `${site.url}?model=<b>x`);
  await inUse(page, first.id);
  await expect(page.locator('#notices')).toContainText('no network named “<b>x”');
  // Choosing changes neither the address nor anything stored.
  await use(page, second.id);
  expect(new URL(page.url()).search).toBe('?model=%3Cb%3Ex');
  expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0]);
  expect(await page.context().cookies()).toEqual([]);
});

test('with the keyboard alone', async ({ page, site }) => {
  await open(page, site.url);
  await inUse(page, first.id);
  await page.locator('#try-examples').focus();
  await page.keyboard.press('Enter');
  await settled(page, 8);
  const focused = (): Promise<string> => page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.name ?? '');
  for (let i = 0; i < 10 && (await focused()) !== 'network'; i += 1) await page.keyboard.press('Tab');
  expect(await focused()).toBe('network');
  await page.keyboard.press('ArrowDown');
  await inUse(page, second.id);
  await expect(page.locator('#network-status')).toContainText('is in use now');
  expect(await focused(), 'focus stays where it was').toBe('network');
  for (let i = 0; i < 10 && (await page.evaluate(() => document.activeElement?.id)) !== 'rerun'; i += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.locator('#rerun')).toBeHidden();
  await settled(page, 8);
  expect((await json(page)).results.every(({ model_id }) => model_id?.startsWith(second.id))).toBe(true);
  // By name and description, for those who do not see it.
  await expect(page.getByRole('group', { name: 'Network' })).toBeVisible();
  await expect(page.getByRole('radio', { name: 'Compact (Nodulens)' })).toHaveAccessibleDescription(/parameters/);
});

test('WebGPU is checked anew with the other network, and gives its numbers', async ({ page, site }) => {
  test.skip(!existsSync(path.join(dist, 'pkg', 'webgpu', 'nodulens_bg.wasm')), 'this build has no WebGPU');
  test.setTimeout(900_000);
  await open(page, `${site.url}?model=${second.id}`);
  await page.locator('input[name=engine][value=webgpu]').check({ force: true });
  await expect(page.locator('#engine-summary')).toHaveText('WebGPU', { timeout: 400_000 });
  await use(page, first.id);
  // Until the check has passed, the CPU works with the new network.
  await expect(page.locator('#engine-summary')).toHaveText('CPU');
  await expect(page.locator('#engine-summary')).toHaveText('WebGPU', { timeout: 400_000 });
  await expect(page.locator('#engine-facts')).toContainText('agrees with the CPU');
  await choose(page, patches().slice(0, 3));
  await settled(page, 3, 200_000);
  const { results } = await json(page);
  for (const row of results) expect(row.engine).toMatch(/webgpu/i);
  expect(worstDifference(results, first.id)).toBeLessThan(1e-4);
});
