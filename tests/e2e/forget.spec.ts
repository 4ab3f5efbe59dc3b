/** “Forget everything” and “Close the scan”: nothing of the patient stays, in the document or in memory; closing can be undone for a minute. */
import { createReadStream, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { CDPSession, Page } from '@playwright/test';
import { expect, frames, open, opened, settled, test, volumeScanned, workersNamed } from './helpers.ts';
import { makeScan, out, patches } from './fixtures.ts';

const folder = path.join(out, 'patient');
/** What tells who the patient is: name, number, what was written of the series; and in the names of files. */
const NAME = 'Zweigmann^Otto1234';
const NUMBER = 'PID7734199';
const SERIES = 'Verlaufskontrolle Zweigmann nach Therapie, Thorax ';
const MARKS = ['Zweigmann', NUMBER, 'Verlaufskontrolle', 'zweigmann-otto'];

/** A series that was drawn by the program, with a patient in its header, and a patch in whose name he is. */
function patient(): { scan: string[]; patch: string } {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const drawn = path.join(folder, 'drawn');
  makeScan('dicom', 8, 320, drawn);
  const names = readdirSync(drawn).filter((name) => name.endsWith('.dcm'));
  const scan = names.map((name) => {
    const bytes = readFileSync(path.join(drawn, name));
    const put = (before: string, now: string): void => {
      expect(now).toHaveLength(before.length);
      const at = bytes.indexOf(before);
      expect(at).toBeGreaterThan(0);
      bytes.write(now, at, 'latin1');
    };
    put('Synthetic^Phantom ', NAME);
    put('SYNTHETIC ', NUMBER);
    put('Synthetic chest phantom by Nodulens, not a patient', SERIES);
    const file = path.join(folder, name.replace('phantom-5', 'zweigmann-otto'));
    writeFileSync(file, bytes);
    return file;
  });
  const patch = path.join(folder, 'zweigmann-otto.png');
  writeFileSync(patch, readFileSync(patches()[0] ?? ''));
  return { scan, patch };
}

/** Every text and attribute there is, of hidden elements as well, values of fields, the title; and what is on canvases. */
async function written(page: Page): Promise<{ texts: string[]; painted: string[] }> {
  return page.evaluate(() => {
    const texts = [document.title, location.href, JSON.stringify(history.state)];
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) texts.push(`${element.id || element.localName} ${name}=${value}`);
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent ?? '');
      if ('value' in element && typeof element.value === 'string') texts.push(element.value);
    }
    const painted = [...document.querySelectorAll('canvas')].filter((canvas) => {
      if (canvas.width === 0 || canvas.height === 0) return false;
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
      copy?.drawImage(canvas, 0, 0);
      const { data } = copy?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      for (let i = 0; i < data.length; i += 4) if (data[i] || data[i + 1] || data[i + 2]) return true;
      return false;
    }).map((canvas) => canvas.id || canvas.className || canvas.getAttribute('aria-label') || 'canvas');
    return { texts, painted };
  });
}

const telling = (texts: string[]): string[] => texts.filter((text) => MARKS.some((mark) => text.toLowerCase().includes(mark.toLowerCase())));

/** Strings in the memory of the page that tell who the patient is. What the browser keeps of its own (names of files that it was given) is not the page's. */
async function remembered(page: Page, name: string): Promise<string[]> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  const file = path.join(out, `${name}.heapsnapshot`);
  const parts: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => parts.push(chunk));
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  writeFileSync(file, parts.join(''));
  const found: string[] = [];
  // One string a line.
  for await (const line of createInterface({ input: createReadStream(file) })) if (MARKS.some((mark) => line.includes(mark))) found.push(line.slice(0, 120));
  rmSync(file);
  return found;
}

/** Opens the scan, looks at it, searches it, and looks into the networks with it: everything that shows something of it has shown it. */
async function looked(page: Page, scan: string[]): Promise<void> {
  await page.setInputFiles('#input-files', scan);
  await opened(page, 8);
  await expect(page.locator('#header-rows')).toContainText(NUMBER);
  await page.locator('#slice').click({ position: { x: 200, y: 200 } });
  await expect(page.locator('#spot-body')).toContainText('%');
  await page.locator('#lungs-only').uncheck();
  await volumeScanned(page);
  for (const view of ['why', 'inside', 'tour']) {
    await page.evaluate((see) => void (location.hash = `see=${see}`), view);
    await expect(page.locator('#learn-body > :not([hidden]) canvas').first()).toBeVisible({ timeout: 60_000 });
  }
}

test('“Forget everything” leaves nothing of the patient in the document, on a canvas, in memory or in a worker', async ({ page, site }) => {
  test.setTimeout(300_000);
  const files = patient();
  await open(page, site.url);
  await expect(page.locator('#networks')).toBeVisible();
  const fresh = await written(page);
  await looked(page, files.scan);
  await page.setInputFiles('#input-files', [files.patch]);
  await settled(page, 1);
  // What the test looks for is there before.
  expect(telling((await written(page)).texts).length).toBeGreaterThan(3);
  expect((await remembered(page, 'before')).length).toBeGreaterThan(0);
  const workers = new Set(page.workers());
  await page.locator('#forget').click();
  await expect(page.locator('#forget-note')).toContainText('Forgotten');
  await frames(page, 10);
  await expect.poll(() => workersNamed(page, 'nodulens-loader')).toBe(0);
  // None of those that may have been given a part of it runs any more.
  await expect.poll(() => page.workers().filter((worker) => workers.has(worker)).length, { timeout: 60_000 }).toBe(0);
  const after = await written(page);
  expect(telling(after.texts)).toEqual([]);
  expect(after.painted).toEqual([]);
  // Beyond names: the document says nothing that a page which has opened nothing does not say, but for what forgetting itself says.
  const known = new Set(fresh.texts);
  const said = /Forgotten|^Requests since|^Privacy: |^\S+ (width|height)=0$|^\S*progress (max|value)=|^body class=$|^slice data-tool=|^detail data-state=none$|^No row matches/;
  expect(after.texts.filter((text) => text.trim() !== '' && !known.has(text) && !said.test(text))).toEqual([]);
  expect(await remembered(page, 'after')).toEqual([]);
});

test('“Close the scan” leaves nothing of it in the document, and can be undone; after a minute it is forgotten', async ({ page, site }) => {
  test.setTimeout(300_000);
  const files = patient();
  await open(page, site.url);
  await looked(page, files.scan);
  // Views that are out of sight have drawn a patch of it, too.
  await page.locator('#learn-nav a').filter({ hasText: /threshold/i }).first().click();
  await page.locator('#least').fill('0.9');
  const found = await page.locator('#findings-title').textContent();
  await page.locator('#slice-range').fill('5');

  // What was cleared before can still be brought back afterwards.
  await page.setInputFiles('#input-files', [patches()[0] ?? '']);
  await settled(page, 1);
  await page.locator('#clear').click();
  await page.locator('#scan-close').click();
  await expect(page.locator('#notices button', { hasText: 'Undo' })).toHaveCount(2);
  await expect(page.locator('#scan')).toBeHidden();
  await frames(page, 10);
  const after = await written(page);
  expect(telling(after.texts)).toEqual([]);
  // Scales of colours are of no patient.
  expect(after.painted.filter((name) => !/^(why-scale|colour-bar)$/.test(name))).toEqual([]);
  await expect(page.locator('#choose-files')).toBeFocused();

  // Brought back as it was, with what was found.
  await page.locator('#notices button', { hasText: 'Undo' }).last().click();
  await opened(page, 8);
  await expect(page.locator('#scan')).toBeFocused();
  await expect(page.locator('#header-rows')).toContainText(NUMBER);
  await expect(page.locator('#slice-range')).toHaveValue('5');
  expect(await page.locator('#finding-rows tr').count()).toBeGreaterThan(0);
  expect(found).toContain('in the volume');
  await page.locator('#finding-rows tr').first().click();
  await expect(page.locator('#spot-body')).toContainText('%');

  // Forgetting kills the way back, too.
  await page.locator('#scan-close').click();
  await expect(page.locator('#notices')).toContainText('Undo');
  await expect.poll(() => workersNamed(page, 'nodulens-loader')).toBe(1);
  await page.locator('#forget').click();
  await expect(page.locator('#notices')).toBeEmpty();
  await expect.poll(() => workersNamed(page, 'nodulens-loader')).toBe(0);
  expect(await remembered(page, 'undo')).toEqual([]);
});

test('a minute after “Close the scan” nothing of it is in memory, and no worker that had it runs', async ({ page, site }) => {
  const files = patient();
  await page.clock.install();
  await page.goto(site.url);
  await expect(page.locator('#lead')).not.toBeEmpty();
  await page.setInputFiles('#input-files', files.scan);
  await opened(page, 8);
  await page.locator('#slice').click({ position: { x: 200, y: 200 } });
  await expect(page.locator('#spot-body')).toContainText('%');
  await page.locator('#scan-close').click();
  await expect(page.locator('#notices')).toContainText('Undo');
  const workers = new Set(page.workers());
  await page.clock.fastForward(61_000);
  await expect(page.locator('#notices')).toBeEmpty();
  await expect.poll(() => page.workers().filter((worker) => workers.has(worker)).length, { timeout: 60_000 }).toBe(0);
  expect(await remembered(page, 'minute')).toEqual([]);
});

test('a folder that is still being read when everything is forgotten does not come back', async ({ page, site }) => {
  await open(page, site.url);
  await page.evaluate(() => {
    const file = { isDirectory: false, isFile: true, fullPath: '/late/patch.png', file: (take: (file: File) => void) => take(new File(['x'], 'patch.png')) };
    let give: (entries: object[]) => void = () => undefined;
    let asked = 0;
    const reader = { readEntries: (take: (entries: object[]) => void) => ((asked += 1) === 1 ? void (give = take) : take([])) };
    const folder = { isDirectory: true, name: 'late', fullPath: '/late', createReader: () => reader };
    const event = new DragEvent('drop', { bubbles: true, cancelable: true });
    Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], items: [{ kind: 'file', webkitGetAsEntry: () => folder }] } });
    document.body.dispatchEvent(event);
    Object.assign(window, { give: () => give([file]) });
  });
  await page.locator('#forget').click();
  await expect(page.locator('#forget-note')).toContainText('Forgotten');
  await page.evaluate(() => (window as unknown as { give(): void }).give());
  await frames(page, 20);
  await expect(page.locator('#results')).toBeHidden();
});
