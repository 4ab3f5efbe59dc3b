/** What belongs to one slice, or to one patient, is shown with no other. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { brightness, brokenCopy, expect, frames, open, opened, startSite, test, volumeScanned } from './helpers.ts';
import { format, scanFile } from './fixtures.ts';

/** Pixels of the viewer in the green of the measurement. */
const green = (page: Page): Promise<number> =>
  page.locator('#slice').evaluate((canvas: HTMLCanvasElement) => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext('2d');
    copy?.drawImage(canvas, 0, 0);
    const data = copy?.getImageData(0, 0, width, height).data ?? [];
    let count = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] === 0x8e && data[i + 1] === 0xe0 && data[i + 2] === 0x7f) count += 1;
    return count;
  });

const at = (page: Page): Promise<string> => page.locator('#slice-range').inputValue();

test('a slice that cannot be read is black, with its reason; its neighbours are shown', async ({ page }) => {
  const broken = `self.addEventListener('message', (event) => {
    const { kind, id, plane, index } = event.data;
    if (kind !== 'slice' || plane !== 'axial' || index !== 14) return;
    event.stopImmediatePropagation();
    self.postMessage({ kind: 'failed', id, problem: { code: 'test', message: 'the samples of this slice are cut off', hint: '' } });
  });`;
  const site = await startSite(brokenCopy('bad-slice', { 'worker-loader.js': (code) => `${broken}\n${code.toString()}` }));
  try {
    await open(page, site.url);
    await page.setInputFiles('#input-files', [scanFile]);
    await opened(page, 24);
    await page.locator('#slice-range').fill('13');
    await expect.poll(() => brightness(page)).toBeGreaterThan(10);
    await page.locator('#slice-range').fill('14');
    await expect(page.locator('#probe')).toHaveText('This slice could not be read: the samples of this slice are cut off.');
    await expect.poll(() => brightness(page)).toBeLessThan(8);
    await expect(page.locator('#slice')).toHaveAttribute('aria-label', /cut off/);
    await page.locator('#slice-range').fill('15');
    await expect.poll(() => brightness(page)).toBeGreaterThan(10);
    await expect(page.locator('#probe')).toHaveText('');
    // And again, from the other side.
    await page.locator('#slice-range').fill('14');
    await expect.poll(() => brightness(page)).toBeLessThan(8);
    // It stands where it belongs, and is no notice that stays behind.
    await expect(page.locator('#notices')).toBeEmpty();
  } finally {
    site.close();
  }
});

test('a slice that does not come for a while is not shown as the one before', async ({ page }) => {
  const slow = `self.addEventListener('message', (event) => {
    if (event.data.kind === 'slice' && event.data.index === 20) event.stopImmediatePropagation();
  });`;
  const site = await startSite(brokenCopy('slow-slice', { 'worker-loader.js': (code) => `${slow}\n${code.toString()}` }));
  try {
    await open(page, site.url);
    await page.setInputFiles('#input-files', [scanFile]);
    await opened(page, 24);
    await page.locator('#slice-range').fill('20');
    await expect.poll(() => brightness(page)).toBeLessThan(8);
  } finally {
    site.close();
  }
});

test('a measurement belongs to its slice', async ({ page, site }) => {
  await open(page, site.url);
  await page.setInputFiles('#input-files', [scanFile]);
  await opened(page, 24);
  await page.locator('input[name=tool][value=ruler]').check({ force: true });
  const box = await page.locator('#slice').boundingBox();
  if (!box) throw new Error('no viewer');
  const drag = async (from: [number, number], to: [number, number]): Promise<void> => {
    await page.mouse.move(box.x + from[0], box.y + from[1]);
    await page.mouse.down();
    await page.mouse.move(box.x + to[0], box.y + to[1], { steps: 4 });
  };
  await drag([150, 150], [300, 200]);
  await page.mouse.up();
  await expect.poll(() => green(page)).toBeGreaterThan(40);
  await expect(page.locator('#measured')).toContainText(/^Measured here: [\d.]+ mm/);
  const first = await at(page);
  await page.mouse.wheel(0, -120);
  await expect.poll(() => at(page)).not.toBe(first);
  await expect.poll(() => green(page)).toBe(0);
  await expect(page.locator('#measured')).toHaveText('');
  // One that was begun on this slice is not finished on another.
  await drag([150, 150], [200, 200]);
  await page.mouse.wheel(0, -120);
  await frames(page, 5);
  await page.mouse.move(box.x + 320, box.y + 320, { steps: 4 });
  await page.mouse.up();
  await frames(page, 5);
  expect(await green(page)).toBe(0);
  // Back where the first was made, it is there.
  await page.locator('#slice-range').fill(first);
  await expect.poll(() => green(page)).toBeGreaterThan(40);
  // In another plane there is another slice of that number.
  await page.locator('input[name=plane][value=coronal]').check({ force: true });
  await expect.poll(() => green(page)).toBe(0);
});

test('minimum probability, chosen finding, cross-hair and zoom do not travel to the next patient', async ({ page, site }) => {
  await open(page, site.url);
  await page.setInputFiles('#input-files', [scanFile]);
  await opened(page, 24);
  await volumeScanned(page);
  const all = await page.locator('#finding-rows tr').count();
  await page.locator('#finding-rows tr').first().click();
  await expect(page.locator('#finding-rows tr[aria-current]')).toHaveCount(1);
  await expect(page.locator('#probe')).toContainText('HU');
  await page.locator('#least').fill('0.99');
  await expect(page.locator('#finding-rows tr')).not.toHaveCount(all);
  await page.locator('#slice').focus();
  for (let i = 0; i < 6; i += 1) await page.keyboard.press('+');

  await page.setInputFiles('#input-files', [scanFile]);
  await expect(page.locator('#scanning-text')).toHaveText('');
  await opened(page, 24);
  const whole = await brightness(page);
  await expect(page.locator('#findings')).toBeHidden();
  expect(await page.locator('#finding-rows tr').count()).toBe(0);
  await expect(page.locator('#probe')).toHaveText('');
  await page.locator('#fit').click();
  await frames(page, 5);
  expect(Math.abs((await brightness(page)) - whole)).toBeLessThan(1);
  await volumeScanned(page);
  await expect(page.locator('#finding-rows tr')).toHaveCount(all);
  await expect(page.locator('#finding-rows tr[aria-current]')).toHaveCount(0);
  // A search that goes over it again finds the chosen one again, at whatever rank.
  await page.locator('#finding-rows tr').nth(1).click();
  const place = await page.locator('#finding-rows tr').nth(1).locator('td').last().textContent();
  await volumeScanned(page);
  await expect(page.locator('#finding-rows tr[aria-current] td').last()).toHaveText(place ?? '?');
});

/** Files as they are, in a zip. */
function zip(files: Record<string, Buffer>): Buffer {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const crc = (bytes: Buffer): number => (bytes.reduce((c, byte) => (table[(c ^ byte) & 255] ?? 0) ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), bytes]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

test('each picture that was opened can be reached, beside a series too', async ({ page, site }) => {
  await open(page, site.url);
  const picture = readFileSync(format('large-512.png'));
  await page.setInputFiles('#input-files', [{ name: 'study.zip', mimeType: 'application/zip', buffer: zip({ 'scan.mha': readFileSync(scanFile), 'first.png': picture, 'second.png': picture }) }]);
  await opened(page, 24);
  const series = page.locator('#series');
  await expect(series).toBeVisible();
  await expect(series.locator('option')).toHaveCount(3);
  for (const [index, name] of ['first.png', 'second.png'].entries()) {
    await series.selectOption({ index: 1 + index });
    await opened(page, 1);
    await expect(page.locator('#picture-reading')).toContainText(name);
    await expect(series.locator('option:checked')).toContainText(name);
  }
  // What was said of one patient's picture is not taken for another's.
  await page.locator('#reading-pixel').fill('1.5');
  await page.locator('#reading-pixel').press('Tab');
  await expect(page.locator('#scan-line')).toContainText('1.50');
  await series.selectOption({ index: 0 });
  await opened(page, 24);
  await expect(page.locator('#picture-reading')).toBeHidden();
  await page.setInputFiles('#input-files', [{ name: 'other.zip', mimeType: 'application/zip', buffer: zip({ 'third.png': picture, 'fourth.png': picture }) }]);
  await opened(page, 1);
  await expect(page.locator('#scan-line')).toContainText('0.70');
  await series.selectOption({ index: 1 });
  await expect(page.locator('#picture-reading')).toContainText('fourth.png');
});
