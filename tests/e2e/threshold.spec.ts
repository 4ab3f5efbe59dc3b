/** Threshold and ROC: exact where the weights file is, live, linked to. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, open, test } from './helpers.ts';
import { dist, models } from './fixtures.ts';

interface Figures { metrics: { n: number; positives: number; threshold: number; confusion: Record<'tp' | 'fn' | 'fp' | 'tn', number> }; roc: [number, number, number][] }
interface Card extends Figures { context?: Figures | null }

/** The figures that the view begins with: with surroundings, where the network sees them. */
function card(file: string): Figures {
  const bytes = readFileSync(path.join(dist, 'models', file));
  const { card: whole } = JSON.parse(bytes.subarray(16, 16 + bytes.readUInt32LE(12)).toString()) as { card: Card };
  return whole.context ?? whole;
}

const body = (page: Page, inside = ''): ReturnType<Page['locator']> => page.locator(`.learn-view:not([hidden]) .threshold-body ${inside}`);
const cell = async (page: Page, name: string): Promise<number> => Number((await body(page, `.matrix-${name} .matrix-count`).innerText()).replace(/[≈,\s]/g, ''));
const rate = async (page: Page, name: string): Promise<string> => (await body(page, `.rates tr:has-text("${name}") td`).first().innerText()).replace('≈ ', '');

test('at the file’s threshold the matrix is the file’s, for every network', async ({ page, site }) => {
  for (const { id, file } of models()) {
    const { metrics } = card(file);
    await page.goto('about:blank');
    await open(page, `${site.url}?model=${id}#see=threshold`);
    await expect(body(page, '.matrix')).toBeVisible();
    for (const name of ['tp', 'fn', 'fp', 'tn'] as const) expect(await cell(page, name), `${id} ${name}`).toBe(metrics.confusion[name]);
    await expect(body(page, '.matrix-count').first()).not.toContainText('≈');
  }
});

test('the address says threshold and prevalence; PPV follows Bayes; the slider works by keys and keeps up with frames', async ({ page, site }) => {
  await open(page, `${site.url}#see=threshold&t=0.9&prevalence=0.01`);
  await expect(body(page)).toHaveAttribute('data-threshold', '0.9');
  const { roc, metrics: { n, positives } } = card(models()[0].file);
  // Between the corners of the curve around it.
  const above = roc.filter((corner) => corner[2] >= 0.9).at(-1) ?? [0, 0, 0];
  const below = roc.find((corner) => corner[2] < 0.9) ?? [0, 0, 0];
  const tp = await cell(page, 'tp');
  expect(tp).toBeGreaterThanOrEqual(Math.round(above[1] * positives));
  expect(tp).toBeLessThanOrEqual(Math.round(below[1] * positives));
  const [recall, fpr] = [tp / positives, (await cell(page, 'fp')) / (n - positives)];
  const ppv = (100 * recall * 0.01) / (recall * 0.01 + fpr * 0.99);
  expect(Math.abs(parseFloat(await rate(page, 'PPV')) - ppv)).toBeLessThan(0.06);
  // An estimate says so, and between which counts it is.
  const precision = body(page, '.rates tr:has(th:text("Precision")) td');
  await expect(precision.first()).toContainText('≈');
  await expect(precision.last()).toHaveText(/^[\d,]+(–[\d,]+)? \/ [\d,]+(–[\d,]+)?$/);
  await expect(precision.last()).toContainText('–');

  const slider = body(page, 'input[type=range]').first();
  await slider.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(body(page)).toHaveAttribute('data-threshold', '0.899');
  await expect.poll(() => page.url()).toContain('t=0.899&prevalence=0.01');
  await body(page, '.presets button').first().click();
  await expect.poll(() => page.url()).not.toContain('t=');

  const frames = await page.evaluate(async () => {
    const input = document.querySelector<HTMLInputElement>('.learn-view:not([hidden]) input[type=range]') as HTMLInputElement;
    const shown = document.querySelector('.learn-view:not([hidden]) .threshold-body') as HTMLElement;
    const seen = new Set<string>();
    const before = performance.now();
    let count = 0;
    while (performance.now() - before < 1000) {
      await new Promise(requestAnimationFrame);
      count += 1;
      seen.add(shown.dataset['threshold'] ?? '');
      input.value = String(0.05 + 0.9 * (count % 97) / 97);
      input.dispatchEvent(new Event('input'));
    }
    return { count, drawn: seen.size };
  });
  console.log(`    while dragging for a second: ${frames.count} frames, ${frames.drawn} thresholds drawn`);
  expect(frames.drawn).toBeGreaterThan(20);
});

test('every plot has its numbers behind it; weights without an evaluation say so', async ({ page, site }) => {
  await open(page, `${site.url}#see=threshold`);
  await expect(body(page, '.matrix')).toBeVisible();
  for (const plot of await body(page, '.plot').all()) {
    await plot.locator('summary').click();
    await expect.poll(() => plot.locator('tbody tr').count()).toBeGreaterThan(10);
  }
  const bytes = readFileSync(path.join(dist, 'models', models()[0].file));
  const length = bytes.readUInt32LE(12);
  const header = JSON.parse(bytes.subarray(16, 16 + length).toString()) as { card: Partial<Card> };
  delete header.card.metrics;
  delete header.card.context;
  const text = Buffer.from(JSON.stringify(header));
  const start = Buffer.concat([bytes.subarray(0, 12), Buffer.alloc(4), text, bytes.subarray(16 + length, -32)]);
  start.writeUInt32LE(text.length, 12);
  const { createHash } = await import('node:crypto');
  await page.setInputFiles('#input-weights', { name: 'bare.nodulens', mimeType: '', buffer: Buffer.concat([start, createHash('sha256').update(start).digest()]) });
  await expect(page.locator('.learn-view:not([hidden]) .problem')).toContainText('keeps no evaluation', { timeout: 30_000 });
});
