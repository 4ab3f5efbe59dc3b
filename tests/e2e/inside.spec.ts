/** Inside the network: the numbers that are shown are the network's, and the page can be read without a mouse. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { choose, expect, nativeFor, open, settled, test } from './helpers.ts';
import { dist, models, out, patches, root, trainer } from './fixtures.ts';
import { networkName } from '../../www/src/strings/networks.ts';

/** As the page writes it. */
const number = (text: string | null): number => Number((text ?? '').replace('−', '-').replace(/[^\d.e-]/g, ''));

const numbers = async (page: Page, selector: string): Promise<number[]> => (await page.locator(selector).allTextContents()).map(number);

const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);

const line = async (page: Page, part: string): Promise<number> => number(await page.locator(`.inside .sum-lines [data-part="${part}"] dd`).textContent());

const headline = (page: Page) => page.locator('.inside .number-headline');

/** The number that stands at a place, by the address alone. */
async function at(page: Page, layer: string, channel: number, y?: number, x?: number): Promise<number> {
  await page.evaluate((hash) => (location.hash = hash), `see=inside&layer=${layer}&channel=${channel}${y === undefined ? '' : `&y=${y}&x=${x}`}`);
  await expect(headline(page)).toContainText(y === undefined ? `${layer}, unit ${channel} ` : `${layer}, channel ${channel}, row ${y}, column ${x} =`);
  return number(((await headline(page).textContent()) ?? '').split('=')[1] ?? '');
}

const patch = (): string => patches()[4] as string;
/** Whether the default network looks at surroundings. */
const LOOKS = models()[0].id === 'context';
/** Of it, for a patch that is seen alone: the input and the layers. */
const STEPS = LOOKS ? 13 : 12;
/** Of the networks whose numbers are known here. */
const PARAMETERS: Record<string, number> = { compact: 217_090, paper: 4_809_154 };
/** As the reader's file is called. */
const NAME = 'somebodys-lung.png';

async function looked(page: Page, url: string): Promise<void> {
  await open(page, `${url}#see=inside&layer=conv1`);
  await choose(page, [{ name: NAME, mimeType: 'image/png', buffer: readFileSync(patch()) }]);
  await settled(page, 1);
  await expect(page.locator('.inside .diagram li')).toHaveCount(STEPS);
}

test('products, bias and ReLU add up to the number; the last one is the native answer', async ({ page, site }) => {
  await looked(page, site.url);
  const rows = page.locator('.inside .products');
  for (const [channel, y, x] of [[3, 4, 5], [7, 30, 20]] as const) {
    const value = await at(page, 'conv1', channel, y, x);
    await expect(rows.locator('td')).toHaveCount(9);
    await expect.poll(async () => Math.abs((await line(page, 'value')) - value)).toBeLessThan(1e-4);
    const [inputs, weights, products] = await Promise.all(['input', 'weight', 'product'].map((part) => numbers(page, `.inside .cell-${part}`)));
    for (let i = 0; i < 9; i += 1) expect(Math.abs((inputs?.[i] ?? 0) * (weights?.[i] ?? 0) - (products?.[i] ?? 0))).toBeLessThan(5e-4);
    const total = sum(products ?? []) + (await line(page, 'bias'));
    expect(Math.abs(Math.max(total, 0) - value), `${total} and ${value}`).toBeLessThan(1e-3);
  }

  // 32 input channels: what each adds stands in the table.
  const deep = await at(page, 'conv4', 5, 3, 2);
  await page.locator('.inside .totals summary').click();
  await expect(page.locator('.inside .totals tbody tr')).toHaveCount(32);
  await expect.poll(async () => Math.abs((await line(page, 'value')) - deep)).toBeLessThan(1e-4);
  const all = sum(await numbers(page, '.inside .totals tbody td')) + (await line(page, 'bias'));
  expect(Math.abs(Math.max(all, 0) - deep), `${all} and ${deep}`).toBeLessThan(5e-3);

  const pooled = await at(page, 'pool1', 2, 6, 7);
  await expect.poll(async () => number(await page.locator('.inside .products td.winner').textContent())).toBe(pooled);
  expect(Math.max(...(await numbers(page, '.inside .products td')))).toBe(pooled);

  await at(page, 'fc', 1);
  const showAll = page.getByRole('button', { name: /^Show all \d+$/ });
  const terms = Number(/\d+/.exec((await showAll.textContent()) ?? '')?.[0]);
  await showAll.click();
  await expect(page.locator('.inside .terms tbody tr')).toHaveCount(terms);
  expect(Math.abs(sum(await numbers(page, '.inside .terms tbody td:last-child')) + (await line(page, 'bias')) - (await line(page, 'sum')))).toBeLessThan(8e-3);

  const answer = await at(page, 'softmax', 1);
  const { probability } = nativeFor(path.basename(patch()));
  expect(Math.abs(answer - (probability ?? NaN))).toBeLessThan(1e-4);
  await expect(page.locator('.inside-answer')).toContainText('%');
});

test('every layer in the browser gives what the native build gives', async ({ page, site }) => {
  const json = path.join(out, 'explained.json');
  execFileSync(trainer, ['explain', '--weights', path.join(dist, 'models', models()[0].file), '--patch', patch(), '--out', json], { cwd: root, stdio: 'ignore' });
  const { layers } = JSON.parse(readFileSync(json, 'utf8')) as { layers: { name: string; shape: number[]; values: number[] }[] };
  await looked(page, site.url);
  expect(layers.length).toBe(STEPS);
  for (const { name, shape, values } of layers) {
    const [channels = 1, rows = 1, columns = 1] = shape;
    // The largest: where most has come together.
    const place = values.indexOf(Math.max(...values));
    const [channel, y, x] = [Math.floor(place / (rows * columns)), Math.floor((place % (rows * columns)) / columns), place % columns];
    const shown = await at(page, name, channel, ...(rows * columns > 1 ? ([y, x] as const) : ([] as const)));
    expect(channel).toBeLessThan(channels);
    expect(Math.abs(shown - (values[place] ?? NaN)), name).toBeLessThan(2e-4 * Math.max(1, Math.abs(values[place] ?? 0)));
  }
});

test('the pointer shows, a click keeps; the address says where, and nothing of the image', async ({ page, site }) => {
  await looked(page, site.url);
  await at(page, 'conv2', 3, 4, 5);
  const map = page.locator('.inside .number-panel canvas.live');
  await map.scrollIntoViewIfNeeded();
  const box = await map.boundingBox();
  if (!box) throw new Error('the map is not in sight');
  await page.mouse.move(box.x + box.width * 0.52, box.y + box.height * 0.52);
  await expect(headline(page)).toContainText('row 11, column 11');
  await expect(page.locator('.inside .outlined').first()).toContainText('8 × 8 pixels count');
  await page.mouse.move(box.x + box.width / 2, box.y - 60);
  await expect(headline(page)).toContainText('row 4, column 5');
  await page.mouse.click(box.x + box.width * 0.52, box.y + box.height * 0.52);
  await expect(page).toHaveURL(/#see=inside&layer=conv2&channel=3&y=11&x=11$/);
  await page.locator('input[name=inside-show][value=kernels]').check({ force: true });
  await expect(page.locator('.layer-panel')).toContainText('3 × 3 weights for input channel');
  const link = page.url();
  const before = await headline(page).textContent();
  expect(decodeURIComponent(link)).not.toContain('somebody');
  expect([...new URLSearchParams(new URL(link).hash.slice(1)).keys()].sort()).toEqual(['channel', 'layer', 'see', 'view', 'x', 'y']);

  // What is not there does not stay in the address.
  await page.evaluate(() => (location.hash = 'see=inside&layer=nonsense&channel=-3&beside=nobody'));
  await expect(page).toHaveURL(/#see=inside&layer=conv2&channel=0&y=11&x=11$/);

  // The link brings the same back, with the same patch chosen again.
  await page.goto('about:blank');
  await open(page, link);
  await choose(page, [patch()]);
  await settled(page, 1);
  await expect(headline(page)).toHaveText(before ?? '');
  await expect(page.locator('input[name=inside-show][value=kernels]')).toBeChecked();
});

test('it follows the pointer, frame by frame', async ({ page, site }) => {
  await looked(page, site.url);
  await at(page, 'conv5', 3, 2, 2);
  const gaps = await page.evaluate(async () => {
    const canvas = document.querySelector('.inside .layer-panel canvas') as HTMLCanvasElement;
    const box = canvas.getBoundingClientRect();
    const found: number[] = [];
    let last = performance.now();
    const start = last;
    await new Promise<void>((done) => {
      const frame = (now: number): void => {
        found.push(now - last);
        last = now;
        const turn = (now - start) / 100;
        canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + box.width * (0.5 + 0.4 * Math.sin(turn)), clientY: box.top + box.height * (0.5 + 0.4 * Math.cos(turn)) }));
        if (found.length < 90) requestAnimationFrame(frame);
        else done();
      };
      requestAnimationFrame(frame);
    });
    return found.slice(1).sort((a, b) => a - b);
  });
  console.log(`a frame while hovering: median ${gaps[44]?.toFixed(1)} ms, 95 % within ${gaps[84]?.toFixed(1)} ms`);
  // 60 a second on a machine left alone (16.7 ms); this one may be busy.
  expect(gaps[44]).toBeLessThan(34);
});

test('with the keyboard alone: through the forward pass, from map to map, from number to number', async ({ page, site }) => {
  await open(page, `${site.url}#see=inside&layer=input`);
  await expect(page.locator('.inside .diagram li')).toHaveCount(STEPS);
  const next = page.getByRole('button', { name: 'Next layer' });
  await page.locator('.inside .diagram button').last().focus();
  await page.keyboard.press('Tab');
  // "Previous" is off at the input, so the next stop is "Next".
  await expect(next).toBeFocused();
  const names: (string | null)[] = [];
  while (await next.isEnabled()) {
    await page.keyboard.press('Enter');
    names.push(await page.locator('.inside .diagram [aria-current]').getAttribute('data-layer'));
  }
  expect(names).toEqual(['conv1', 'pool1', 'conv2', 'conv3', 'pool2', 'conv4', 'conv5', 'conv6', 'conv7', ...(LOOKS ? ['conv8'] : []), 'fc', 'softmax']);
  await expect(page.locator('.inside-answer')).toBeVisible();
  // Sixteen maps take the room that one or two left.
  await at(page, 'conv1', 0, 0, 0);
  expect((await page.locator('.inside .layer-panel canvas').first().boundingBox())?.width).toBeGreaterThan(500);
  await at(page, 'conv2', 3, 4, 5);
  await page.locator('.inside .layer-panel canvas').first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(page).toHaveURL(/channel=4&y=4&x=5/);
  await page.locator('.inside .number-panel canvas.live').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await expect(page).toHaveURL(/channel=4&y=5&x=4/);
  await expect(headline(page)).toContainText('channel 4, row 5, column 4');
});

test('what is forgotten is gone from here, too', async ({ page, site }) => {
  await looked(page, site.url);
  await at(page, 'conv2', 3, 4, 5);
  const about = page.locator('.inside-patch');
  await expect(about).toContainText(NAME);
  const before = await headline(page).textContent();
  await page.locator('#forget').click();
  await expect(page.locator('.inside')).toBeHidden();
  expect(page.url()).not.toContain('see=');
  await page.getByRole('link', { name: 'Inside the network', exact: true }).click();
  await expect(about).toContainText('synthetic-1-nodule.png');
  await expect(headline(page)).not.toHaveText(before ?? '');
  await expect(page.locator('.inside-status')).toBeEmpty();
  expect(await page.locator('.inside').textContent()).not.toContain('somebody');
});

test('two patches and two networks side by side; the other weights come when they are asked for', async ({ page, site }) => {
  const [, second] = models();
  if (!second) throw new Error('there is one network only');
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  await looked(page, site.url);
  await page.getByLabel('Compare with').selectOption('plain');
  const patchesShown = page.locator('.inside .compare').first();
  await expect(patchesShown.locator('figcaption').nth(1)).toContainText('no-nodule');
  await expect(patchesShown.locator('canvas')).toHaveCount(3);
  await expect(page).toHaveURL(/with=plain/);
  expect(fetched.filter((url) => url.includes(second.file))).toEqual([]);
  await page.locator(`.inside [data-beside="${second.id}"]`).click();
  const table = page.locator('.inside .networks table');
  await expect(table.locator('tbody tr')).toHaveCount(5, { timeout: 60_000 });
  expect(fetched.some((url) => url.includes(second.file))).toBe(true);
  const cells = (row: string) => table.locator('tr', { hasText: row }).locator('td').allTextContents();
  for (const [i, text] of (await cells('Parameters')).entries()) {
    const known = PARAMETERS[models()[i]?.id ?? ''];
    if (known !== undefined) expect(Number(text.replaceAll(',', ''))).toBe(known);
  }
  const shown = (await cells('Probability')).map((text) => parseFloat(text) / 100);
  for (const [i, { id }] of models().slice(0, 2).entries()) {
    const { probability } = nativeFor(path.basename(patch()), id);
    expect(Math.abs((shown[i] ?? NaN) - (probability ?? NaN)), id).toBeLessThan(0.002);
  }
  await expect(page).toHaveURL(new RegExp(`beside=${second.id}`));

  // Whoever follows the link is asked first.
  const link = page.url();
  await page.goto('about:blank');
  fetched.length = 0;
  await open(page, link);
  await expect(page.locator('.inside .compare').last()).toContainText('when you ask for them');
  expect(fetched.filter((url) => url.includes(second.file))).toEqual([]);
  await page.locator(`.inside [data-beside="${second.id}"]`).click();
  await expect(table.locator('tbody tr')).toHaveCount(5, { timeout: 60_000 });
});

test('weights of the user’s do not go by the name of the network that ships', async ({ page, site }) => {
  const [first] = models();
  await open(page, site.url);
  await page.setInputFiles('#input-weights', { name: 'mine.nodulens', mimeType: '', buffer: readFileSync(path.join(dist, 'models', first.file)) });
  await expect(page.locator('#networks label').filter({ has: page.locator('.badge') })).toContainText('In use', { timeout: 60_000 });
  await page.evaluate(() => (location.hash = 'see=inside'));
  await expect(page.locator('.inside-head')).toContainText(`The ${first.id} network on LUNA16, patientwise split${LOOKS ? ', the part that sees a patch alone' : ''}: ${STEPS - 1} layers`);
  await page.locator(`.inside [data-beside="${first.id}"]`).click();
  await expect(page.locator('.inside .networks thead th')).toHaveText([`The ${first.id} network on LUNA16, patientwise split`, networkName(first.id)].map((name) => (LOOKS ? `${name}, patch alone` : name)));
  await page.evaluate(() => (location.hash = 'see=tour&step=1'));
  await expect(page.locator('.tour-text')).toContainText(`The ${first.id} network on LUNA16, patientwise split: its weights file says that it has learnt from “LUNA16's candidates`);
});
