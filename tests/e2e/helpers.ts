/** A page under watch: its own server, and after each test no request outside the origin and no error in the console. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test as base } from '@playwright/test';
import type { Page, Request } from '@playwright/test';
import { serve } from '../../scripts/serve.mjs';
import { dist, native, out, root } from './fixtures.ts';
import type { Native } from './fixtures.ts';

export interface Exported {
  file_name: string;
  status: string;
  probability: number | null;
  decision: string | null;
  threshold: number | null;
  model_id: string | null;
  weights_sha256: string | null;
  engine: string | null;
  file_sha256: string | null;
  synthetic: string | null;
  notes: string[];
  error: { code: string; message: string; hint: string } | null;
}

interface Watch {
  /** Errors the test itself provokes. */
  expectErrors(pattern: RegExp): void;
  /** The test itself tries to reach elsewhere: what the page's policy refused is no request. */
  expectRefused(): void;
}

interface Site {
  url: string;
  close(): void;
}

export async function startSite(dir: string): Promise<Site> {
  const { server, url } = await serve({ dir, port: 0 });
  return { url, close: () => server.close() };
}

export const test = base.extend<{ watch: Watch }, { site: Site }>({
  site: [
    async ({}, use) => {
      const site = await startSite(dist);
      await use(site);
      site.close();
    },
    { scope: 'worker' },
  ],
  watch: [
    async ({ page }, use) => {
      const outside: Request[] = [];
      let refusals = false;
      const errors: string[] = [];
      const expected: RegExp[] = [/Service Worker registration blocked by Playwright/];
      page.context().on('request', (request) => {
        if (!/^(http:\/\/127\.0\.0\.1:\d+\/|blob:http:\/\/127\.0\.0\.1:\d+\/|data:)/.test(request.url())) outside.push(request);
      });
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') errors.push(`${message.type()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => errors.push(`page error: ${error.message}`));
      await use({ expectErrors: (pattern) => void expected.push(pattern), expectRefused: () => void (refusals = true) });
      const refused = (request: Request): boolean => refusals && /csp/i.test(request.failure()?.errorText ?? '');
      expect(outside.filter((request) => !refused(request)).map((request) => request.url()), 'requests outside the origin').toEqual([]);
      expect(errors.filter((error) => !expected.some((pattern) => pattern.test(error))), 'console').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.locator('#lead')).not.toBeEmpty();
}

export const choose = (page: Page, files: string[] | { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> =>
  page.setInputFiles('#input-files', files);

/** Waits until nothing runs and `total` rows are there. */
export async function settled(page: Page, total: number, timeout = 120_000): Promise<void> {
  await expect(page.locator('#count-all')).toHaveText(total.toLocaleString('en'), { timeout });
  // Also hidden while the run is paused or has not begun; so every row must have come to its end.
  await expect(page.locator('#run')).toBeHidden({ timeout });
  const ended = async (): Promise<number> => {
    const texts = await page.locator('#count-nodule, #count-none, #count-problem').allTextContents();
    return texts.reduce((sum, text) => sum + Number(text.replaceAll(',', '')), 0);
  };
  await expect.poll(ended, { timeout }).toBe(total);
  await expect(page.locator('#run')).toBeHidden({ timeout });
}

async function downloadText(page: Page, button: string): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator(button).click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

export async function csv(page: Page): Promise<{ name: string; text: string }> {
  return downloadText(page, '#csv');
}

export async function json(page: Page): Promise<{ models: Record<string, unknown>[]; results: Exported[] }> {
  return JSON.parse((await downloadText(page, '#json')).text) as { models: Record<string, unknown>[]; results: Exported[] };
}

/** The native build's answer for a file of that name, by the default network or another. */
export function nativeFor(name: string, model?: string): Native {
  const found = native(model).find(({ file }) => path.basename(file) === name);
  if (!found) throw new Error(`no native number for ${name}`);
  return found;
}

/** The largest difference from the native build over all classified rows; every decision must be the same. */
export function worstDifference(results: Exported[], model?: string): number {
  let worst = 0;
  for (const row of results) {
    const reference = nativeFor(row.file_name, model);
    expect(row.decision, row.file_name).toBe(reference.decision);
    worst = Math.max(worst, Math.abs((row.probability ?? NaN) - (reference.probability ?? NaN)));
  }
  return worst;
}

/** A copy of dist/ with something broken in it: how faults are tested without a hook in the product. */
export function brokenCopy(name: string, edits: Record<string, (content: Buffer) => Buffer | string>): string {
  const dir = path.join(out, `dist-${name}`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  cpSync(dist, dir, { recursive: true });
  for (const [file, edit] of Object.entries(edits)) {
    const target = path.join(dir, file);
    writeFileSync(target, edit(readFileSync(target)));
    for (const suffix of ['.br', '.gz']) rmSync(target + suffix, { force: true });
  }
  return dir;
}

/** So many frames later: whatever the page was about to draw is drawn. */
export const frames = (page: Page, count: number): Promise<void> =>
  page.evaluate((left) => new Promise<void>((resolve) => {
    const tick = (): void => (left-- > 0 ? void requestAnimationFrame(tick) : resolve());
    tick();
  }), count);

/** How many workers of that name the page has. One that was let go ends when it has answered what it was asked. */
export async function workersNamed(page: Page, name: string): Promise<number> {
  const names = await Promise.all(page.workers().map((worker) => worker.evaluate(() => self.name).catch(() => '')));
  return names.filter((each) => each === name).length;
}

/** A scan of so many slices is open and drawn. */
export async function opened(page: Page, slices: number): Promise<void> {
  await expect(page.locator('#scan')).toBeVisible({ timeout: 120_000 });
  await expect(page.locator('#slice-range')).toHaveAttribute('max', String(slices - 1));
  await expect.poll(() => brightness(page), { timeout: 20_000 }).toBeGreaterThan(10);
}

/** Mean grey of the viewer's canvas: black until a slice is drawn. */
export const brightness = (page: Page): Promise<number> =>
  page.locator('#slice').evaluate((canvas: HTMLCanvasElement) => {
    // A copy: reading the canvas itself would slow down what is tested.
    const copy = Object.assign(document.createElement('canvas'), { width: 100, height: 100 });
    const context = copy.getContext('2d', { willReadFrequently: true });
    context?.drawImage(canvas, 0, 0, 100, 100);
    const data = context?.getImageData(0, 0, 100, 100).data ?? [];
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i] ?? 0;
    return sum / 10_000;
  });

/** Searches the whole volume. */
export async function volumeScanned(page: Page): Promise<void> {
  await page.locator('#scan-volume').click();
  await expect(page.locator('#scanning-text')).toContainText('in the volume', { timeout: 240_000 });
}

/** What wasm-bindgen wrote beside the modules, for tests that call them directly; the page's workers have it inside. */
export const withGlue = (page: Page): Promise<unknown> =>
  page.route('**/pkg/*/nodulens.js', (route) => route.fulfill({
    contentType: 'text/javascript',
    path: path.join(root, 'www', new URL(route.request().url()).pathname),
  }));
