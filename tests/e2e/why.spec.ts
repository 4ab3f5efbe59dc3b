/** Why this answer: the maps are the native build's, the sanity check tells, and the patch can be changed live. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { signed } from '../../www/src/ui/colours.ts';
import { choose, expect, nativeFor, open, opened, settled, test } from './helpers.ts';
import { dist, models, out, patches, root, scanFile, trainer } from './fixtures.ts';

interface Explained {
  maps: { occlusion: number[]; class_activation: number[]; gradient: number[]; smooth_gradient: number[]; class_activation_layer: string };
}

/** One with a nodule. */
const patch = (): string => patches()[4] as string;

function explained(): Explained {
  const json = path.join(out, 'explained-why.json');
  execFileSync(trainer, ['explain', '--weights', path.join(dist, 'models', models()[0].file), '--patch', patch(), '--out', json], { cwd: root, stdio: 'ignore' });
  return JSON.parse(readFileSync(json, 'utf8')) as Explained;
}

/** Of the weights file, as its header has them. */
function cardFigures(): { recall: number; specificity: number } {
  const file = readFileSync(path.join(dist, 'models', models()[0].file));
  const header = JSON.parse(file.subarray(16, 16 + file.readUInt32LE(12)).toString()) as { card: { metrics: { recall: number; specificity: number } } };
  return header.card.metrics;
}

const card = (page: Page, name: string): Locator => page.locator('.why-card', { has: page.getByRole('heading', { name, exact: true }) });

async function explanationsDone(page: Page): Promise<void> {
  // Of the patch, or of a canvas twice as wide.
  await expect(page.locator('.why-card canvas:is([width="50"], [width="100"])')).toHaveCount(4, { timeout: 60_000 });
  await expect(page.locator('.why-card[aria-busy]')).toHaveCount(0, { timeout: 60_000 });
}

const pixels = (canvas: Locator): Promise<number[]> =>
  canvas.evaluate((element: HTMLCanvasElement) => {
    // A copy: reading the canvas itself would slow down what is tested.
    const { width, height } = element;
    const copy = Object.assign(document.createElement('canvas'), { width, height });
    const context = copy.getContext('2d', { willReadFrequently: true });
    context?.drawImage(element, 0, 0);
    return [...(context?.getImageData(0, 0, width, height).data ?? [])];
  });

const percentage = async (locator: Locator): Promise<number> => Number(/[\d.]+/.exec((await locator.textContent()) ?? '')?.[0]);

async function why(page: Page, url: string): Promise<void> {
  await open(page, url);
  await choose(page, [patch()]);
  await settled(page, 1);
  await page.getByRole('link', { name: 'Why this answer?' }).click();
  await explanationsDone(page);
  expect(page.url()).toMatch(/#see=why$/);
}

test('all four maps are the native build’s, pixel by pixel; with random weights they are others', async ({ page, site }) => {
  await why(page, site.url);
  expect(await percentage(page.locator('.why-answer .big-number'))).toBeCloseTo(100 * (nativeFor(path.basename(patch())).probability ?? NaN), 0);
  // What the number has meant, and what the decision would be worth where five in a hundred patches hold a nodule.
  const { recall, specificity } = cardFigures();
  const ppv = (recall * 0.05) / (recall * 0.05 + (1 - specificity) * 0.95);
  await page.getByRole('spinbutton', { name: /Prevalence/ }).fill('5');
  await expect(page.locator('.meaning')).toContainText(`${(100 * ppv).toFixed(1)} % would be one there`);
  await expect(page.locator('.meaning')).toContainText(/Of \d+ validation patches/);

  await page.getByLabel('over the patch').uncheck();
  const { maps } = explained();
  await expect(page.getByLabel('Grad-CAM at')).toHaveValue(maps.class_activation_layer);
  const native = { Occlusion: maps.occlusion, 'Grad-CAM': maps.class_activation, Gradient: maps.gradient, SmoothGrad: maps.smooth_gradient };
  for (const [name, map] of Object.entries(native)) {
    const largest = Math.max(...map.map(Math.abs));
    const expected = map.flatMap((value) => signed(value / largest, 40));
    const drawn = (await pixels(card(page, name).locator('canvas'))).filter((_, at) => at % 4 < 3);
    expect(drawn).toHaveLength(expected.length);
    const worst = Math.max(...drawn.map((value, at) => Math.abs(value - (expected[at] ?? NaN))));
    expect(worst, `${name}: levels of 256`).toBeLessThanOrEqual(2);
  }

  const before = await pixels(card(page, 'Gradient').locator('canvas'));
  await page.getByLabel(/Sanity check/).check();
  await expect(card(page, 'SmoothGrad')).toContainText(/Likeness to the map of the real network/, { timeout: 60_000 });
  await explanationsDone(page);
  for (const name of Object.keys(native)) {
    const alike = Number(/network: (-?[\d.]+)/.exec((await card(page, name).textContent()) ?? '')?.[1]);
    // A map of a few places, enlarged, is alike by its smoothness: Grad-CAM's of the network that ships reaches .70.
    expect(Math.abs(alike), name).toBeLessThan(0.8);
  }
  expect(await pixels(card(page, 'Gradient').locator('canvas'))).not.toEqual(before);
  await page.getByLabel(/Sanity check/).uncheck();
  await explanationsDone(page);
  await expect.poll(async () => (await pixels(card(page, 'Gradient').locator('canvas'))).join() === before.join()).toBe(true);
});

test('what a patch becomes when it is moved, turned and blurred by noise, by mouse and by keyboard', async ({ page, site }) => {
  await why(page, site.url);
  const answer = page.locator('.firm-answer');
  const native = 100 * (nativeFor(path.basename(patch())).probability ?? NaN);
  await expect(answer).toContainText('was');
  expect(await percentage(answer)).toBeCloseTo(native, 0);

  // By mouse: the frame away from the nodule.
  const stage = page.locator('.firm-stage');
  await stage.scrollIntoViewIfNeeded();
  const box = (await stage.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + box.height * 0.9, { steps: 8 });
  await page.mouse.up();
  await expect(page.getByLabel('Right', { exact: true })).toHaveValue('20');
  await expect.poll(async () => Math.abs((await percentage(answer)) - native)).toBeGreaterThan(5);
  await page.getByRole('button', { name: 'As it was' }).click();
  await expect.poll(() => percentage(answer)).toBeCloseTo(native, 0);

  // By keyboard, and to the native number: a quarter turn changes nothing for a network that is symmetric.
  const turn = page.getByRole('slider', { name: 'Turn' });
  await turn.focus();
  await page.keyboard.press('End');
  await expect(page.locator('.firm-slider output').nth(2)).toHaveText('180°');
  await expect.poll(async () => Math.abs((await percentage(answer)) - native), { timeout: 5000 }).toBeLessThan(0.2);
  await page.getByRole('slider', { name: 'Noise' }).focus();
  await page.keyboard.press('End');
  await expect.poll(async () => Math.abs((await percentage(answer)) - native)).toBeGreaterThan(0.3);
});

test('a spot of a scan is explained, and can be moved about in its slice; forgetting forgets it', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, [scanFile]);
  await opened(page, 24);
  await page.locator('#slice').click({ position: { x: 200, y: 200 } });
  await expect(page.locator('#spot')).toBeVisible();
  const said = await percentage(page.locator('#spot-body .big-number'));
  await page.locator('#spot-body').getByRole('link', { name: 'Why this answer?' }).click();
  await explanationsDone(page);
  await expect(page.locator('.why-answer')).toContainText('Spot at');
  await expect.poll(() => percentage(page.locator('.firm-answer'))).toBeCloseTo(said, 0);
  // More than the patch itself is there to be moved over.
  const wide = await page.locator('.firm-region').evaluate((canvas: HTMLCanvasElement) => canvas.width);
  expect(wide).toBeGreaterThan(80);

  await page.getByRole('button', { name: 'Forget everything' }).click();
  // The views themselves are gone.
  await expect(page.locator('.why-answer')).toHaveCount(0);
  const left = await page.locator('.why canvas').evaluateAll((all) => all.filter((canvas) => (canvas as HTMLCanvasElement).width > 0 && canvas.className !== 'why-scale').length);
  expect(left).toBe(0);
  // Seen again at once, it shows nothing of the patch that was forgotten.
  await page.getByRole('link', { name: 'Why this answer', exact: true }).click();
  await page.getByLabel('over the patch').uncheck();
  await expect(page.locator('.why')).not.toContainText('Spot at');
  await explanationsDone(page);
  await expect(page.locator('.why-answer')).toContainText('synthetic-1-nodule.png');
  // Back to where no view was open closes it.
  await page.goto(site.url);
  await page.getByRole('link', { name: 'Guided tour', exact: true }).click();
  await expect(page.locator('.tour')).toBeVisible();
  await page.goBack();
  await expect(page.locator('.tour')).toBeHidden();
  await expect(page.locator('#learn-nav [aria-current]')).toHaveCount(0);
});
