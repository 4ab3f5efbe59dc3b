/** Many files, cancel, and workers that die. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { brokenCopy, choose, expect, json, open, settled, startSite, test, worstDifference } from './helpers.ts';
import { many, MANY, models, patches } from './fixtures.ts';

const doneCount = async (page: Page): Promise<number> => Number((await page.locator('#progress').getAttribute('value')) ?? 0);

/** Ends the CPU worker from inside, as an uncaught fault would. */
async function kill(page: Page): Promise<void> {
  const worker = page.workers()[0];
  await worker?.evaluate(() => void setTimeout(() => { throw new Error('killed by the test'); }));
}

test('cancel keeps what is done, marks the rest, and the page answers all the while', async ({ page, site }) => {
  await open(page, site.url);
  await page.evaluate(() => {
    const state = { longest: 0 };
    Object.assign(window, { frames_: state });
    let last = performance.now();
    const tick = (): void => {
      const now = performance.now();
      state.longest = Math.max(state.longest, now - last);
      last = now;
      setTimeout(tick, 0);
    };
    tick();
  });
  await choose(page, many());
  await expect.poll(() => doneCount(page), { timeout: 60_000 }).toBeGreaterThan(50);
  const before = Date.now();
  await page.locator('#cancel').click();
  await expect(page.locator('#run')).toBeHidden();
  const took = Date.now() - before;
  const { results } = await json(page);
  const done = results.filter(({ status }) => status === 'done').length;
  const cancelled = results.filter(({ status }) => status === 'cancelled').length;
  const longest = await page.evaluate(() => (window as unknown as { frames_: { longest: number } }).frames_.longest);
  console.log(`    cancelled in ${took} ms: ${done} kept, ${cancelled} cancelled; longest pause of the page ${longest.toFixed(0)} ms`);
  expect(done).toBeGreaterThan(50);
  expect(done + cancelled).toBe(MANY);
  expect(took).toBeLessThan(3000);
  await expect(page.locator('#run-text')).toContainText('Cancelled');
  // The page goes on: what was cancelled can run, and new files, too.
  await choose(page, patches().slice(0, 2));
  await expect(page.locator('#count-all')).toHaveText((MANY + 2).toLocaleString('en'));
  await expect.poll(async () => (await json(page)).results.slice(-2).map(({ status }) => status), { timeout: 60_000 }).toEqual(['done', 'done']);
  await expect(page.locator('#resume')).toBeVisible();
});

test('files that arrive during a run are queued', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, many().slice(0, 300));
  await expect.poll(() => doneCount(page)).toBeGreaterThan(0);
  await choose(page, patches().slice(0, 3));
  await settled(page, 303);
  const { results } = await json(page);
  expect(results.every(({ status }) => status === 'done')).toBe(true);
});

test('a killed worker is replaced and every result is there', async ({ page, site, watch }) => {
  watch.expectErrors(/killed by the test/);
  await open(page, site.url);
  await choose(page, many().slice(0, 1000));
  await expect.poll(() => doneCount(page)).toBeGreaterThan(30);
  await kill(page);
  await settled(page, 1000);
  const { results } = await json(page);
  expect(results.filter(({ status }) => status === 'done')).toHaveLength(1000);
  await expect(page.locator('#engine-note')).toContainText('replaced once');
});

test('a worker that falls silent is replaced by the watchdog', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, many().slice(0, 1000));
  await expect.poll(() => doneCount(page)).toBeGreaterThan(10);
  // No error event reaches the page: the worker is simply gone.
  await page.workers()[0]?.evaluate(() => void self.close());
  await settled(page, 1000);
  const { results } = await json(page);
  expect(results.filter(({ status }) => status === 'done')).toHaveLength(1000);
});

test('a file on which the engine dies twice is set aside, the others complete', async ({ page }) => {
  // A worker whose instance traps on one file, as a decoder bug would make it.
  const poison = `
    const answer_ = self.onmessage;
    self.onmessage = (event) => {
      const poisoned = event.data.kind === 'classify' && event.data.files.some(({ bytes }) => new TextDecoder().decode(bytes.slice(0, 6)) === 'POISON');
      if (poisoned) self.postMessage({ kind: 'died', message: 'unreachable' });
      else answer_(event);
    };`;
  const site = await startSite(brokenCopy('poison', { 'worker-cpu.js': (code) => `${code.toString()}\n${poison}` }));
  try {
    await open(page, site.url);
    const file = (name: string, buffer: Buffer): { name: string; mimeType: string; buffer: Buffer } => ({ name, mimeType: 'image/png', buffer });
    const good = patches().map((name) => file(path.basename(name), readFileSync(name)));
    await choose(page, [...good.slice(0, 17), file('poison.png', Buffer.from('POISON')), ...good.slice(17)]);
    await settled(page, good.length + 1);
    const { results } = await json(page);
    const bad = results.filter(({ status }) => status !== 'done');
    expect(bad.map(({ file_name, status }) => [file_name, status])).toEqual([['poison.png', 'stopped']]);
    expect(bad[0]?.error?.code).toBe('engine-stopped');
    expect(worstDifference(results.filter(({ status }) => status === 'done'))).toBeLessThan(1e-4);
  } finally {
    site.close();
  }
});

test('weights that are broken: the page says so, keeps the files, and goes on after "Try again"', async ({ page, watch }) => {
  watch.expectErrors(/404|Failed to load/);
  const weights = `models/${models()[0].file}`;
  const dir = brokenCopy('weights', { [weights]: (bytes) => bytes.subarray(0, bytes.length / 2) });
  const site = await startSite(dir);
  try {
    let fetched = 0;
    page.on('requestfinished', (request) => (fetched += request.url().endsWith(weights) ? 1 : 0));
    await page.goto(site.url);
    // The start fails, and so does the new one that the files ask for; only then are the weights mended, for a page that
    // starts by itself needs no "Try again".
    await expect(page.locator('#engine-summary')).toHaveText('The engine did not start.');
    await choose(page, patches().slice(0, 2));
    await expect.poll(() => fetched).toBe(2);
    await expect(page.locator('#engine-summary')).toHaveText('The engine did not start.');
    await expect(page.locator('#paused')).toBeVisible();
    await expect(page.locator('#paused-what')).not.toBeEmpty();
    console.log(`    says: ${await page.locator('#paused').innerText()}`);
    brokenCopy('weights', {});
    await page.locator('#retry').click();
    await settled(page, 2);
    await expect(page.locator('#paused')).toBeHidden();
    expect((await json(page)).results.map(({ status }) => status)).toEqual(['done', 'done']);
  } finally {
    site.close();
  }
});
