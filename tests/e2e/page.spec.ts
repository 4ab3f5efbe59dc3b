/** The page as a page: keyboard, downloads, sorting, narrow screens, names for screen readers, headers. */
import { createReadStream, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { choose, csv, expect, json, open, settled, test } from './helpers.ts';
import { dist, format, models, patches } from './fixtures.ts';

/** What has the focus, by id or text. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    return element === document.body || !element ? '' : element.id || (element.textContent ?? '').trim().slice(0, 40);
  });

async function tabTo(page: Page, id: string): Promise<void> {
  const seen: string[] = [];
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    seen.push(now);
    if (now === id) return;
  }
  throw new Error(`Tab never reached ${id}: ${seen.join(' > ')}`);
}

test('from the first tab to the CSV with the keyboard alone', async ({ page, site }) => {
  await open(page, site.url);
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('Skip to the images');
  await page.keyboard.press('Enter');
  await tabTo(page, 'try-examples');
  await page.keyboard.press('Enter');
  await settled(page, 8);
  expect(await focused(page), 'focus stays where it was').toBe('try-examples');
  await tabTo(page, 'csv');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect(readFileSync(await download.path(), 'utf8').split('\r\n').length).toBe(8 + 2);
  // On to the table: sort, then walk down with the arrows.
  for (let i = 0; i < 10 && !(await focused(page)).startsWith('Probability'); i += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.locator('th[data-column=probability]')).toHaveAttribute('aria-sort', 'descending');
  await page.locator('#rows .row-name').first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('#rows tr').nth(1)).toHaveClass(/selected/);
  await expect(page.locator('#detail .detail-name')).toContainText(await page.locator('#rows tr:nth-child(2) .name').innerText());
});

test('CSV and JSON hold everything, and a name cannot become a formula', async ({ page, site }) => {
  await open(page, site.url);
  const buffer = readFileSync(patches()[0] ?? '');
  await choose(page, [
    { name: '=HYPERLINK("http://x","y").png', mimeType: 'image/png', buffer },
    { name: 'a, "b".png', mimeType: 'image/png', buffer },
    { name: 'text.png', mimeType: 'image/png', buffer: readFileSync(format('text.png')) },
  ]);
  await settled(page, 3);
  const { name, text } = await csv(page);
  expect(name).toBe('nodulens.csv');
  const lines = text.split('\r\n');
  expect(lines[0]).toBe(
    'file_name,status,probability,decision,threshold,seen,model_id,weights_sha256,preprocess_id,engine,file_sha256,synthetic,milliseconds,notes,error',
  );
  expect(lines[1]?.startsWith(`"'=HYPERLINK(""http://x"",""y"").png",done,0`) || lines[1]?.startsWith(`"'=HYPERLINK(""http://x"",""y"").png",done,1`)).toBe(true);
  expect(lines[2]?.startsWith('"a, ""b"".png",done,')).toBe(true);
  // No network has answered for it.
  expect(lines[3]?.startsWith('text.png,refused,,,,,,,,,,')).toBe(true);
  const { models: answered, results } = await json(page);
  expect(answered).toHaveLength(1);
  for (const key of ['modelId', 'network', 'weightsSha256', 'preprocessId', 'threshold', 'temperature']) expect(answered[0]).toHaveProperty(key);
  expect(results[0]?.model_id).toBe(answered[0]?.['modelId']);
  expect(results[0]?.file_name).toBe('=HYPERLINK("http://x","y").png');
  expect(results[0]?.file_sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(results[2]?.error?.code).toBeTruthy();
});

test('columns sort both ways, missing values last, and back to the order of arrival', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, [format('text.png'), ...patches().slice(0, 12)]);
  await settled(page, 13);
  const shown = async (): Promise<string[]> => page.locator('#rows .name').allInnerTexts();
  const arrival = await shown();
  const { results } = await json(page);
  const byProbability = [...results].sort((a, b) => (b.probability ?? -1) - (a.probability ?? -1)).map(({ file_name }) => file_name);
  const button = page.getByRole('button', { name: 'Probability' });
  await button.click();
  await expect.poll(shown).toEqual(byProbability);
  await button.click();
  await expect(page.locator('th[data-column=probability]')).toHaveAttribute('aria-sort', 'ascending');
  await expect.poll(shown).toEqual([...byProbability.slice(0, -1).reverse(), 'text.png']);
  await button.click();
  await expect.poll(shown).toEqual(arrival);
  for (const column of ['Name', 'Decision', 'Time', 'Status']) {
    await page.getByRole('button', { name: column, exact: true }).click();
    await expect(page.locator(`th[data-column=${column.toLowerCase()}]`)).toHaveAttribute('aria-sort', /ascending|descending/);
  }
  // The filter
  await page.getByRole('radio', { name: /Not classified/ }).check({ force: true });
  await expect.poll(shown).toEqual(['text.png']);
});

test('clearing can be undone', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, patches().slice(0, 3));
  await settled(page, 3);
  await page.locator('#clear').click();
  await expect(page.locator('#results')).toBeHidden();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('#rows tr')).toHaveCount(3);
});

for (const width of [360, 390, 768, 1024]) {
  test(`no sideways scrolling at ${width} px`, async ({ page, site }) => {
    await page.setViewportSize({ width, height: 800 });
    await open(page, site.url);
    const overflow = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overflow()).toBe(0);
    await choose(page, [format('text.png'), format('rgb.png'), ...patches().slice(0, 4)]);
    await settled(page, 6);
    await page.locator('#card summary').click();
    expect(await overflow()).toBe(0);
    for (const row of [0, 1, 2]) {
      await page.locator('#rows .row-name').nth(row).click();
      expect(await overflow()).toBe(0);
    }
  });
}

test('everything that can be operated has a name, and the table its structure', async ({ page, site }) => {
  await open(page, site.url);
  await page.locator('#try-examples').click();
  await settled(page, 8);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a, input:not([hidden]), summary, canvas[role=img], canvas[role=application]')]
      .filter((element) => element.offsetParent !== null)
      .filter((element) => !(element.textContent?.trim() || element.getAttribute('aria-label') || element.closest('label')?.textContent?.trim()))
      .map((element) => `${element.localName} ${element.id} ${element.className}`),
  );
  expect(nameless).toEqual([]);
  await expect(page.getByRole('table', { name: /Classified patches/ })).toBeVisible();
  await expect(page.getByRole('columnheader')).toHaveCount(6);
  await expect(page.getByRole('rowheader')).toHaveCount(8);
  await expect(page.locator('#status')).toHaveAttribute('aria-live', 'polite');
  await expect(page.locator('#status')).toContainText('8 patches classified');
  await expect(page.getByText('Not a medical device.').first()).toBeVisible();
});

test('the model card shows figures with n and interval, or says that there are none', async ({ page, site }) => {
  await open(page, site.url);
  await page.locator('#card summary').click();
  const card = page.locator('#card-body');
  await expect(card).toContainText('Threshold');
  await expect(card).toContainText(/[0-9a-f]{64}/);
  const text = await card.innerText();
  expect(/95 % interval|Intervals are 95 %/.test(text) || /carry no figures/.test(text)).toBe(true);
  // Of the weights that ship it is known which negatives are contested.
  expect(text).toMatch(/5 negatives lie near a finding .* \d of them called a nodule\. Without them, on 815 patches .* 0\.9\d\d/);
});

test('works below any path, and with a server that sends no headers of its own', async ({ page }) => {
  const parent = path.dirname(dist);
  const server = http.createServer((request, response) => {
    const file = path.join(parent, new URL(request.url ?? '/', 'http://local').pathname);
    const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };
    response.setHeader('content-type', types[path.extname(file)] ?? 'application/octet-stream');
    createReadStream(file).on('error', () => response.writeHead(404).end()).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await open(page, `http://127.0.0.1:${port}/${path.basename(dist)}/index.html`);
    await page.locator('#try-examples').click();
    await settled(page, 8);
  } finally {
    server.close();
  }
});

test('the server: headers, encodings, nothing outside the folder', async ({ request, site }) => {
  const answer = await request.get(site.url);
  const headers = answer.headers();
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['cross-origin-opener-policy']).toBe('same-origin');
  expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
  expect(headers['x-content-type-options']).toBe('nosniff');
  const wasm = await request.get(`${site.url}pkg/cpu/nodulens_bg.wasm`, { headers: { 'accept-encoding': 'br' } });
  expect(wasm.headers()['content-type']).toBe('application/wasm');
  expect(wasm.headers()['content-encoding']).toBe('br');
  const again = await request.get(site.url, { headers: { 'if-none-match': headers['etag'] ?? '' } });
  expect(again.status()).toBe(304);
  // Written by hand: every client library tidies such a path before it sends it.
  const status = await new Promise<number | undefined>((resolve) => {
    const { hostname, port } = new URL(site.url);
    http.get({ hostname, port, path: '/..%2f..%2f..%2f..%2fetc/passwd' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
  expect(status).toBe(404);
  expect((await request.get(`${site.url}../package.json`)).status()).toBe(404);
  expect((await request.post(site.url)).status()).toBe(405);
});

test('the page is painted, and says that it loads, before code and weights are there; they travel side by side', async ({ page, site }) => {
  const asked: string[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/nodulens_bg\.wasm$|\.nodulens$/, async (route) => {
    asked.push(new URL(route.request().url()).pathname);
    await held;
    await route.continue();
  });
  await page.goto(site.url);
  await expect(page.locator('h1')).toBeVisible();
  await expect.poll(() => page.evaluate(() => performance.getEntriesByName('first-contentful-paint').length)).toBe(1);
  await expect(page.locator('#engine-summary')).toContainText('Loading');
  // Both are asked for while neither is there, and nothing that only a scan or a graphics card would need.
  await expect.poll(() => asked.length).toBe(2);
  expect(asked.sort()).toEqual([`/models/${models()[0].file}`, '/pkg/cpu/nodulens_bg.wasm']);
  release();
  await expect(page.locator('#lead')).not.toBeEmpty();
  await expect(page.locator('#engine-facts')).toContainText('Nodulens engine');
});
