/** The page as one file, opened from the disk as by a double click: the same numbers, and not one request. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
// Not the helpers' `test`: its watch is for pages of a server.
import { expect, test as base } from '@playwright/test';
import { choose, csv, json, open, opened, settled, volumeScanned, worstDifference } from './helpers.ts';
import { nativeScan, patches, root, scanFile } from './fixtures.ts';

const file = path.join(root, 'dist-single', 'nodulens.html');
const url = pathToFileURL(file).href;

const test = base.extend<{ quiet: void }>({
  quiet: [
    async ({ page }, use) => {
      const asked: string[] = [];
      const errors: string[] = [];
      page.context().on('request', (request) => {
        // The file itself, what it makes of its own parts, and the pictures it writes into itself.
        if (request.url().split(/[?#]/)[0] !== url && !/^(blob|data):/.test(request.url())) asked.push(request.url());
      });
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(`page error: ${error.message}`));
      await use();
      expect(asked, 'requests').toEqual([]);
      expect(errors, 'console').toEqual([]);
    },
    { auto: true },
  ],
});

test.beforeAll(() => {
  execFileSync(process.execPath, [path.join(root, 'scripts', 'single-file.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
});

test('under 3 MB, and its policy lets nothing out and nothing in', () => {
  expect(statSync(file).size).toBeLessThan(3_000_000);
  const text = readFileSync(file, 'utf8');
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1]?.replaceAll('&#39;', "'") ?? '';
  expect(policy).toContain("default-src 'none'; script-src 'sha256-");
  expect(policy).toContain("connect-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toMatch(/'self'|https?:|unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')/);
});

test('patches: the numbers of the native build, exported; the examples', async ({ page, context }) => {
  await context.setOffline(true);
  await open(page, url);
  await choose(page, patches());
  await settled(page, patches().length);
  const { results } = await json(page);
  const worst = worstDifference(results);
  console.log(`    ${results.length} patches against native: largest difference ${worst.toExponential(2)}`);
  expect(worst).toBeLessThan(1e-4);
  expect((await csv(page)).text.split('\r\n')).toHaveLength(patches().length + 2);
  await page.locator('#try-examples').click();
  await settled(page, patches().length + 8);
  // What is not inside is not offered.
  await expect(page.locator('#networks input')).toHaveCount(1);
  await expect(page.locator('input[name=engine][value=reference]')).toBeDisabled();
  await expect(page.locator('input[name=engine][value=webgpu]')).toBeDisabled();
  await page.locator('.foot summary').click();
  await expect(page.locator('.foot details pre')).toContainText('MIT');
  // The lab is inside, too.
  await page.getByRole('link', { name: 'Why this answer', exact: true }).click();
  await expect(page.locator('.why-card canvas[width="50"]')).toHaveCount(4, { timeout: 60_000 });
  await expect(page.locator('#offline')).toHaveText('All of it is in this one file, which asks for nothing.');
});

test('scans: the example and a file; a slice and a volume searched, with the numbers of the native build', async ({ page }) => {
  test.setTimeout(300_000);
  await open(page, url);
  await page.locator('#try-scan').click();
  await opened(page, 48);
  await page.locator('#scan-slice').click();
  await expect(page.locator('#scanning-text')).toContainText('in slice', { timeout: 60_000 });
  await page.locator('#scan-close').click();

  await page.setInputFiles('#input-files', [scanFile]);
  const native = nativeScan();
  await opened(page, 24);
  await volumeScanned(page);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#findings-json').click()]);
  const { findings, input, model } = JSON.parse(readFileSync(await download.path(), 'utf8')) as typeof native;
  expect(input.sha256).toBe(native.input.sha256);
  expect(model).toMatchObject(native.model);
  expect(findings.length).toBe(native.findings.length);
  expect(findings.length).toBeGreaterThan(0);
  const worst = Math.max(...findings.map(({ probability }, i) => Math.abs(probability - (native.findings[i]?.probability ?? NaN))));
  console.log(`    ${findings.length} findings against native: largest difference ${worst.toExponential(2)}`);
  expect(worst).toBeLessThan(1e-4);
});

base('whatever it might try to send is refused', async ({ page }) => {
  await open(page, url);
  const got = await page.evaluate(async () => {
    const target = 'http://127.0.0.1:9/';
    const refused: Record<string, boolean> = {};
    refused['fetch'] = await fetch(target, { mode: 'no-cors' }).then(() => false, () => true);
    refused['own file'] = await fetch(location.href).then(() => false, () => true);
    refused['beacon'] = await new Promise<boolean>((resolve) => {
      addEventListener('securitypolicyviolation', () => resolve(true), { once: true });
      // The page has taken it away from itself (privacy/take-away.ts).
      if (!navigator.sendBeacon) return resolve(true);
      navigator.sendBeacon(target, 'x');
      setTimeout(() => resolve(false), 2000);
    });
    refused['picture'] = await new Promise<boolean>((resolve) => {
      addEventListener('securitypolicyviolation', () => resolve(true), { once: true });
      new Image().src = `${target}?x`;
      setTimeout(() => resolve(false), 2000);
    });
    return refused;
  });
  expect(got).toEqual({ fetch: true, 'own file': true, beacon: true, picture: true });
});
