/** A network that looks at a patch's surroundings: which part of it answers, on what, and that every engine gives the same. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { choose, csv, expect, json, open, opened, settled, test, withGlue } from './helpers.ts';
import { dist, models, out, root, scanFile, trainer } from './fixtures.ts';

const looking = models().find(({ id }) => id === 'context');
const webgpu = existsSync(path.join(dist, 'pkg', 'webgpu', 'nodulens_bg.wasm'));

interface Operating {
  threshold: number;
  temperature: number;
}
interface Metrics {
  roc_auc: number;
  threshold: number;
  n: number;
}
interface Header extends Operating {
  context: Operating;
  card: { metrics: Metrics; context: { metrics: Metrics; alone: number } };
}
interface Answer {
  probability: number;
  decision: string;
  head: string;
  threshold: number;
}

function header(): Header {
  const file = readFileSync(path.join(dist, 'models', looking?.file ?? ''));
  return JSON.parse(file.subarray(16, 16 + file.readUInt32LE(12)).toString()) as Header;
}

/** What the command line says of a picture. */
function native(picture: string): Answer {
  const answers = path.join(out, 'context-native.json');
  execFileSync(trainer, ['classify', '--weights', path.join(dist, 'models', looking?.file ?? ''), '--center-crop', '--json', answers, picture], { cwd: root, stdio: 'ignore' });
  return (JSON.parse(readFileSync(answers, 'utf8')) as [Answer])[0];
}

/** A bright disk on lung, with a bright wall below the patch: of so many pixels a side. */
async function picture(page: Page, side: number): Promise<string> {
  const base64 = await page.evaluate(async (size) => {
    const canvas = new OffscreenCanvas(size, size);
    const pen = canvas.getContext('2d');
    if (!pen) throw new Error('no canvas');
    const pixels = pen.createImageData(size, size);
    for (let i = 0; i < size * size; i += 1) {
      const [x, y] = [(i % size) - (size >> 1), Math.floor(i / size) - (size >> 1)];
      const grey = Math.hypot(x, y) < 6 ? 170 : y > 38 ? 180 : 40 + ((x * 7 + y * 13 + 1000) % 17);
      pixels.data.set([grey, grey, grey, 255], 4 * i);
    }
    pen.putImageData(pixels, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  }, side);
  const file = path.join(out, `picture-${side}.png`);
  writeFileSync(file, Buffer.from(base64, 'base64'));
  return file;
}

const openLooking = (page: Page, url: string, rest = ''): Promise<void> => open(page, `${url}?model=${looking?.id ?? ''}${rest}`);
const percentage = async (locator: Locator): Promise<number> => Number(/[\d.]+/.exec((await locator.textContent()) ?? '')?.[0]);

test.beforeEach(() => test.skip(!looking, 'no network here looks at surroundings'));

test('a patch says that it was seen alone, a larger picture that its surroundings were seen, each by its own threshold', async ({ page, site }) => {
  await openLooking(page, site.url);
  await page.locator('input[value=center-crop]').check({ force: true });
  await expect(page.locator('#size-note')).toContainText('seen as its surroundings');
  const [alone, around] = [await picture(page, 50), await picture(page, 100)];
  await choose(page, [alone, around]);
  await settled(page, 2);
  await expect(page.locator('#rows tr').nth(0).locator('.remark')).toContainText('patch alone');
  await expect(page.locator('#rows tr').nth(1).locator('.remark')).toContainText('with its surroundings');
  const { threshold, context } = header();
  const { results, models: answered } = await json(page);
  expect(answered[0]?.['context']).toEqual({ threshold: Math.fround(context.threshold), temperature: Math.fround(context.temperature) });
  for (const [at, file, seen, own] of [[0, alone, 'patch alone', threshold], [1, around, 'with its surroundings', context.threshold]] as const) {
    const row = results[at] as unknown as Answer & { seen: string };
    const expected = native(file);
    expect(row.seen).toBe(seen);
    expect(row.threshold).toBeCloseTo(own, 6);
    expect(expected.threshold).toBeCloseTo(own, 6);
    expect(row.decision).toBe(expected.decision);
    expect(Math.abs(row.probability - expected.probability)).toBeLessThan(1e-4);
    await page.locator('#rows tr').nth(at).locator('button').click();
    await expect(page.locator('#detail .tick-label')).toContainText((own * 100).toFixed(1));
    await expect(page.locator('#detail .sentence')).toContainText(at === 0 ? 'where it sees the patch alone' : 'where it sees the surroundings, too');
  }
  expect((results[0]?.probability ?? 0)).not.toBe(results[1]?.probability);
  const lines = (await csv(page)).text.split('\r\n');
  expect(lines[1]).toContain(',patch alone,');
  expect(lines[2]).toContain(',with its surroundings,');
  // A network that sees patches alone does not speak of it.
  await page.locator('input[name=network][value=compact]').check({ force: true });
  await page.locator('#rerun').click();
  await settled(page, 2);
  await expect(page.locator('#rows .remark').filter({ hasText: 'surroundings' })).toHaveCount(0);
});

test('a spot of a scan is explained with its surroundings, down to the numbers of the network', async ({ page, site }) => {
  await openLooking(page, site.url);
  await choose(page, [scanFile]);
  await opened(page, 24);
  await page.locator('#slice').click({ position: { x: 200, y: 200 } });
  await expect(page.locator('#spot-body')).toContainText('with its surroundings');
  await expect(page.locator('#spot-body')).toContainText((header().context.threshold * 100).toFixed(1));
  const said = await percentage(page.locator('#spot-body .big-number'));
  await page.locator('#spot-body').getByRole('link', { name: 'Why this answer?' }).click();
  await expect(page.locator('.why-answer')).toContainText('with its surroundings');
  expect(await percentage(page.locator('.why-answer .big-number'))).toBeCloseTo(said, 0);
  // Three maps are of the canvas; that of the last convolution of the patch is of the patch.
  await expect(page.locator('.why-card canvas[width="100"]')).toHaveCount(3, { timeout: 60_000 });
  await expect(page.locator('.why-card canvas[width="50"]')).toHaveCount(1);
  await expect(page.locator('.why-facts').filter({ hasText: /% of it lies around the patch/ })).toHaveCount(3);
  await page.getByLabel('Grad-CAM at').selectOption('context6');
  await expect(page.locator('.why-card canvas[width="100"]')).toHaveCount(4, { timeout: 60_000 });
  // Moved about, its surroundings move with it.
  const answer = page.locator('.firm-answer');
  await expect.poll(() => percentage(answer)).toBeCloseTo(said, 0);
  await page.getByRole('slider', { name: 'Turn' }).focus();
  await page.keyboard.press('End');
  await expect(page.locator('.firm-slider output').nth(2)).toHaveText('180°');
  await expect.poll(async () => Math.abs((await percentage(answer)) - said)).toBeLessThan(0.2);

  // Inside, the last number is the answer, and what stands before it adds up.
  await page.evaluate(() => (location.hash = '#see=inside&layer=softmax&channel=1'));
  await expect(page.locator('.inside-answer')).toContainText('The last number', { timeout: 60_000 });
  expect(await percentage(page.locator('.inside-answer'))).toBeCloseTo(said, 0);
  const number = async (layer: string): Promise<number> => {
    await page.evaluate((name) => (location.hash = `#see=inside&layer=${name}&channel=1`), layer);
    const headline = page.locator('.number-headline');
    await expect(headline).toContainText(`${layer}, unit 1`);
    return Number(((await headline.textContent()) ?? '').split('=')[1]?.trim().replace('−', '-'));
  };
  const [own, added, logits] = [await number('fc'), await number('joint-fc'), await number('logits')];
  expect(own + added).toBeCloseTo(logits, 3);
  await page.evaluate(() => (location.hash = '#see=inside&layer=context1&channel=0'));
  await expect(page.locator('.number-panel')).toContainText('pixels of the halved surroundings can change it');
  // The features of the patch, then those of its surroundings.
  await page.evaluate(() => (location.hash = '#see=inside&layer=joined&channel=8'));
  await expect(page.locator('.number-panel')).toContainText('It is unit 8 of conv7');
  await page.evaluate(() => (location.hash = '#see=inside&layer=joined&channel=9999'));
  await expect(page.locator('.number-panel')).toContainText(/It is unit \d+ of context7/);
  // A patch that is seen alone has no such layer, and nothing is shown for it.
  await page.locator('.compare select').first().selectOption('nodule');
  await expect(page.locator('.compare').first()).toContainText('has no layer joined');
  await page.evaluate(() => (location.hash = '#see=inside&layer=conv2&channel=0&with=nodule'));
  await expect(page.locator('.compare').first()).toContainText('The other');
});

test('the card has the figures of both parts side by side, and so has the view of thresholds', async ({ page, site }) => {
  const { card, context, threshold } = header();
  await openLooking(page, site.url, '#see=threshold');
  const matrix = page.locator('.learn-view:not([hidden]) .threshold-body');
  await expect(matrix).toHaveAttribute('data-threshold', String(card.context.metrics.threshold), { timeout: 60_000 });
  await page.getByLabel('each patch alone').check({ force: true });
  await expect(matrix).toHaveAttribute('data-threshold', String(card.metrics.threshold));
  await expect.poll(() => page.url()).toContain('seen=alone');
  await page.locator('#card-line').click();
  const figures = page.locator('#card-body table').first();
  await expect(figures.locator('thead')).toContainText('With its surroundings');
  await expect(figures.locator('thead')).toContainText('Patch alone');
  const auc = figures.locator('tbody tr').first().locator('td');
  await expect(auc.nth(0)).toContainText(card.context.metrics.roc_auc.toFixed(3));
  await expect(auc.nth(1)).toContainText(card.metrics.roc_auc.toFixed(3));
  for (const own of [context.threshold, threshold]) await expect(page.locator('#card-body .facts').first()).toContainText(String(Number(own.toPrecision(6))));
});

/** Worst differences of logits: of each head, in batches, in a pass over a picture, and of that pass from its places one by one. */
async function compareWith(page: Page, folder: string, reference: boolean, sizes: [number, number][], batches: number[]): Promise<Record<string, number>> {
  return page.evaluate(async ({ file, other, burn, pictures, counts }) => {
    const load = async (name: string) => {
      const base = new URL(`./pkg/${name}/`, location.href);
      const wasm = await import(new URL('nodulens.js', base).href);
      await wasm.default({ module_or_path: new URL('nodulens_bg.wasm', base) });
      return wasm;
    };
    const bytes = new Uint8Array(await (await fetch(`./models/${file}`)).arrayBuffer());
    const [cpu, theirs] = [await load('cpu'), await load(other)];
    const [ours, reference_] = [await cpu.Classifier.load(bytes), await (burn ? theirs.Classifier.loadReference(bytes) : theirs.Classifier.load(bytes))];
    let state = 7;
    const noise = (count: number) => Float32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state / 0x7fffffff;
    });
    interface Said { head: string; logits: [number, number] }
    const found: Record<string, number> = {};
    const compare = (name: string, a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined) => {
      if (!a || !b || a.length !== b.length || a.length === 0) throw new Error(`${name}: ${a?.length} and ${b?.length} numbers`);
      for (let i = 0; i < a.length; i += 1) {
        const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
        if (!(difference <= (found[name] ?? 0))) found[name] = difference;
      }
      found[name] ??= 0;
    };
    const logits = async (classifier: { classify(views: Float32Array): Promise<Said[]> }, views: Float32Array, head: string) => {
      const said = await classifier.classify(views);
      if (said.some((one) => one.head !== head)) throw new Error(`not all were answered by ${head}`);
      return said.flatMap((one) => one.logits);
    };
    for (const count of counts) {
      const views = noise(count * 5000);
      compare('views', await logits(ours, views, 'context'), await logits(reference_, views, 'context'));
      for (let at = 0; at < count; at += 1) views.fill(NaN, at * 5000 + 2500, (at + 1) * 5000);
      compare('patches', await logits(ours, views, 'patch'), await logits(reference_, views, 'patch'));
    }
    for (const [width, height] of pictures) {
      const values = noise(width * height);
      const pass: Float32Array = await reference_.denseLogitsInContext(values, width, height);
      compare('pictures in context', await ours.denseLogitsInContext(values, width, height), pass);
      compare('pictures alone', await ours.denseLogits(values, width, height), await reference_.denseLogits(values, width, height));
      const across = Math.floor((width - 100) / 4) + 1;
      for (let place = 0; place < pass.length / 2; place += 1) {
        const [left, top] = [4 * (place % across), 4 * Math.floor(place / across)];
        const at = (x: number, y: number) => values[(top + y) * width + left + x] ?? NaN;
        const view = new Float32Array(5000);
        for (let i = 0; i < 2500; i += 1) {
          const [x, y] = [i % 50, Math.floor(i / 50)];
          view[i] = at(x + 25, y + 25);
          view[2500 + i] = (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1)) / 4;
        }
        compare('places', await logits(ours, view, 'context'), pass.subarray(2 * place, 2 * place + 2));
      }
    }
    return found;
  }, { file: looking?.file ?? '', other: folder, burn: reference, pictures: sizes, counts: batches });
}

test('our engine gives Burn’s logits with surroundings and without, at every place', async ({ page, site }) => {
  test.setTimeout(300_000);
  await withGlue(page);
  await open(page, site.url);
  const worst = await compareWith(page, 'lab', true, [[100, 100], [104, 100], [109, 117], [120, 106]], [1, 2, 5, 33]);
  console.log('   ', worst);
  for (const [name, difference] of Object.entries(worst)) expect(difference, name).toBeLessThan(1e-4);
});

test('WebGPU gives the CPU’s logits with surroundings and without, at every place', async ({ page, site }) => {
  test.skip(!webgpu, 'this build has no WebGPU');
  test.setTimeout(600_000);
  await withGlue(page);
  await open(page, site.url);
  const worst = await compareWith(page, 'webgpu', false, [[109, 104]], [1, 2]);
  console.log('   ', worst);
  for (const [name, difference] of Object.entries(worst)) expect(difference, name).toBeLessThan(1e-4);
});
