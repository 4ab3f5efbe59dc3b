/** WebGPU on a software adapter: never chosen by itself, right when a person chooses it, distrusted when it is wrong. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { brokenCopy, choose, expect, json, open, settled, startSite, test, worstDifference } from './helpers.ts';
import { dist, patches } from './fixtures.ts';

const built = existsSync(path.join(dist, 'pkg', 'webgpu', 'nodulens_bg.wasm'));

test('a software adapter is not chosen, and the page says which it is and why', async ({ page, site }) => {
  test.skip(!built, 'this build has no WebGPU');
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  await open(page, site.url);
  await expect(page.locator('#engine-facts')).toContainText(/swiftshader.*\(software\)/i);
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  await expect(page.locator('#engine-summary')).toHaveText('CPU');
  expect(fetched.filter((url) => url.includes('pkg/webgpu'))).toEqual([]);
});

test('chosen by hand it passes the known-answer check and gives the native numbers', async ({ page, site }) => {
  test.skip(!built, 'this build has no WebGPU');
  test.setTimeout(600_000);
  await open(page, site.url);
  await page.locator('input[name=engine][value=webgpu]').check({ force: true });
  await expect(page.locator('#engine-summary')).toHaveText('WebGPU', { timeout: 400_000 });
  const why = await page.locator('#engine-facts').innerText();
  expect(why).toContain('agrees with the CPU');
  await choose(page, patches().slice(0, 3));
  await settled(page, 3, 200_000);
  const { results } = await json(page);
  for (const row of results) expect(row.engine).toMatch(/webgpu.*swiftshader/i);
  const worst = worstDifference(results);
  console.log(`    SwiftShader against native, 3 patches: worst difference ${worst.toExponential(2)}; ${why.split('\n').at(-1)}`);
  expect(worst).toBeLessThan(1e-4);
  // And back.
  await page.locator('input[name=engine][value=cpu]').check({ force: true });
  await expect(page.locator('#engine-summary')).toHaveText('CPU');
  await choose(page, patches().slice(3, 5));
  await settled(page, 5);
  expect((await json(page)).results.at(-1)?.engine).toMatch(/cpu/i);
});

test('a WebGPU worker that dies hands its work to the CPU, and the page says so', async ({ page, site, watch }) => {
  test.skip(!built, 'this build has no WebGPU');
  test.setTimeout(600_000);
  watch.expectErrors(/killed by the test/);
  await open(page, site.url);
  await page.locator('input[name=engine][value=webgpu]').check({ force: true });
  await expect(page.locator('#engine-summary')).toHaveText('WebGPU', { timeout: 400_000 });
  await choose(page, patches().slice(0, 30));
  await expect(page.locator('#rows tr[data-state=done]').first()).toBeVisible({ timeout: 60_000 });
  for (const worker of page.workers()) {
    if ((await worker.evaluate(() => self.name)) === 'nodulens-webgpu') await worker.evaluate(() => void setTimeout(() => { throw new Error('killed by the test'); }));
  }
  await settled(page, 30, 200_000);
  const { results } = await json(page);
  expect(results.every(({ status }) => status === 'done')).toBe(true);
  expect(results[0]?.engine).toMatch(/webgpu/i);
  expect(results.at(-1)?.engine).toMatch(/cpu/i);
  expect(worstDifference(results)).toBeLessThan(1e-4);
  await expect(page.locator('#notices')).toContainText('The CPU has taken over');
});

test('a hardware adapter is tried by itself, checked, measured, and not taken where it is slower', async ({ page, site }) => {
  test.skip(!built, 'this build has no WebGPU');
  test.setTimeout(600_000);
  // SwiftShader under the name of a graphics card: what Automatic does with one, and that speed is measured, not believed.
  await page.addInitScript(() => {
    const info = { vendor: 'example', architecture: 'card', device: '', description: '', isFallbackAdapter: false };
    Object.defineProperty(GPUAdapter.prototype, 'info', { get: () => info });
  });
  await open(page, site.url);
  await expect(page.locator('#engine-facts')).toContainText('example card (hardware)');
  await expect(page.locator('#engine-facts')).toContainText('agrees with the CPU but is slower here', { timeout: 400_000 });
  await expect(page.locator('#engine-summary')).toHaveText('CPU');
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  expect((await json(page)).results[0]?.engine).toMatch(/cpu/i);
});

test('wrong numbers are noticed: the CPU goes on and the page says so', async ({ page }) => {
  test.skip(!built, 'this build has no WebGPU');
  test.setTimeout(600_000);
  // A driver that returns other numbers than it computed.
  const spoil = `
    const mapped_ = GPUBuffer.prototype.getMappedRange;
    GPUBuffer.prototype.getMappedRange = function (...range) {
      const memory = mapped_.apply(this, range);
      if (this.usage & GPUBufferUsage.MAP_READ) new Float32Array(memory).forEach((value, at, all) => (all[at] = value + at));
      return memory;
    };`;
  const site = await startSite(brokenCopy('mismatch', { 'worker-webgpu.js': (code) => `${spoil}\n${code.toString()}` }));
  try {
    await open(page, site.url);
    await page.locator('input[name=engine][value=webgpu]').check({ force: true });
    await expect(page.locator('#notices')).toContainText('other numbers than the CPU', { timeout: 400_000 });
    await expect(page.locator('#engine-summary')).toHaveText('CPU');
    await choose(page, patches().slice(0, 3));
    await settled(page, 3);
    expect(worstDifference((await json(page)).results)).toBeLessThan(1e-4);
  } finally {
    site.close();
  }
});
