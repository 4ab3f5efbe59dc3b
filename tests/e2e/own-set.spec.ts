/** A labelled set of the user's: recognised, measured as the trainer measures, exported; nothing is lost on the way. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, open, test } from './helpers.ts';
import { dist, models, out, root, trainer } from './fixtures.ts';

const folder = path.join(out, 'own-set');
const set = path.join(folder, 'set');
const PATCHES = 160;
const view = (page: Page, inside = ''): ReturnType<Page['locator']> => page.locator(`.learn-view:not([hidden]) ${inside}`);
const give = (page: Page, from: string): Promise<void> => view(page, '.set-intake input[webkitdirectory]').setInputFiles(from);
/** Intervals and all. */
const measured = (page: Page): Promise<void> => expect(view(page, '.set-figures > .quiet')).toContainText('drawing', { timeout: 60_000 });

interface Interval { value: number; ci95: [number, number] | null }
type Figures = Record<'rocAuc' | 'averagePrecision' | 'accuracy' | 'recall' | 'specificity' | 'precision' | 'f1' | 'brier' | 'ece', Interval> & { n: number; units: number; confusion: unknown };

async function download(page: Page, name: string): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), view(page, `button:text-is("${name}")`).click()]);
  return readFileSync(await file.path(), 'utf8');
}

test.beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  execFileSync(trainer, ['phantom', '--out', set, '--count', String(PATCHES), '--seed', '500'], { cwd: root, stdio: 'ignore' });
  // Some labels are turned, so that there are errors to find; patients of three patches.
  const [, ...lines] = readFileSync(path.join(set, 'manifest.csv'), 'utf8').trim().split('\n');
  const rows = lines.map((line, i) => {
    const [name, series, label] = line.split(',');
    return [name, series, i % 9 === 4 ? (label === '1' ? '0' : '1') : label, `P${Math.floor(i / 3)}`, i % 10, 'train'].join(',');
  });
  writeFileSync(path.join(set, 'manifest.csv'), ['candidate_row,seriesuid,class,patient_id,luna_subset,split_patientwise', ...rows, ''].join('\n'));
});

test('figures and intervals are the trainer’s, on the same patches', async ({ page, site }) => {
  const report = path.join(folder, 'report');
  const weights = path.join(dist, 'models', models()[0].file);
  execFileSync(trainer, ['evaluate', '--weights', weights, '--patches', set, '--split', 'all', '--alone', '--device', 'cpu', '--out', report], { cwd: root, stdio: 'ignore' });
  const theirs = JSON.parse(readFileSync(path.join(report, 'report.json'), 'utf8')) as Record<string, number> & Record<`${string}_ci95`, [number, number]>;
  await open(page, `${site.url}#see=own-set`);
  await give(page, set);
  await measured(page);
  const { figures } = JSON.parse(await download(page, 'Figures as JSON')) as { figures: Figures };
  expect(figures).toMatchObject({ n: PATCHES, units: Math.ceil(PATCHES / 3), confusion: theirs['confusion'] });
  let worst = 0;
  const names = { rocAuc: 'roc_auc', averagePrecision: 'average_precision', accuracy: 'accuracy', recall: 'recall', specificity: 'specificity', precision: 'precision', f1: 'f1', brier: 'brier', ece: 'ece' } as const;
  for (const [ours, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const interval = theirs[`${name}_ci95`];
    const pairs = [[figures[ours].value, theirs[name] as number], ...[0, 1].map((end) => [figures[ours].ci95?.[end] ?? NaN, interval?.[end] ?? NaN])];
    for (const [a, b] of pairs) {
      expect(Math.abs((a ?? NaN) - (b ?? NaN)), `${name}: ${pairs.join(' ')}`).toBeLessThan(1e-4);
      worst = Math.max(worst, Math.abs((a ?? NaN) - (b ?? NaN)));
    }
  }
  console.log(`    ${PATCHES} patches against the trainer: largest difference of nine figures and their intervals ${worst.toExponential(1)}; AUC ${figures.rocAuc.value.toFixed(3)}`);

  // A cell opens its images; another threshold moves patches from cell to cell.
  const lines = (await download(page, 'Patches as CSV')).trim().split('\r\n').slice(1).map((line) => line.split(','));
  expect(lines).toHaveLength(PATCHES);
  const misses = lines.filter(([, label, , , decision]) => label === 'nodule' && decision === 'no nodule').length;
  await expect(view(page, '.matrix-fn button')).toHaveText(String(misses));
  await view(page, '.matrix-fn button').click();
  await expect(view(page, '.gallery-open')).toHaveCount(misses);
  await view(page, '.gallery-open').first().click();
  const name = (await view(page, '.gallery-open').first().getAttribute('title')) ?? '?';
  await expect(page.locator('#detail')).toContainText(path.basename(name));
  await view(page, 'input[type=number]').first().fill('0.9');
  await view(page, 'input[type=number]').first().press('Enter');
  const above = lines.filter(([, label, , probability]) => label === 'nodule' && Number(probability) >= 0.9).length;
  await expect(view(page, '.matrix-tp button')).toHaveText(String(above));

  // Left before the figures followed, and back: all of them belong to the threshold and prevalence in view.
  const number = view(page, 'input[type=number]');
  await number.first().fill('0.97');
  await number.first().press('Enter');
  await page.evaluate(() => (location.hash = '#see=threshold'));
  await expect(view(page, '.matrix')).toBeVisible();
  await number.nth(1).fill('1');
  await number.nth(1).press('Enter');
  await page.evaluate(() => (location.hash = '#see=own-set'));
  await expect(view(page, '.set-figures h4')).toHaveText('Figures at threshold 0.97');
  await expect(view(page, '.rates').last()).toContainText('at 1 %');
  await measured(page);
  const after = JSON.parse(await download(page, 'Figures as JSON')) as { figures: Figures & { threshold: number } };
  expect(after.figures.threshold).toBe(0.97);
  await expect(view(page, '.matrix-tp button')).toHaveText(String((after.figures.confusion as { tp: number }).tp));
});

test('a labels file of every kind, with all its faults named; nothing is lost', async ({ page, site }) => {
  const odd = path.join(folder, 'odd');
  mkdirSync(odd, { recursive: true });
  const pictures = readdirSync(path.join(set, 'crops50')).slice(0, 12);
  for (const picture of pictures) cpSync(path.join(set, 'crops50', picture), path.join(odd, picture));
  const label = (i: number): string => (i % 2 ? 'No nodule' : 'Nodule');
  const lines = pictures.slice(2).map((picture, i) => `"${picture}";${label(i)}`);
  writeFileSync(path.join(odd, 'labels.csv'), `\uFEFFfile;label\r\n${lines.join('\r\n')}\r\n"nowhere.png";yes\r\n${pictures[0]};perhaps\r\n${lines[0]}\r\n${pictures[3]};${label(0)}\r\n`);
  await open(page, `${site.url}#see=own-set`);
  await give(page, odd);
  await measured(page);
  const said = view(page, '.set-lists');
  for (const text of ['not counted: 2', 'without a patch: 1', 'not known here: 1', 'left out: 1', 'counted once: 1']) await expect(said).toContainText(text);
  await expect(view(page, '.set-summary')).toHaveText(/^9 patches/);
  await expect(page.locator('#count-all')).toHaveText('12');

  // Columns are told by what is in them, with a head or without one.
  const [a, b, c] = pictures as [string, string, string];
  for (const [file, counted, patients] of [
    [`${a},maybe\n${b},1\n${c},0\n`, 2, false],
    [`p0,${a},1\np1,${b},0\np1,${c},0\n`, 3, true],
    [`file,class,label\n${a},1,spiculated\n${b},0,smooth\n`, 2, false],
  ] as const) {
    writeFileSync(path.join(odd, 'labels.csv'), file);
    await give(page, odd);
    await expect(view(page, '.set-summary')).toHaveText(new RegExp(`^${counted} patches, 1 with a nodule${patients ? ', of 2 patients' : ', answered'}`));
  }
  // Too few for an interval.
  await measured(page);
  await expect(view(page, '.set-figures tbody tr').first().locator('td').nth(1)).toHaveText('–');
  // What is no list does not hang the page.
  writeFileSync(path.join(odd, 'labels.csv'), `file,label\n${','.repeat(2e6)}`);
  const before = Date.now();
  await give(page, odd);
  await expect(page.locator('#notices')).toContainText('more than a thousand columns');
  expect(Date.now() - before).toBeLessThan(10_000);
  await expect(page.locator('#count-all')).toHaveText('60');

  // One class; then none: classified all the same.
  writeFileSync(path.join(odd, 'labels.csv'), pictures.map((picture) => `${picture}\t1`).join('\n'));
  await give(page, odd);
  await expect(view(page, '.set-remarks')).toContainText('no ROC curve');
  await expect(view(page, '.set-remarks')).not.toContainText('same bytes');
  writeFileSync(path.join(odd, 'labels.csv'), 'a,b\nc,d\n');
  await give(page, odd);
  await expect(page.locator('#notices')).toContainText('labels.csv could not be used as a labels file');
  await expect(page.locator('#count-all')).toHaveText('84');
  writeFileSync(path.join(odd, 'labels.csv'), 'nobody.png,1\n');
  await give(page, odd);
  await expect(page.locator('#notices')).toContainText('no name in it is the name of a patch');
  await expect(page.locator('#count-all')).toHaveText('96');
});

test('two folders are recognised wherever they are given, with a way back', async ({ page, site }) => {
  const classes = path.join(folder, 'classes');
  const pictures = readdirSync(path.join(set, 'crops50')).slice(0, 10);
  pictures.forEach((picture, i) => cpSync(path.join(set, 'crops50', picture), path.join(classes, i % 2 ? 'no nodule' : 'nodule', picture)));
  await open(page, site.url);
  await page.setInputFiles('#input-folder', classes);
  await expect(page.locator('#notices')).toContainText('10 patches have labels, from the folders no nodule, nodule');
  await measured(page);
  expect(page.url()).toContain('#see=own-set');
  await expect(view(page, '.set-summary')).toHaveText(/^10 patches, 5 with a nodule/);
  await page.getByRole('button', { name: 'Classify only' }).click();
  await expect(view(page, '.set-summary')).toBeHidden();
  await expect(page.locator('#count-all')).toHaveText('10');
  // A third folder makes it a plain one.
  cpSync(path.join(set, 'crops50', pictures[0] ?? ''), path.join(classes, 'later', 'one.png'));
  await page.setInputFiles('#input-folder', classes);
  await expect(page.locator('#count-all')).toHaveText('21');
  await expect(page.locator('#notices')).not.toContainText('have labels');
});

test('many patches: progress, cancel, and what was answered is measured', async ({ page, site }) => {
  const many = path.join(folder, 'many');
  mkdirSync(many, { recursive: true });
  const pictures = readdirSync(path.join(set, 'crops50'));
  const names = Array.from({ length: 3000 }, (_, i) => `${i}.png`);
  names.forEach((name, i) => cpSync(path.join(set, 'crops50', pictures[i % pictures.length] ?? ''), path.join(many, name)));
  writeFileSync(path.join(many, 'labels.tsv'), names.map((name, i) => `${name}\t${Number(i % 2 === 0)}`).join('\n'));
  await open(page, `${site.url}?model=paper#see=own-set`);
  await give(page, many);
  await expect(view(page, '.set-running')).toBeVisible({ timeout: 30_000 });
  await view(page, '.set-running button').click();
  await expect(view(page, '.set-remarks')).toContainText(/Cancelled: [\d,]+ patches have no answer/);
  await view(page, 'button:text-is("Go on with the rest")').click();
  await measured(page);
  await expect(view(page, '.set-summary')).toHaveText(/^3,000 patches, 1,500 with a nodule/, { timeout: 60_000 });
  await expect(view(page, '.set-remarks')).toContainText('hold the same bytes');
});
