/** Older browsers: WebGPU that does not tell what its adapter is, and what is said where something is missing. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { brokenCopy, choose, expect, open, settled, startSite, test } from './helpers.ts';
import { dist, patches } from './fixtures.ts';

/** As it was: asked for, and no property. */
const OLDER = `if (globalThis.GPUAdapter) {
  const { get } = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'info');
  delete GPUAdapter.prototype.info;
  GPUAdapter.prototype.requestAdapterInfo = async function () {
    const { vendor, architecture, device, description } = get.call(this);
    return { vendor, architecture, device, description };
  };
}`;

test('an adapter without `info`, as in Chromium 113 to 126, is asked for it: the page goes on, and WebGPU runs', async ({ page }) => {
  test.skip(!existsSync(path.join(dist, 'pkg', 'webgpu', 'nodulens_bg.wasm')), 'this build has no WebGPU');
  test.setTimeout(600_000);
  // Workers, too, have none.
  const site = await startSite(brokenCopy('older-webgpu', { 'worker-webgpu.js': (code) => `${OLDER}\n${code.toString()}` }));
  try {
    await page.addInitScript(OLDER);
    await open(page, site.url);
    // A software adapter is known by what it says of itself.
    await expect(page.locator('#engine-facts')).toContainText(/swiftshader.*\(software\)/i);
    // What comes behind the engine has come.
    await expect.poll(() => page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/pkg/loader/nodulens_bg.wasm')))).toBe(true);
    await page.locator('input[name=engine][value=webgpu]').check({ force: true });
    await expect(page.locator('#engine-summary')).toHaveText('WebGPU', { timeout: 400_000 });
    await choose(page, patches().slice(0, 1));
    await settled(page, 1, 200_000);
  } finally {
    site.close();
  }
});

test('a browser that lacks something is told what, and which browsers have it', async ({ page, site, watch }) => {
  watch.expectErrors(/./);
  await page.addInitScript(() => {
    delete (Object as { hasOwn?: unknown }).hasOwn;
    const { validate } = WebAssembly;
    // The one with SIMD is longer than a type alone.
    WebAssembly.validate = (bytes) => bytes.byteLength < 20 && validate(bytes);
  });
  await page.goto(site.url);
  const told = page.locator('#too-old');
  await expect(told).toBeVisible();
  await expect(told).toContainText('This browser is too old for Nodulens');
  await expect(told.locator('li:visible')).toHaveText([/newer parts of JavaScript/, /SIMD/]);
  await expect(told).toContainText('Chrome or Edge 98, Firefox 97, Safari 16.4');
});

test('a browser that has it all is told nothing', async ({ page, site }) => {
  await open(page, site.url);
  await expect(page.locator('#too-old')).toBeHidden();
});
