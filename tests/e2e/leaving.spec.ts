/** Work that is nowhere else is not lost unasked; what cannot be read is named; text that is pasted into a field goes there. */
import type { Page } from '@playwright/test';
import { choose, expect, frames, open, opened, settled, test } from './helpers.ts';
import { patches, scanFile } from './fixtures.ts';

/** Whether reloading asks; the answer is to stay. */
async function asks(page: Page): Promise<boolean> {
  let asked = false;
  const hear = (dialog: { type(): string; dismiss(): Promise<void> }): void => {
    asked = dialog.type() === 'beforeunload';
    void dialog.dismiss();
  };
  page.on('dialog', hear);
  // Browsers ask only for pages that somebody has touched.
  await page.locator('.brand').click();
  const session = await page.context().newCDPSession(page);
  await page.evaluate(() => Object.assign(window, { here: true }));
  const loaded = page.waitForEvent('domcontentloaded', { timeout: 30_000 }).then(() => 'loaded', () => 'stayed');
  await session.send('Page.reload');
  await Promise.race([loaded, expect.poll(() => asked, { timeout: 29_000 }).toBe(true)]).catch(() => undefined);
  page.off('dialog', hear);
  if (!asked) await expect(page.locator('#lead')).not.toBeEmpty();
  // Whoever stays has everything.
  expect(await page.evaluate(() => 'here' in window)).toBe(asked);
  await session.detach();
  return asked;
}

test('reloading asks while there are results, a search or a training, and only then', async ({ page, site }) => {
  await open(page, site.url);
  expect(await asks(page), 'nothing is open').toBe(false);
  await choose(page, [scanFile]);
  await opened(page, 24);
  expect(await asks(page), 'a scan in which nothing was searched').toBe(false);

  await page.locator('#try-scan').click();
  await opened(page, 48);
  await page.locator('#lungs-only').uncheck();
  await page.locator('#scan-volume').click();
  await expect(page.locator('#scanning-text')).toContainText('Searching the volume');
  expect(await asks(page), 'a search that runs').toBe(true);
  await page.locator('#scanning-cancel').click();
  await expect(page.locator('#scanning-text')).toContainText('Stopped', { timeout: 60_000 });
  expect(await asks(page), 'what was found').toBe(true);
  await page.locator('#forget').click();
  await expect(page.locator('#forget-note')).toContainText('Forgotten');

  await choose(page, patches().slice(0, 1));
  await settled(page, 1);
  expect(await asks(page), 'results').toBe(true);
  await page.locator('#clear').click();

  await page.evaluate(() => void (location.hash = 'see=train'));
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(page.locator('.train-line')).toContainText('poch', { timeout: 60_000 });
  expect(await asks(page), 'a training').toBe(true);
  await page.locator('#forget').click();
  expect(await asks(page), 'everything was forgotten').toBe(false);
});

test('a folder that cannot be listed to its end, and a file that is locked, are named; the rest is opened', async ({ page, site }) => {
  await open(page, site.url);
  await page.evaluate(() => {
    const failing = (): never => {
      throw new DOMException('locked', 'NotReadableError');
    };
    const file = (name: string): object => ({ isDirectory: false, fullPath: `/study/${name}`, file: (take: (file: File) => void) => {
      const made = new File(['x'], name);
      made.slice = () => Object.assign(new Blob(), { arrayBuffer: () => Promise.resolve().then(failing) });
      take(made);
    } });
    const folder = (name: string, parts: (object[] | undefined)[]): object => ({ isDirectory: true, name, fullPath: `/${name}`, createReader: () => ({
      readEntries(take: (entries: object[]) => void, fail: (error: unknown) => void) {
        const next = parts.shift();
        if (next) take(next);
        else fail(new DOMException('gone', 'NotReadableError'));
      },
    }) });
    const event = new DragEvent('drop', { bubbles: true, cancelable: true });
    const drop = folder('study', [[file('IM0001')], undefined]);
    Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], items: [{ kind: 'file', webkitGetAsEntry: () => drop }] } });
    document.body.dispatchEvent(event);
  });
  await expect(page.locator('#notices')).toContainText('Could not be read: study/, study/IM0001. They may be locked');
  await expect(page.locator('#notices')).not.toContainText('passed over');
  await expect(page.locator('#notices')).not.toContainText('No image was found');
});

test('text that is pasted into a field goes there; beside one the page says what it can take; a picture is taken from anywhere', async ({ page, site, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, site.url);
  await page.evaluate(() => void (location.hash = 'see=threshold'));
  const field = page.locator('#learn-body input[type=number]:visible').first();
  await field.fill('0.25');
  await field.press('Control+a');
  await field.press('Control+c');
  await field.fill('');
  await field.press('Control+v');
  await expect(field).toHaveValue('0.25');
  await expect(page.locator('#notices')).toBeEmpty();
  await page.locator('#headline').click();
  await page.keyboard.press('Control+v');
  await expect(page.locator('#notices')).toContainText('The clipboard holds no image');
  await field.evaluate((target) => {
    const data = new DataTransfer();
    data.items.add(new File(['no picture'], 'image.png', { type: 'image/png' }));
    target.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await settled(page, 1);
  // Text that is dropped into a field is the field's, and no file.
  const taken = await field.evaluate((target) => {
    const data = new DataTransfer();
    data.setData('text/plain', '0.5');
    return ['dragover', 'drop'].map((type) => target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true })));
  });
  expect(taken).toEqual([true, true]);
  await frames(page, 3);
});
