/** Training in the browser: it learns, can be paused and cancelled, and what it has learnt is a weights file like any other. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { choose, expect, frames, open, settled, test } from './helpers.ts';
import { out, patches, root, trainer } from './fixtures.ts';

async function train(page: Page, url: string): Promise<void> {
  await open(page, `${url}#see=train`);
  await expect(page.getByRole('button', { name: 'Start training' })).toBeEnabled();
}

const result = '.train-result';

test('two hundred synthetic patches: over 90 % of what is held out, a file that the trainer measures, in use at once', async ({ page, site }) => {
  await train(page, site.url);
  await page.getByRole('button', { name: 'Start training' }).click();
  // Paused in the middle, nothing goes on; then it does.
  await expect(page.locator('.train-line')).toContainText(/Epoch [2-9]/, { timeout: 60_000 });
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('.train-line')).toContainText('Paused in epoch');
  const bar = page.locator('.train-progress progress');
  // The steps that were under way when it was paused still count; then it stands still.
  const value = (): Promise<number> => bar.evaluate((element: HTMLProgressElement) => element.value);
  let paused = -1;
  await expect.poll(async () => {
    const before = paused;
    paused = await value();
    await frames(page, 30);
    return before === paused;
  }).toBe(true);
  await frames(page, 30);
  expect(await value()).toBe(paused);
  await page.getByRole('button', { name: 'Resume' }).click();

  await expect(page.locator(result)).toContainText('Done in', { timeout: 120_000 });
  const said = (await page.locator(result).textContent()) ?? '';
  console.log(`    ${said}`);
  const [, held, right] = (/Of (\d+) patches that were held out, (\d+)/.exec(said) ?? []).map(Number);
  expect(held).toBe(50);
  expect(right).toBeGreaterThanOrEqual(45);
  // The curves have their numbers as tables, and the kernels have moved.
  await page.locator('.train-plots summary').first().click();
  await expect(page.locator('.train-plots tbody').first().locator('tr')).toHaveCount(15);
  const strips = await page.locator('.kernel-strip').evaluateAll((all) => all.map((strip) => [...strip.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()));
  expect(strips[0]).not.toBe(strips[1]);

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the weights file' }).click()]);
  const file = path.join(out, download.suggestedFilename());
  writeFileSync(file, readFileSync(await download.path()));
  const answers = path.join(out, 'trained.json');
  execFileSync(trainer, ['classify', '--weights', file, '--json', answers, ...patches()], { cwd: root, stdio: 'ignore' });
  const native = JSON.parse(readFileSync(answers, 'utf8')) as { file: string; probability: number }[];
  const measured = path.join(out, 'trained-report');
  execFileSync(trainer, ['evaluate', '--weights', file, '--patches', path.join(out, 'patches'), '--split', 'all', '--out', measured], { cwd: root, stdio: 'ignore' });
  const report = JSON.parse(readFileSync(path.join(measured, 'report.json'), 'utf8')) as { n: number; accuracy: number };
  expect(report.n).toBe(patches().length);
  expect(report.accuracy).toBeGreaterThanOrEqual(0.85);

  await page.getByRole('button', { name: 'Use it on this page' }).click();
  await expect(page.locator(result)).toContainText('In use now');
  await choose(page, patches());
  await settled(page, patches().length);
  const [json] = await Promise.all([page.waitForEvent('download'), page.locator('#json').click()]);
  const { results } = JSON.parse(readFileSync(await json.path(), 'utf8')) as { results: { file_name: string; probability: number; model_id: string }[] };
  let worst = 0;
  for (const { file_name, probability, model_id } of results) {
    expect(model_id).toMatch(/^small-/);
    const same = native.find((answer) => path.basename(answer.file) === file_name);
    worst = Math.max(worst, Math.abs(probability - (same?.probability ?? NaN)));
  }
  expect(worst).toBeLessThan(1e-4);

  // And the file comes back as any weights file does.
  await page.reload();
  await expect(page.locator('#lead')).not.toBeEmpty();
  await choose(page, [file]);
  await expect(page.locator('#card-line')).toContainText('small-');
});

test('ours is trained a little further; cancelled, it keeps the last whole epoch; what makes no sense is refused', async ({ page, site }) => {
  // What looks at surroundings is not trained here.
  await train(page, `${site.url}?model=compact`);
  await page.getByLabel('How many').fill('40');
  await page.getByLabel(/train it a little further/).check();
  await expect(page.getByLabel('Learning rate')).toHaveValue('0.0001');
  await page.getByLabel('Epochs').fill('200');
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(page.locator('.train-line')).toContainText(/Epoch [2-9]/, { timeout: 60_000 });
  await page.getByRole('button', { name: 'Cancel' }).last().click();
  await expect(page.locator(result)).toContainText('up to the last whole epoch');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the weights file' }).click()]);
  expect(readFileSync(await download.path()).subarray(0, 8).toString()).toBe('NODULENS');

  // The browser's own word on the fields; nothing has begun, and what was learnt is still there.
  await page.getByLabel('Learning rate').fill('7');
  await page.getByRole('button', { name: 'Start training' }).click();
  expect(await page.getByLabel('Learning rate').evaluate((input: HTMLInputElement) => input.validity.rangeOverflow)).toBe(true);
  await page.getByLabel('Learning rate').fill('0.001');
  await page.getByLabel('How many').fill('');
  await page.getByRole('button', { name: 'Start training' }).click();
  expect(await page.getByLabel('How many').evaluate((input: HTMLInputElement) => input.validity.valueMissing)).toBe(true);
  await expect(page.getByRole('button', { name: 'Pause' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'Save the weights file' })).toBeVisible();

  // While patches are made ready, another start is not to be had; forgetting in the middle leaves nothing behind.
  await page.getByLabel('How many').fill('2000');
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByRole('link', { name: 'Guided tour', exact: true }).click();
  await page.getByRole('link', { name: 'Train', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Start training' })).toBeHidden();
  await page.getByRole('button', { name: 'Forget everything' }).click();
  await expect(page.locator('.train')).toBeHidden();
  await page.getByRole('link', { name: 'Train', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Start training' })).toBeEnabled();
  await expect(page.locator(result)).toBeEmpty();
  await expect(page.getByRole('button', { name: 'Save the weights file' })).toBeHidden();
});
