/** Without a network after one visit; a new version is asked for, never forced, and never taken while it is not whole. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Server, ServerResponse } from 'node:http';
import type { Page } from '@playwright/test';
import { writeServiceWorker } from '../../scripts/precache.mjs';
import { serve } from '../../scripts/serve.mjs';
import { brokenCopy, choose, expect, json, open, opened, settled, test, worstDifference } from './helpers.ts';
import { dist, models, out, patches, root } from './fixtures.ts';

test.use({ serviceWorkers: 'allow' });

interface Host {
  url: string;
  stop(): Promise<void>;
}

async function host(dir: string, policy = (own: string): string => own): Promise<Host> {
  const { server, url } = (await serve({ dir, port: 0 })) as { server: Server; url: string };
  server.prependListener('request', (_, response: ServerResponse) => {
    const writeHead = response.writeHead.bind(response) as (status: number, headers: Record<string, string>) => ServerResponse;
    const changed = (status: number, headers: Record<string, string>): ServerResponse =>
      writeHead(status, { ...headers, 'content-security-policy': policy(headers['content-security-policy'] ?? '') });
    response.writeHead = changed as typeof response.writeHead;
  });
  const stop = (): Promise<void> => new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  return { url, stop };
}

const kept = (page: Page): Promise<void> => expect(page.locator('#offline')).toHaveText('Available offline.', { timeout: 60_000 });
const cacheNames = (page: Page): Promise<string[]> => page.evaluate(() => caches.keys());
const offered = (page: Page): ReturnType<Page['locator']> => page.locator('#update .notice-line');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Another build: another title, and other bytes in a file that is loaded late. */
async function newVersion(dir: string, title: string): Promise<void> {
  change(dir, 'index.html', (text) => text.replace(/<title>[^<]*/, `<title>${title}`));
  change(dir, 'worker-loader.js', (text) => `${text}\n// ${title}\n`);
  await writeServiceWorker(dir);
  forgetCompressed(dir, 'service-worker.js');
}
function change(dir: string, file: string, edit: (text: string) => string): void {
  const target = path.join(dir, file);
  writeFileSync(target, edit(readFileSync(target, 'utf8')));
  forgetCompressed(dir, file);
}
const forgetCompressed = (dir: string, file: string): void => {
  for (const suffix of ['.br', '.gz']) rmSync(path.join(dir, file + suffix), { force: true });
};
const lateFile = (page: Page): Promise<string> => page.evaluate(async () => (await fetch('./worker-loader.js')).text());

test('after one visit everything works with the network off and the server gone', async ({ page, context }) => {
  test.setTimeout(300_000);
  const site = await host(dist);
  const asked: string[] = [];
  context.on('request', (request) => void asked.push(new URL(request.url()).pathname));
  await open(page, site.url);
  // The engine came first; nobody waited for the service worker.
  await kept(page);
  expect(asked.indexOf('/service-worker.js')).toBeGreaterThan(asked.findIndex((name) => name.endsWith('.nodulens')));
  await context.setOffline(true);
  await site.stop();

  await page.reload();
  await expect(page.locator('#lead')).not.toBeEmpty();
  expect(await page.evaluate(() => crossOriginIsolated), 'headers are kept, too').toBe(true);
  const files = patches().slice(0, 12);
  await choose(page, files);
  await settled(page, 12);
  expect(worstDifference((await json(page)).results)).toBeLessThan(1e-4);

  await page.locator('#try-scan').click();
  await opened(page, 48);
  await page.locator('#scan-slice').click();
  await expect(page.locator('#scanning-text')).toContainText('in slice', { timeout: 120_000 });

  // Another network, another engine: neither was ever loaded by the page before.
  const [, second] = models();
  await page.locator(`input[name=network][value=${second?.id}]`).check();
  await expect(page.locator(`#network-${second?.id}-state`)).toHaveText('In use', { timeout: 60_000 });
  await page.locator('input[name=engine][value=reference]').check({ force: true });
  await expect(page.locator('#engine-facts')).toContainText('burn-flex', { timeout: 60_000 });
  await page.locator('#rerun').click();
  await expect(page.locator('#rerun')).toBeHidden();
  await settled(page, 12);
  const { results } = await json(page);
  expect(worstDifference(results, second?.id)).toBeLessThan(1e-4);
  expect(results[0]?.engine).toContain('burn-flex');

  // Every file, to the byte; the WebGPU module among them, and the address that chooses a network.
  const list = JSON.parse(/files:(\{.*?\})/.exec(readFileSync(path.join(dist, 'service-worker.js'), 'utf8'))?.[1] ?? '{}') as Record<string, string>;
  expect(Object.keys(list).length).toBeGreaterThan(15);
  for (const [file, hash] of Object.entries(list)) expect(sha256(readFileSync(path.join(dist, file))), file).toBe(hash);
  const wrong = await page.evaluate(async (files) => {
    const bad: string[] = [];
    for (const [file, hash] of Object.entries(files)) {
      const response = await fetch(`./${file}`);
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()));
      if ([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') !== hash) bad.push(file);
    }
    return bad;
  }, list);
  expect(wrong).toEqual([]);
  if (existsSync(path.join(dist, 'pkg', 'webgpu'))) expect(Object.keys(list)).toContain('pkg/webgpu/nodulens_bg.wasm');
  await page.goto(`${site.url}?model=${second?.id}`);
  await expect(page.locator(`#network-${second?.id}-state`)).toHaveText('In use', { timeout: 60_000 });
});

test('a new version is offered, not forced; the old one works on, whole, until it is accepted', async ({ page, context }) => {
  test.setTimeout(300_000);
  const dir = brokenCopy('versions', {});
  const site = await host(dir);
  await open(page, site.url);
  await kept(page);
  const [old] = await cacheNames(page);
  const late = await (await fetch(`${site.url}worker-loader.js`)).text();
  await newVersion(dir, 'Another version');

  // A visit finds it, beside the old one.
  await page.reload();
  await expect(offered(page)).toContainText('A new version of Nodulens is ready', { timeout: 60_000 });
  await expect(page).not.toHaveTitle('Another version');
  await page.locator('#try-examples').click();
  await settled(page, 8);
  expect(await cacheNames(page)).toHaveLength(2);
  expect(await lateFile(page), 'no file of the new version in the old page').toBe(late);
  await page.getByRole('button', { name: 'Later' }).click();
  await expect(offered(page)).toHaveCount(0);
  await expect(page.locator('#rows tr')).toHaveCount(8);

  // Asked again at the next visit; with another tab open it waits.
  const other = await context.newPage();
  await open(other, site.url);
  await page.reload();
  await expect(page).not.toHaveTitle('Another version');
  await page.getByRole('button', { name: 'Reload now' }).click();
  await expect(offered(page)).toContainText('open in another tab');
  expect(await lateFile(other)).toBe(late);
  await other.close();
  await page.getByRole('button', { name: 'Reload now' }).click();
  await expect(page).toHaveTitle('Another version', { timeout: 30_000 });
  await kept(page);
  expect(await lateFile(page)).toContain('// Another version');
  await expect(offered(page)).toHaveCount(0);
  const names = await cacheNames(page);
  expect(names).toHaveLength(1);
  expect(names[0]).not.toBe(old);

  await context.setOffline(true);
  await site.stop();
  await page.reload();
  await expect(page).toHaveTitle('Another version');
  await expect(page.locator('#lead')).not.toBeEmpty();
});

for (const [fault, spoil] of [
  ['a file is another than was built', (file: string): void => writeFileSync(file, 'something else')],
  ['a file is missing', (file: string): void => rmSync(file)],
  ['a file is cut off', (file: string): void => writeFileSync(file, readFileSync(file).subarray(0, 1000))],
] as const) {
  test(`a new version of which ${fault} never replaces the old one; mended, it is offered`, async ({ page, context, watch }) => {
    test.setTimeout(300_000);
    watch.expectErrors(/404|ServiceWorker|service worker/i);
    const dir = brokenCopy('half', {});
    const site = await host(dir);
    await open(page, site.url);
    await kept(page);
    await newVersion(dir, 'Half of it');
    // One of those that differ: what is the same is taken from the old version.
    const file = path.join(dir, 'worker-loader.js');
    const whole = readFileSync(file);
    spoil(file);
    await page.reload();
    await expect(page.locator('#offline')).toContainText('could not be fetched whole', { timeout: 60_000 });
    await expect(offered(page)).toHaveCount(0);
    // Also after the browser was closed, as far as the service worker can tell: no page is open.
    await page.goto('about:blank');
    await context.setOffline(true);
    await open(page, site.url);
    await expect(page).not.toHaveTitle('Half of it');
    await page.locator('#try-examples').click();
    await settled(page, 8);

    await context.setOffline(false);
    writeFileSync(file, whole);
    await page.reload();
    await expect(offered(page)).toContainText('A new version', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Reload now' }).click();
    await expect(page).toHaveTitle('Half of it', { timeout: 30_000 });
    await site.stop();
  });
}

test('a server that still sends another build’s policy: the new version is not taken, for it could not run', async ({ page, watch }) => {
  test.setTimeout(300_000);
  watch.expectErrors(/ServiceWorker|service worker/i);
  const dir = brokenCopy('policy', {});
  let policy = (own: string): string => own.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
  const site = await host(dir, (own) => policy(own));
  await open(page, site.url);
  // Who may frame it is the server's affair.
  await kept(page);
  await newVersion(dir, 'With another policy');
  policy = (own) => own.replace("worker-src 'self' blob:", "worker-src 'self'");
  await page.reload();
  await expect(page.locator('#offline')).toContainText('could not be fetched whole', { timeout: 60_000 });
  await page.locator('#try-examples').click();
  await settled(page, 8);
  policy = (own) => own;
  await page.reload();
  await expect(offered(page)).toContainText('A new version', { timeout: 60_000 });
  await site.stop();
});

test('a first visit that cannot keep everything works, and says that it is not kept', async ({ page, watch }) => {
  watch.expectErrors(/404|ServiceWorker|service worker/i);
  const dir = brokenCopy('not-kept', { 'models/paper.nodulens': (bytes) => bytes.subarray(0, bytes.length / 2) });
  const site = await host(dir);
  await open(page, site.url);
  await expect(page.locator('#offline')).toContainText('Could not be kept', { timeout: 60_000 });
  await page.locator('#try-examples').click();
  await settled(page, 8);
  await site.stop();
});

test('a build that is not to be kept ends the service worker and deletes what an earlier one kept', async ({ page }) => {
  test.setTimeout(300_000);
  const dir = brokenCopy('ended', {});
  const site = await host(dir);
  await open(page, site.url);
  await kept(page);
  execFileSync(process.execPath, [path.join(root, 'scripts', 'build.mjs'), '--no-offline', `--out=${dir}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  await page.reload();
  await page.getByRole('button', { name: 'Reload now' }).click();
  await expect.poll(() => cacheNames(page).catch(() => ['?'])).toEqual([]);
  await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length).catch(() => -1)).toBe(0);
  await open(page, site.url);
  await expect(page.locator('#offline')).toBeEmpty();
  await site.stop();
});

test('what was kept is deleted behind its back: the page comes from the server again', async ({ page }) => {
  const site = await host(dist);
  await open(page, site.url);
  await kept(page);
  await page.reload();
  await page.evaluate(async () => Promise.all((await caches.keys()).map((name) => caches.delete(name))));
  await open(page, site.url);
  await open(page, site.url);
  await kept(page);
  await page.locator('#try-examples').click();
  await settled(page, 8);
  await site.stop();
});

test.describe('without the policy of the page', () => {
  test.use({ bypassCSP: true });
  test('the service worker itself refuses another origin, and passes on what is not its own', async ({ page, watch }) => {
    watch.expectErrors(/ERR_FAILED|Failed to load/);
    const site = await host(dist);
    const other = await host(out);
    await open(page, site.url);
    await kept(page);
    await page.reload();
    await page.waitForFunction(() => navigator.serviceWorker.controller);
    const ask = (url: string): Promise<string> => page.evaluate((address) => fetch(address, { mode: 'no-cors' }).then((answer) => `${answer.type} ${answer.status}`, () => 'refused'), url);
    expect(await ask(`${other.url}native-compact.json`)).toBe('refused');
    expect(await ask(`${site.url}sizes.json`)).toBe('basic 200');
    expect(await ask(`${site.url}not-here`)).toBe('basic 404');
    await Promise.all([site.stop(), other.stop()]);
  });
});
