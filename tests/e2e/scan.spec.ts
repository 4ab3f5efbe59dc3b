/** Scans: opened in every way, shown, clicked, searched, exported; the numbers are the command line's. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { brightness, expect, frames, open, opened, test, volumeScanned, workersNamed } from './helpers.ts';
import { dist, format, makeScan, models, nativeScan, out, patches, root, scanFile, searchNatively, trainer } from './fixtures.ts';

const lidc = path.join(process.env['NODULENS_DATA'] ?? path.join(root, '..', 'shared', 'data'), 'scans', 'lidc-idri-0003-dicom');

interface Row {
  probability: number;
  pixel: [number, number];
  sliceIndex: number;
  sliceNumber: number;
  worldMm: [number, number, number] | null;
  diameterMm: number | null;
}
interface Exported {
  notice: string;
  model: { id: string; sha256: string };
  input: { sha256: string; format: string; identity: unknown[] };
  search: { slicesScanned: number };
  warnings: { code: string; message: string }[];
  findings: Row[];
}

async function download(page: Page, id: string): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator(id).click()]);
  return readFileSync(await file.path());
}

test('the example scan: seen, clicked, searched, exported', async ({ page, site }) => {
  test.setTimeout(300_000);
  await open(page, site.url);
  await page.locator('#try-scan').click();
  await opened(page, 48);
  await expect(page.locator('#scan-remarks')).toContainText('Synthetic');
  await expect(page.locator('#scan-estimate')).toContainText(/About [\d.]+ s for the slice/, { timeout: 30_000 });

  // Seen: wheel, keys, planes, windows.
  const slice = page.locator('#slice');
  const at = (): Promise<string> => page.locator('#slice-range').inputValue();
  const middle = Number(await at());
  await slice.hover();
  await page.mouse.wheel(0, -120);
  await expect.poll(at).toBe(String(middle + 1));
  await slice.focus();
  await page.keyboard.press('PageDown');
  await page.keyboard.press('PageDown');
  await expect.poll(at).toBe(String(middle - 1));
  await page.keyboard.press('c');
  await expect(page.locator('input[name=plane][value=coronal]')).toBeChecked();
  await expect(slice).toHaveAttribute('aria-label', /coronal slice \d+ of 512/);
  await page.keyboard.press('a');
  const lung = await brightness(page);
  await page.keyboard.press('2');
  await expect(page.locator('#window')).toHaveValue('mediastinum');
  await expect.poll(() => brightness(page)).not.toBe(lung);
  await page.keyboard.press('1');

  // Clicked: with the keys alone.
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('#probe')).toContainText('HU');
  await page.keyboard.press('Enter');
  await expect(page.locator('#spot-body')).toContainText('%');
  await expect(page.locator('#spot-body')).toContainText('threshold');

  // Searched: the slice, then the volume; the nodules that were drawn are among what is found.
  await page.locator('#scan-slice').click();
  await expect(page.locator('#scanning-text')).toContainText(`in slice ${middle}`, { timeout: 60_000 });
  await volumeScanned(page);
  const result = JSON.parse((await download(page, '#findings-json')).toString()) as Exported;
  expect(result.notice).toContain('not a medical device');
  expect(result.search.slicesScanned).toBe(48);
  expect(result.findings.length).toBeGreaterThan(0);
  const rows = page.locator('#finding-rows tr');
  await expect(rows).toHaveCount(result.findings.length);
  await rows.first().locator('button').press('Enter');
  await expect.poll(at).toBe(String(result.findings[0]?.sliceIndex));
  await expect(rows.first()).toHaveAttribute('aria-current', 'true');
  // What the click says at a finding is what the search said.
  await expect(page.locator('#spot-body .big-number')).toHaveText((await rows.first().locator('td').nth(1).textContent()) ?? '?');

  expect((await download(page, '#findings-csv')).toString().split('\n').length).toBeGreaterThan(result.findings.length);
  expect((await download(page, '#findings-report')).toString()).toContain('not a medical device');
  expect((await download(page, '#findings-report')).toString().match(/data:image\/png/g)?.length).toBeGreaterThan(0);
  const heat = await download(page, '#heat-png');
  expect(heat.subarray(1, 4).toString()).toBe('PNG');
  expect(heat.toString('latin1')).toContain(result.model.sha256);
  // Fewer at a higher probability; the file keeps all.
  await page.locator('#least').fill('0.95');
  const likely = result.findings.filter(({ probability }) => probability >= 0.95).length;
  await expect(rows).toHaveCount(likely);
  expect(likely).toBeGreaterThan(0);
  await expect(page.locator('#findings-sr')).toBeHidden();
  await page.locator('#scan-close').click();
  await expect(page.locator('#scan')).toBeHidden();
});

test('a search is the command line’s, number for number; and it can be stopped', async ({ page, site }) => {
  test.setTimeout(300_000);
  await open(page, site.url);
  await page.setInputFiles('#input-files', [scanFile]);
  const native = nativeScan();
  await opened(page, 24);
  await volumeScanned(page);
  const { findings, input, model } = JSON.parse((await download(page, '#findings-json')).toString()) as Exported;
  expect(input.sha256).toBe(native.input.sha256);
  expect(model).toMatchObject(native.model);
  const places = (rows: { sliceIndex: number; pixel: [number, number] }[]): string[] => rows.map(({ sliceIndex, pixel }) => [sliceIndex, ...pixel.map((px) => px.toFixed(6))].join());
  expect(places(findings)).toEqual(places(native.findings));
  const worst = Math.max(...findings.map((row, i) => Math.abs(row.probability - (native.findings[i]?.probability ?? NaN))));
  console.log(`    ${findings.length} findings against native: largest difference ${worst.toExponential(2)}`);
  expect(worst).toBeLessThan(1e-4);
  const diameters = (rows: { diameterMm: number | null }[]): (string | undefined)[] => rows.map(({ diameterMm }) => diameterMm?.toFixed(6));
  expect(diameters(findings)).toEqual(diameters(native.findings));

  await page.locator('#lungs-only').uncheck();
  await page.locator('#scan-volume').click();
  await expect(page.locator('#scanning-text')).toContainText('Searching the volume');
  await page.locator('#scanning-cancel').click();
  await expect(page.locator('#scanning-text')).toContainText('Stopped', { timeout: 30_000 });
  await expect(page.locator('#scan-slice')).toBeEnabled();
});

test('slices are missing: it is told in every export, and every place leads back to its finding', async ({ page, site }) => {
  test.setTimeout(300_000);
  const folder = path.join(out, 'gap');
  makeScan('dicom', 9, 320, folder);
  const slices = readdirSync(folder).filter((name) => name.endsWith('.dcm')).sort().map((name) => path.join(folder, name));
  for (const missing of slices.splice(3, 4)) rmSync(missing);
  await open(page, site.url);
  await page.setInputFiles('#input-files', slices);
  await opened(page, 5);
  await expect(page.locator('#scan-remarks')).toContainText('not evenly spaced');
  await page.locator('#lungs-only').uncheck();
  await volumeScanned(page);
  const { findings, warnings } = JSON.parse((await download(page, '#findings-json')).toString()) as Exported;
  expect(warnings.map(({ code }) => code)).toContain('gap');
  expect(findings.length).toBeGreaterThan(0);
  const table = (await download(page, '#findings-csv')).toString();
  const [head, first] = table.split('\r\n');
  expect(head?.startsWith('seriesuid,')).toBe(true);
  expect(first).toMatch(/^2\.25\.\d+,/);
  expect(table).toContain('not evenly spaced');
  expect((await download(page, '#findings-report')).toString()).toContain('not evenly spaced');
  expect((await download(page, '#findings-sr')).toString('latin1')).toContain('not evenly spaced');

  const behind = findings.find(({ sliceIndex }) => sliceIndex > 2);
  for (const { probability, worldMm, sliceIndex, sliceNumber } of [findings[0], behind].filter((row) => row !== undefined)) {
    expect(sliceNumber).toBe(sliceIndex + 1);
    const answer = path.join(out, 'at.json');
    const weights = path.join(dist, 'models', models()[0].file);
    execFileSync(trainer, ['classify', '--device', 'cpu', '--weights', weights, `--at=${worldMm?.join(',')}`, '--json', answer, ...slices], { cwd: root, stdio: 'ignore' });
    const [said] = JSON.parse(readFileSync(answer, 'utf8')) as [{ probability: number }];
    expect(Math.abs(said.probability - probability)).toBeLessThan(1e-4);
  }
  // The page says the same place under the finding as the export.
  await page.locator('#finding-rows tr button').first().press('Enter');
  await expect(page.locator('#spot-body')).toContainText(`H ${(findings[0]?.worldMm?.[2] ?? NaN).toFixed(1).replace('-', '−')} mm`);
});

test('another network, or another scan, in the middle of a search: nothing of the old one comes back', async ({ page, site }) => {
  test.setTimeout(120_000);
  await open(page, site.url);
  await page.setInputFiles('#input-files', [scanFile]);
  await opened(page, 24);
  await page.locator('#lungs-only').uncheck();
  await page.locator('#scan-volume').click();
  await expect(page.locator('#scanning-text')).toContainText('Searching the volume');
  await page.locator('input[name=network][value=paper]').check();
  await expect(page.locator('#network-paper-state')).toHaveText('In use', { timeout: 60_000 });
  await expect(page.locator('#scan-volume')).toBeEnabled();
  // The worker of the network before ends when it has answered the slice that was on its way.
  await expect.poll(() => workersNamed(page, 'nodulens-cpu')).toBe(1);
  await frames(page, 10);
  await expect(page.locator('#findings')).toBeHidden();
  await expect(page.locator('#scanning-text')).toHaveText('');

  await page.locator('input[name=network][value=compact]').check();
  await expect(page.locator('#network-compact-state')).toHaveText('In use', { timeout: 60_000 });
  await page.locator('#scan-volume').click();
  await expect(page.locator('#scanning-text')).toContainText('Searching the volume');
  await page.setInputFiles('#input-files', [scanFile]);
  await expect(page.locator('#scanning-text')).toHaveText('', { timeout: 30_000 });
  await opened(page, 24);
  await expect.poll(() => workersNamed(page, 'nodulens-loader')).toBe(1);
  await expect(page.locator('#scan-volume')).toBeEnabled();
  await frames(page, 10);
  await expect(page.locator('#scan')).toBeVisible();
  await expect(page.locator('#notices')).toBeEmpty();
});

test('what cannot be read is named, and stops no other file', async ({ page, site }) => {
  await open(page, site.url);
  const whole = readFileSync(scanFile);
  const [patch] = patches();
  await page.setInputFiles('#input-files', [
    { name: 'short.mha', mimeType: '', buffer: whole.subarray(0, 5000) },
    { name: 'scan.mha', mimeType: '', buffer: whole },
    { name: 'patch.png', mimeType: 'image/png', buffer: readFileSync(patch ?? '') },
  ]);
  await opened(page, 24);
  await expect(page.locator('#notices')).toContainText('short.mha');
  await expect(page.locator('#count-all')).toHaveText('1');
});

test('a picture of a slice: the window is asked for', async ({ page, site }) => {
  await open(page, site.url);
  await page.setInputFiles('#input-files', [format('large-512.png')]);
  await page.locator('#open-slices').click();
  await opened(page, 1);
  await expect(page.locator('#picture-reading')).toContainText('no Hounsfield units');
  await expect(page.locator('#scan-volume')).toBeHidden();
  await page.locator('#slice').click({ position: { x: 200, y: 200 } });
  await expect(page.locator('#spot-body')).toContainText('%');
  const before = await page.locator('#probe').textContent();
  await page.locator('#reading-window').selectOption('mediastinum');
  await page.locator('#slice').hover({ position: { x: 201, y: 201 } });
  await expect(page.locator('#probe')).not.toHaveText(before ?? '');
});

test('a real DICOM series', async ({ page, site }) => {
  test.skip(!existsSync(lidc), `SKIPPED: no real scan in ${lidc}`);
  test.setTimeout(120_000);
  await open(page, site.url);
  await page.setInputFiles('#input-folder', lidc);
  await opened(page, 11);
  await expect(page.locator('#scan-line')).toContainText('512 × 512 × 11');
  await expect(page.locator('#scan-remarks .outside')).toHaveCount(0);
  await expect(page.locator('#header-count')).toContainText('may identify the patient');
  await volumeScanned(page);
  await page.locator('#finding-rows tr').first().click();
  await expect(page.locator('#spot-body')).toContainText('Nodule');
  const report = await download(page, '#findings-sr');
  expect(report.subarray(128, 132).toString()).toBe('DICM');
  const { findings, input } = JSON.parse((await download(page, '#findings-json')).toString()) as Exported;
  expect(input.identity).toEqual([]);
  const native = searchNatively([lidc], 'native-lidc.json');
  expect(input.sha256).toBe(native.input.sha256);
  expect(findings).toHaveLength(native.findings.length);
  findings.forEach(({ probability }, i) => expect(Math.abs(probability - (native.findings[i]?.probability ?? NaN))).toBeLessThan(1e-4));
});
