/** The guided tour: a link to each step, real numbers in each, no mouse needed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { choose, expect, nativeFor, open, settled, test } from './helpers.ts';
import { dist, models, patches } from './fixtures.ts';

const STEPS = ['nodule', 'window', 'convolution', 'ReLU', 'pooling', 'dropout', 'softmax', 'ROC'];

/** Of a patch alone, as the default network's weights file has them. */
function figures(): { recall: number; specificity: number } {
  const file = readFileSync(path.join(dist, 'models', models()[0].file));
  return (JSON.parse(file.subarray(16, 16 + file.readUInt32LE(12)).toString()) as { card: { metrics: { recall: number; specificity: number } } }).card.metrics;
}

const go = async (page: Page, step: number): Promise<void> => {
  await page.evaluate((hash) => (location.hash = hash), `see=tour&step=${step}`);
  await expect(page.locator('.tour h4')).toContainText(`${step} of 8`);
};

const percent = (text: string | null): number => parseFloat((text ?? '').replace(/.*?([<>]? ?[\d.]+) %.*/, '$1').replace(/[<> ]/g, '')) / 100;

/** Sets a slider as a hand would. */
const slide = (page: Page, name: string, value: number): Promise<void> =>
  page.locator('.tour-stage').getByRole('slider', { name }).fill(String(value));

test('every step has a link, a heading, what the paper says, what this network has, and something live', async ({ page, site }) => {
  await open(page, `${site.url}#see=tour&step=3`);
  await expect(page.locator('.tour h4')).toContainText('3 of 8. What is a convolution?');
  for (const [i, name] of STEPS.entries()) {
    await go(page, i + 1);
    await expect(page.locator('.tour h4')).toContainText(name);
    await expect(page.locator('.tour-nav [aria-current=step]')).toHaveText(new RegExp(`^${i + 1}`));
    for (const part of await page.locator('.tour-part p').all()) await expect(part).not.toBeEmpty();
    await expect(page.locator('.tour-stage > div:visible')).toHaveCount(1);
    await expect(page.locator('.tour-stage canvas:visible, .tour-stage svg:visible, .tour-stage table:visible').first()).toBeVisible();
  }
  await expect(page.locator('.tour-next')).toBeHidden();
});

test('the numbers are the network’s, on the reader’s own patch', async ({ page, site }) => {
  const file = patches()[4] as string;
  await open(page, `${site.url}#see=tour&step=2`);
  await choose(page, [file]);
  await settled(page, 1);
  const probability = nativeFor(path.basename(file)).probability ?? NaN;
  const stage = page.locator('.tour-stage');
  const shown = async (): Promise<number> => percent(await stage.locator('.tour-answer:visible').first().textContent());

  // The network's own window gives its own answer; another window another one.
  await expect.poll(async () => Math.abs((await shown()) - probability)).toBeLessThan(0.002);
  await page.getByRole('button', { name: 'Soft tissue' }).click();
  await expect.poll(async () => Math.abs((await shown()) - probability)).toBeGreaterThan(0.01);

  await go(page, 3);
  const part = async (name: string): Promise<number> => Number((await stage.locator(`.tour-convolution [data-part=${name}] dd`).textContent())?.replace('−', '-').replace(/[^\d.-]/g, ''));
  await slide(page, 'Place of the kernel', 700);
  await expect.poll(async () => stage.locator('.tour-convolution .cell-product').count()).toBe(9);
  await expect.poll(async () => {
    const products = (await stage.locator('.tour-convolution .cell-product').allTextContents()).map((text) => Number(text.replace('= ', '').replace('−', '-')));
    return Math.abs(products.reduce((all, one) => all + one, await part('bias')) - (await part('sum')));
  }).toBeLessThan(1e-3);

  // Nothing switched off: the answer itself. Nearly everything off: the draws scatter.
  await go(page, 6);
  await slide(page, 'Switched off', 0);
  await expect(stage).toContainText(/(^|\D)0 of \d+ units are off/);
  expect(Math.abs((await shown()) - probability)).toBeLessThan(0.002);
  await slide(page, 'Switched off', 0.9);
  // Nine in ten, or nearly.
  await expect.poll(async () => {
    const [off = 0, units = 1] = (/(\d+) of (\d+) units are off/.exec((await stage.textContent()) ?? '') ?? []).slice(1).map(Number);
    return Math.abs(off / units - 0.9);
  }).toBeLessThan(0.12);

  await go(page, 7);
  const share = async (): Promise<number> => Number(await stage.locator('.shares tbody tr:nth-child(2) td:last-child').textContent());
  await expect.poll(async () => Math.abs((await share()) - probability)).toBeLessThan(2e-4);
  await slide(page, 'Temperature', 1);
  await expect.poll(async () => Math.abs((await share()) - 0.5)).toBeLessThan(Math.abs(probability - 0.5));

  // At the file's threshold the curve stands where the card says.
  await go(page, 8);
  const { recall, specificity } = figures();
  await expect(stage).toContainText(`Finds ${(100 * recall).toFixed(1)} % of the nodules and raises a false alarm at ${(100 * (1 - specificity)).toFixed(1)} % `);
  await slide(page, 'Threshold', 1);
  await expect(stage).toContainText(/Finds (about )?0\.0 % of the nodules/);
  expect(new URL(page.url()).hash).toBe('#see=tour&step=8');
});

test('the first step asks before it tells, and the tour goes on by keyboard', async ({ page, site }) => {
  await open(page, `${site.url}#see=tour`);
  const captions = page.locator('.tour-pictures figcaption');
  await expect(captions).toHaveCount(3);
  await expect(captions.first()).toContainText('Not asked yet');
  await page.getByRole('button', { name: 'What does the network say?' }).press('Enter');
  await expect(captions.nth(1)).toContainText('%');
  const said = await Promise.all([1, 2].map(async (i) => percent(await captions.nth(i).textContent())));
  expect(Math.max(...said)).toBeGreaterThan(0.5);
  expect(Math.min(...said)).toBeLessThan(0.5);
  const next = page.locator('.tour-next');
  for (let step = 2; step <= 8; step += 1) {
    await next.focus();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(new RegExp(`step=${step}`));
    await expect(page.locator('.tour h4')).toContainText(`${step} of 8`);
  }
  await page.goBack();
  await expect(page.locator('.tour h4')).toContainText('7 of 8');
  await page.locator('.tour-live input[value=plain]').check({ force: true });
  await expect(page).toHaveURL(/step=7&patch=plain/);
  await expect(page.locator('.tour-live')).toContainText('no-nodule');
});

test('another network brings its own temperature and threshold', async ({ page, site }) => {
  await open(page, `${site.url}?model=compact#see=tour&step=8`);
  const stage = page.locator('.tour-stage');
  await expect(stage.locator('.tour-roc .tour-answer')).toContainText('Finds 86.5 % of the nodules and raises a false alarm at 2.8 % ');
  await slide(page, 'Threshold', 0.9);
  await expect(stage.locator('.tour-roc .tour-answer')).not.toContainText('86.5 %');
  await go(page, 7);
  const sentence = stage.locator('.tour-softmax .arithmetic p').first();
  await expect(sentence).toContainText('0.7547, which the weights file carries');
  await slide(page, 'Temperature', 0.5);
  await expect(sentence).toContainText('as it was chosen here');
  await page.locator('input[name=network][value=paper]').evaluate((input: HTMLElement) => input.click());
  await expect(sentence).toContainText('1.1544, which the weights file carries', { timeout: 60_000 });
  const share = Number(await stage.locator('.shares tbody tr:nth-child(2) td:last-child').textContent());
  expect(Math.abs(percent(((await page.locator('.tour-live > .tour-answer').textContent()) ?? '').split(': ')[1] ?? '') - share)).toBeLessThan(0.001);
  await go(page, 8);
  await expect(stage.locator('.tour-roc .tour-answer')).toContainText('Finds 87.2 % of the nodules');
});
