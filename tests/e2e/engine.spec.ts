/** The CPU engine in the browser: against Burn, which is the reference; over several threads; and when one of them fails. */
import os from 'node:os';
import type { Page } from '@playwright/test';
import { brokenCopy, choose, expect, json, open, opened, settled, startSite, test, volumeScanned, withGlue, worstDifference } from './helpers.ts';
import { many, models, patches, scanFile } from './fixtures.ts';

// What issue 5 asks of every fast path; logits are of the order of one.
const EQUAL = 1e-4;
const several = os.cpus().length > 1;

test('our engine gives Burn’s logits, in every batch and for pictures of odd sizes', async ({ page, site }) => {
  test.setTimeout(300_000);
  await withGlue(page);
  await open(page, site.url);
  const worst = await page.evaluate(async (weights) => {
    const load = async (folder: string) => {
      const base = new URL(`./pkg/${folder}/`, location.href);
      const wasm = await import(new URL('nodulens.js', base).href);
      await wasm.default({ module_or_path: new URL('nodulens_bg.wasm', base) });
      return wasm;
    };
    const [ours, burn] = await Promise.all([load('cpu'), load('lab')]);
    let state = 1;
    const noise = (count: number) => Float32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state / 0x7fffffff;
    });
    const found: Record<string, number> = {};
    const compare = (name: string, a: Float32Array | undefined, b: Float32Array | undefined) => {
      if (!a && !b) return;
      if (!a || !b || a.length !== b.length || a.length === 0) throw new Error(`${name}: one engine has no answer`);
      found[name] = a.reduce((most, value, i) => {
        const difference = Math.abs(value - (b[i] ?? NaN));
        return difference <= most ? most : difference;
      }, found[name] ?? 0);
    };
    for (const file of weights) {
      const bytes = new Uint8Array(await (await fetch(`./models/${file}`)).arrayBuffer());
      const [fast, reference] = [await ours.Classifier.load(bytes), await burn.Classifier.loadReference(bytes)];
      // Around what the engine takes at once; the larger network takes the reference seconds.
      const batches = file.startsWith('compact') ? [1, 2, 3, 5, 7, 31, 32, 33, 64, 100, 257] : [1, 2, 5, 33];
      for (const batch of batches) {
        const values = noise(batch * 2500);
        compare(`${file} patches`, await fast.logits(values), await reference.logits(values));
      }
      for (const [width, height] of [[50, 50], [51, 50], [50, 83], [97, 64], [200, 131]] as const) {
        const values = noise(width * height);
        compare(`${file} pictures`, await fast.denseLogits(values, width, height), await reference.denseLogits(values, width, height));
      }
    }
    return found;
  }, models().map(({ file }) => file));
  console.log('   ', worst);
  // What pads its patches gives no pass over a picture.
  expect(Object.keys(worst)).toEqual(models().flatMap(({ id, file }) => (id === 'paper' ? [`${file} patches`] : [`${file} patches`, `${file} pictures`])));
  for (const [name, difference] of Object.entries(worst)) expect(difference, name).toBeLessThan(EQUAL);
});

test('the reference engine can be chosen, and left again', async ({ page, site }) => {
  test.setTimeout(240_000);
  await open(page, site.url);
  await page.locator('input[name=engine][value=reference]').check({ force: true });
  await expect(page.locator('#engine-facts')).toContainText('burn-flex', { timeout: 60_000 });
  await expect(page.locator('#engine-facts')).toContainText('You chose the reference');
  await choose(page, patches());
  await settled(page, patches().length);
  const { results } = await json(page);
  for (const row of results) expect(row.engine).toContain('burn-flex');
  expect(worstDifference(results)).toBeLessThan(EQUAL);
  await page.locator('input[name=engine][value=automatic]').check({ force: true });
  await expect(page.locator('#engine-facts')).toContainText('Nodulens engine');
});

test('a reference engine that cannot be fetched leaves everything as it was', async ({ page, site, watch }) => {
  watch.expectErrors(/404|Failed to load resource/);
  await open(page, site.url);
  await page.route('**/worker-reference.js', (route) => route.fulfill({ status: 404, body: 'Not found' }));
  const choice = (value: string) => page.locator(`input[name=engine][value=${value}]`);
  await choice('reference').check({ force: true });
  await expect(page.locator('#engine-note')).toContainText('could not be loaded: worker-reference.js');
  await expect(choice('automatic')).toBeChecked();
  await expect(page.locator('#engine-facts')).toContainText('Nodulens engine');
  // Another network is still loaded for the engine in use, and a worker that dies is replaced by one of its kind.
  await page.locator('input[name=network][value=paper]').check({ force: true });
  await expect(page.locator('#networks label').filter({ hasText: 'paper' })).toContainText('In use');
  await choose(page, patches().slice(0, 3));
  await settled(page, 3);
  for (const row of (await json(page)).results) {
    expect(row.engine).toContain('Nodulens engine');
    expect(row.model_id).toMatch(/^paper-/);
  }
  await page.unroute('**/worker-reference.js');
  await choice('reference').check({ force: true });
  await expect(page.locator('#engine-facts')).toContainText('burn-flex');
  await expect(page.locator('#engine-note')).toBeHidden();
});

/** Hundreds of files, enough for every thread; the worst difference from the command line is looked at by name. */
async function classifyMany(page: Page): Promise<void> {
  await choose(page, many().slice(0, 400));
  await settled(page, 400);
}

const probabilities = async (page: Page): Promise<(number | null)[]> =>
  (await json(page)).results.sort((a, b) => a.file_name.localeCompare(b.file_name)).map(({ probability }) => probability);

/** A copy of the page whose threads behave as told. */
const withThreads = (name: string, code: string): string =>
  brokenCopy(name, { 'worker-cpu.js': (worker) => `if (self.name === 'nodulens-thread') { ${code} }\n${worker.toString()}` });

/** Threads are started by the first large batch; this tells the server that they were, before the worker loses the means. */
const COUNT = `const fetch_ = fetch; const tell = () => fetch_(origin + '/icon.svg?thread');`;

test('several threads give what one gives; a thread that dies loses nothing', async ({ page, site }) => {
  test.skip(!several, 'this computer has one core');
  test.setTimeout(240_000);
  await open(page, site.url);
  await expect(page.locator('#engine-facts')).toContainText('threads');
  await classifyMany(page);
  const expected = await probabilities(page);

  let started = 0;
  page.context().on('request', (request) => (started += request.url().endsWith('icon.svg?thread') ? 1 : 0));
  // The second batch kills it.
  const deadly = `let batches = 0; self.addEventListener('message', (event) => {
    if (event.data.kind !== 'classify' || ++batches < 2) return;
    event.stopImmediatePropagation();
    setTimeout(() => { throw new Error('killed by the test'); });
  });`;
  for (const [name, code] of [['threads', `${COUNT} tell();`], ['threads-die', `${COUNT} tell(); ${deadly}`]] as const) {
    const other = await startSite(withThreads(name, code));
    try {
      started = 0;
      await open(page, other.url);
      await classifyMany(page);
      expect(started, `${name}: threads`).toBeGreaterThan(0);
      expect(await probabilities(page), name).toEqual(expected);
      await expect(page.locator('#engine-note')).toBeHidden();
    } finally {
      other.close();
    }
  }
});

test('a volume is searched by several threads as by one, and by one where the others fail', async ({ page, site }) => {
  test.skip(!several, 'this computer has one core');
  test.setTimeout(240_000);
  const search = async (url: string): Promise<string[]> => {
    await open(page, url);
    await choose(page, [scanFile]);
    await opened(page, 24);
    await volumeScanned(page);
    return page.locator('#finding-rows tr').allTextContents();
  };
  const oneCore = `Object.defineProperty(navigator, 'hardwareConcurrency', { value: 1 });`;
  const onPart = (code: string): string => `self.addEventListener('message', (event) => { if (event.data.kind === 'search-part') { ${code} } });`;
  const sites = await Promise.all([
    brokenCopy('one-thread', { 'worker-cpu.js': (worker) => `${oneCore}\n${worker.toString()}` }),
    withThreads('threads-search', COUNT + onPart('tell();')),
    withThreads('threads-fail', onPart(`event.stopImmediatePropagation(); setTimeout(() => { throw new Error('killed by the test'); });`)),
  ].map(startSite));
  let parts = 0;
  page.context().on('request', (request) => (parts += request.url().endsWith('icon.svg?thread') ? 1 : 0));
  try {
    const [expected = [], ...others] = [await search(sites[0]?.url ?? ''), await search(sites[1]?.url ?? ''), await search(sites[2]?.url ?? ''), await search(site.url)];
    expect(expected.length).toBeGreaterThan(0);
    expect(parts, 'parts of slices given to other threads').toBeGreaterThan(0);
    for (const findings of others) expect(findings).toEqual(expected);
  } finally {
    for (const each of sites) each.close();
  }
});
