/** Whatever happens to an engine, a reader, a graphics device or the computer: the work goes on, the user is told, nothing is lost. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { brokenCopy, choose, expect, json, open, opened, settled, startSite, test, volumeScanned, workersNamed, worstDifference } from './helpers.ts';
import { dist, many, nativeScan, patches, scanFile } from './fixtures.ts';
import type { NativeScan } from './fixtures.ts';

const webgpu = existsSync(path.join(dist, 'pkg', 'webgpu', 'nodulens_bg.wasm'));

/** All of so many are classified, with the command line's numbers. */
async function allRight(page: Page, files: string[]): Promise<void> {
  await settled(page, files.length, 240_000);
  const { results } = await json(page);
  expect(results.filter(({ status }) => status === 'done')).toHaveLength(files.length);
  // The many are copies, in turn, of the few.
  const few = patches().map((file) => path.basename(file));
  const named = results.map((row) => ({ ...row, file_name: row.file_name.replace(/^patch-(\d+)\.png$/, (_, n: string) => few[Number(n) % few.length] ?? '') }));
  expect(worstDifference(named)).toBeLessThan(1e-4);
}

/** The command line's findings, place by place. */
async function sameFindings(page: Page): Promise<void> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#findings-json').click()]);
  const { findings } = JSON.parse(readFileSync(await download.path(), 'utf8')) as NativeScan;
  const expected = nativeScan().findings;
  expect(expected.length).toBeGreaterThan(0);
  // Two builds of the same arithmetic: the last digit may differ.
  const places = (all: NativeScan['findings']): number[][] => all.map(({ sliceIndex, pixel: [x, y] }) => [sliceIndex, Math.round(x * 1000), Math.round(y * 1000)]);
  expect(places(findings)).toEqual(places(expected));
  findings.forEach(({ probability }, at) => expect(Math.abs(probability - (expected[at]?.probability ?? NaN))).toBeLessThan(1e-4));
}

const chooseWebGpu = async (page: Page): Promise<void> => {
  await page.locator('input[name=engine][value=webgpu]').check({ force: true });
  await expect(page.locator('#engine-summary')).toHaveText('WebGPU', { timeout: 400_000 });
};

for (const fault of ['panic', 'out-of-memory']) {
  test(`the CPU engine: ${fault} in the middle of a run`, async ({ page, site, watch }) => {
    watch.expectErrors(/panicked|memory allocation|unreachable/);
    await open(page, `${site.url}?fault=${fault}@2`);
    await expect(page.locator('#notices')).toContainText('will fail on purpose');
    await choose(page, patches());
    await allRight(page, patches());
    await expect(page.locator('#engine-note')).toContainText('replaced once');
  });
}

for (const [fault, says] of [
  ['lose-device@2', 'The CPU has taken over'],
  ['refused-work@2', 'The CPU has taken over'],
  ['wrong-numbers@3', 'began to compute wrong numbers'],
] as const) {
  test(`WebGPU: ${fault.split('@')[0]} in the middle of a run`, async ({ page, site, watch }) => {
    test.skip(!webgpu, 'this build has no WebGPU');
    test.setTimeout(600_000);
    watch.expectErrors(/device|shader|pipeline|panicked|Destroyed|Invalid|unreachable|mapAsync|adapters|closure/i);
    await open(page, `${site.url}?fault=${fault}`);
    await chooseWebGpu(page);
    const files = patches().slice(0, 12);
    await choose(page, files);
    await allRight(page, files);
    await expect(page.locator('#notices')).toContainText(says);
    await expect(page.locator('#engine-summary')).toHaveText('CPU');
  });
}

test('WebGPU: a driver that refuses every shader: the CPU works, and the page says why', async ({ page, watch }) => {
  test.skip(!webgpu, 'this build has no WebGPU');
  watch.expectErrors(/shader|pipeline|panicked|Invalid|unreachable|closure|WGSL|parsing/i);
  const spoil = `
    const create_ = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function () { return create_.call(this, { code: 'this is no shader' }); };`;
  const site = await startSite(brokenCopy('no-shader', { 'worker-webgpu.js': (code) => `${spoil}\n${code.toString()}` }));
  try {
    await open(page, site.url);
    await page.locator('input[name=engine][value=webgpu]').check({ force: true });
    await expect(page.locator('#notices')).toContainText('WebGPU is not used', { timeout: 200_000 });
    await choose(page, patches().slice(0, 3));
    await allRight(page, patches().slice(0, 3));
  } finally {
    site.close();
  }
});

test('WebGPU: the device is destroyed in the middle of a search: the findings are the command line’s', async ({ page, site, watch }) => {
  test.skip(!webgpu, 'this build has no WebGPU');
  test.setTimeout(600_000);
  watch.expectErrors(/device|panicked|Destroyed|unreachable|mapAsync|closure/i);
  // One piece is the slice that is gauged when the scan opens.
  await open(page, `${site.url}?fault=lose-device@4`);
  await chooseWebGpu(page);
  await choose(page, [scanFile]);
  await opened(page, 24);
  await volumeScanned(page);
  await expect(page.locator('#notices')).toContainText('The CPU has taken over');
  await sameFindings(page);
  await expect(page.locator('#engine-summary')).toHaveText('CPU');
});

test('a reader that stops while its scan is open is replaced; the search goes on', async ({ page, site, watch }) => {
  watch.expectErrors(/killed by the test/);
  await open(page, site.url);
  await choose(page, [scanFile]);
  await opened(page, 24);
  await page.locator('#scan-volume').click();
  await expect(page.locator('#scanning-text')).toContainText(/[1-9]\d? of 24/);
  for (const worker of page.workers()) {
    if ((await worker.evaluate(() => self.name)) === 'nodulens-loader') await worker.evaluate(() => void setTimeout(() => { throw new Error('killed by the test'); }));
  }
  await expect(page.locator('#scanning-text')).toContainText('in the volume', { timeout: 120_000 });
  await sameFindings(page);
  // The new reader shows slices, too.
  await page.locator('#slice-range').fill('3');
  await expect(page.locator('#slice')).toHaveAttribute('aria-label', /slice 4 of 24/);
  await expect(page.locator('#notices')).not.toContainText('opened again');
});

test('a file on which the reader stops is set aside with its reason; the scan beside it opens', async ({ page }) => {
  const poison = `
    const read_ = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = async function () {
      const bytes = await read_.call(this);
      if (new TextDecoder().decode(bytes.slice(0, 15)) === 'NRRD0004 POISON') {
        self.postMessage({ kind: 'died', message: 'unreachable' });
        await new Promise(() => undefined);
      }
      return bytes;
    };`;
  const site = await startSite(brokenCopy('poison-scan', { 'worker-loader.js': (code) => `${poison}\n${code.toString()}` }));
  try {
    await open(page, site.url);
    const bad = (name: string): { name: string; mimeType: string; buffer: Buffer } => ({ name, mimeType: '', buffer: Buffer.from('NRRD0004 POISON\n') });
    await choose(page, [bad('a.nrrd'), { name: 'scan.mha', mimeType: '', buffer: readFileSync(scanFile) }, bad('z.nrrd')]);
    await opened(page, 24);
    await expect(page.locator('#notices')).toContainText('a.nrrd, z.nrrd: The loader stopped on this file');
  } finally {
    site.close();
  }
});

test('a laptop that sleeps for an hour in the middle of a run: no worker is taken for dead', async ({ page, site }) => {
  await page.clock.install();
  await open(page, site.url);
  const files = many().slice(0, 1500);
  await choose(page, files);
  await expect.poll(() => page.locator('#rows tr[data-state=done]').count()).toBeGreaterThan(0);
  await page.clock.fastForward('01:00:00');
  await allRight(page, files);
  await expect(page.locator('#engine-note')).toBeHidden();
});

test('workers that had nothing to do for a while end, and come back by themselves; a scan of the user’s stays open', async ({ page, site }) => {
  await page.clock.install();
  await open(page, site.url);
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  await choose(page, [scanFile]);
  await opened(page, 24);
  await page.locator('#learn-nav a').first().click();
  await expect.poll(() => workersNamed(page, 'nodulens-lab')).toBeGreaterThan(0);
  await expect(page.locator('.why-card canvas[width="50"]')).toHaveCount(4, { timeout: 60_000 });
  await page.clock.fastForward('00:06:00');
  await expect.poll(() => workersNamed(page, 'nodulens-cpu')).toBe(0);
  await expect.poll(() => workersNamed(page, 'nodulens-lab')).toBe(0);
  expect(await workersNamed(page, 'nodulens-loader')).toBe(1);
  await choose(page, patches().slice(2, 12));
  await settled(page, 12);
  expect(worstDifference((await json(page)).results)).toBeLessThan(1e-4);
  await page.locator('#slice').click({ position: { x: 200, y: 200 } });
  await expect(page.locator('#spot-body')).toContainText('%');
  await expect(page.locator('#engine-note')).toBeHidden();
  await expect(page.locator('#notices')).not.toContainText('stopped');
});

test('a tab that the browser freezes in the middle of a run goes on where it was', async ({ page, site }) => {
  await open(page, site.url);
  const files = many().slice(0, 1500);
  await choose(page, files);
  await expect.poll(() => page.locator('#rows tr[data-state=done]').count()).toBeGreaterThan(0);
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  // How long it is frozen is what is tried here, not something that is waited for.
  await delay(1500);
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await allRight(page, files);
  await expect(page.locator('#engine-note')).toBeHidden();
});

for (const [name, says, without] of [
  ['SIMD', 'no SIMD', () => { WebAssembly.validate = () => false; }],
  ['WebAssembly', 'no WebAssembly', () => { Reflect.deleteProperty(window, 'WebAssembly'); }],
] as const) {
  test(`a browser without ${name}: a plain message with the browsers that work, and files are kept`, async ({ page, site }) => {
    await page.addInitScript(without);
    await page.goto(site.url);
    await expect(page.locator('#engine-summary')).toHaveText('The engine did not start.');
    await choose(page, patches().slice(0, 2));
    await expect(page.locator('#paused')).toContainText(says);
    await expect(page.locator('#paused')).toContainText('Chrome or Edge 98, Firefox 97, Safari 16.4');
    await expect(page.locator('#count-all')).toHaveText('2');
  });
}
