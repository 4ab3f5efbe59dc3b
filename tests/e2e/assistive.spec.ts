/** What axe does not see: where the focus is and goes, what is heard and how often, and whether it is to be seen. */
import type { Page } from '@playwright/test';
import { choose, expect, frames, open, opened, settled, test, volumeScanned } from './helpers.ts';
import { format, many, patches, scanFile } from './fixtures.ts';

/** From now on each change of a live region that has words is noted. */
const listen = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const heard: string[] = [];
    const regions = [...document.querySelectorAll('[role=status], [role=alert], [aria-live]:not([aria-live=off])')];
    for (const region of regions) {
      new MutationObserver(() => heard.push(`${region.id || region.className}: ${region.textContent}`)).observe(region, { childList: true, characterData: true, subtree: true });
    }
    Object.assign(window, { heard });
  });
const heard = (page: Page): Promise<string[]> => page.evaluate(() => (window as unknown as { heard: string[] }).heard.filter((line) => !/: $/.test(line)));

test('opening and searching a scan are heard now and then, not with every slice; what came of it is heard', async ({ page, site }) => {
  await open(page, site.url);
  await listen(page);
  await page.locator('#try-scan').click();
  await opened(page, 48);
  const opening = await heard(page);
  expect(opening.length, opening.join('\n')).toBeLessThan(4);
  await page.locator('#lungs-only').uncheck();
  const began = Date.now();
  await volumeScanned(page);
  const seconds = (Date.now() - began) / 1000;
  const lines = (await heard(page)).slice(opening.length);
  // At the start, every ten seconds, and at the end.
  expect(lines.length, lines.join('\n')).toBeLessThan(4 + seconds / 10);
  expect(lines.at(-1)).toMatch(/findings? in the volume/);
});

test('what follows a slider is heard when it rests', async ({ page, site }) => {
  await open(page, `${site.url}#see=tour&step=2`);
  const slider = page.locator('#learn-body > :not([hidden]) input[type=range]:visible').first();
  await expect(slider).toBeVisible({ timeout: 60_000 });
  await frames(page, 30);
  await page.waitForFunction(() => document.querySelector('#rested-status')?.textContent !== '');
  await listen(page);
  await slider.focus();
  for (let i = 0; i < 25; i += 1) await page.keyboard.press(i % 2 ? 'Home' : 'End');
  await frames(page, 10);
  const during = (await heard(page)).length;
  expect(during).toBeLessThan(3);
  await expect.poll(() => heard(page).then((lines) => lines.length)).toBeGreaterThan(during);
});

test('the slice viewer passes keys on to the page and says the slice, the place and its HU', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, [scanFile]);
  await opened(page, 24);
  const slice = page.locator('#slice');
  await expect(slice).toHaveRole('application');
  await expect(slice).toHaveAttribute('aria-roledescription', 'slice viewer');
  await slice.focus();
  await page.keyboard.press('PageUp');
  await expect(page.locator('#rested-status')).toHaveText(/^axial slice 13 of 24$/);
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('#rested-status')).toHaveText(/^axial slice 13 of 24; −?\d+ HU {2}· {2}L −?[\d.]+, P −?[\d.]+, H −?[\d.]+ mm$/);
  await expect(page.locator('#slice-range')).toHaveAttribute('aria-valuetext', 'Slice 13 / 24');
  // The other pictures that are walked about in with keys.
  await page.evaluate(() => void (location.hash = 'see=inside'));
  await expect(page.locator('#learn-body > :not([hidden]) canvas[tabindex="0"]').first()).toBeVisible({ timeout: 60_000 });
  for (const canvas of await page.locator('canvas[tabindex="0"]').all()) {
    await expect(canvas).toHaveRole('application');
    await expect(canvas).toHaveAttribute('aria-roledescription', /\w/);
  }
});

/** Presses a button with the keyboard and says where the focus is once the page is drawn again. */
async function pressed(page: Page, button: string): Promise<string> {
  await page.locator(button).focus();
  await page.keyboard.press('Enter');
  await frames(page, 10);
  return page.evaluate(() => document.activeElement?.id || document.activeElement?.className || document.activeElement?.localName || 'nothing');
}

test('a button that goes away leaves the focus in a sensible place, never on the body', async ({ page, site }) => {
  test.setTimeout(300_000);
  await open(page, site.url);
  // The size policy: the row is refused, and cropped again.
  await choose(page, [format('large-512.png')]);
  await settled(page, 1);
  expect(await pressed(page, '#crop-again')).toBe('results');
  await settled(page, 1);
  expect(await pressed(page, '#clear')).toBe('choose-files');
  expect(await pressed(page, '#notices button')).toBe('csv');
  // A notice that is dismissed: the next one, then the top of the page.
  await page.evaluate(() => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer(), bubbles: true, cancelable: true })));
  await expect(page.locator('#notices button')).toHaveCount(1);
  expect(await pressed(page, '#notices button')).toBe('intake');
  // Cancelled, and gone on.
  await choose(page, many().slice(0, 1500));
  await expect(page.locator('#run')).toBeVisible();
  expect(await pressed(page, '#cancel')).toBe('csv');
  await expect(page.locator('#resume')).toBeVisible();
  expect(await pressed(page, '#resume')).toBe('results');
  await page.locator('#cancel').click();
  await expect(page.locator('#resume')).toBeVisible();
  // At the last page.
  while (await page.locator('#page-next').isEnabled()) expect(await pressed(page, '#page-next')).toMatch(/^page-(next|previous)$/);
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('page-previous');
  await page.locator('#clear').click();

  await page.locator('#try-scan').click();
  await opened(page, 48);
  await page.locator('#lungs-only').uncheck();
  expect(await pressed(page, '#scan-volume')).toBe('scanning-cancel');
  await page.keyboard.press('Enter');
  await expect(page.locator('#scanning-text')).toContainText('Stopped', { timeout: 60_000 });
  await frames(page, 10);
  await expect(page.locator('#scan-volume')).toBeFocused();
  await volumeScanned(page);
  // Another search takes away the list in which the focus is.
  await page.locator('#finding-rows button').first().focus();
  await page.locator('#scan-slice').evaluate((button: HTMLButtonElement) => button.click());
  await expect(page.locator('#scanning-text')).toContainText('in slice', { timeout: 60_000 });
  await frames(page, 10);
  expect(await page.evaluate(() => document.activeElement?.localName)).not.toBe('body');
  expect(await pressed(page, '#scan-close')).toBe('choose-files');
  expect(await pressed(page, '#notices > :last-child button')).toBe('scan');
  expect(await pressed(page, '#forget')).toBe('forget');
  await choose(page, patches().slice(0, 1));
  await settled(page, 1);
  expect(await pressed(page, '#seal')).toMatch(/^(seal|privacy)$/);
  await expect(page.locator('#seal')).toHaveText('This page is sealed', { timeout: 60_000 });
  expect(await page.evaluate(() => document.activeElement?.localName)).not.toBe('body');

  await page.evaluate(() => void (location.hash = 'see=train'));
  const begin = page.getByRole('button', { name: 'Start training' });
  await begin.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Pause' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Resume' })).toBeFocused();
});

for (const colours of ['light', 'dark', 'forced'] as const) {
  test(`the focus is to be seen on everything that takes it, ${colours} colours`, async ({ page, site }) => {
    await page.emulateMedia(colours === 'forced' ? { forcedColors: 'active' } : { colorScheme: colours });
    await open(page, site.url);
    await choose(page, [scanFile]);
    await opened(page, 24);
    await choose(page, patches().slice(0, 2));
    await settled(page, 2);
    await page.evaluate(() => void (location.hash = 'see=inside'));
    await expect(page.locator('#learn-body > :not([hidden]) canvas[tabindex="0"]').first()).toBeVisible({ timeout: 60_000 });
    await page.locator('.skip').first().focus();
    const unseen: string[] = [];
    const seen = new Set<string>();
    for (let i = 0; i < 260; i += 1) {
      await page.keyboard.press('Tab');
      const found = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        if (element === document.body) return undefined;
        const ring = (of: Element | null | undefined): boolean => {
          if (!of) return false;
          const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(of);
          return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !/^rgba\(.*, 0\)$|transparent/.test(outlineColor);
        };
        // What is laid over a label invisibly shows its focus on what is seen of it.
        const shown = Number(getComputedStyle(element).opacity) > 0 ? ring(element) : ring(element.nextElementSibling);
        const box = element.getBoundingClientRect();
        // Cut off by what scrolls or clips around it, a ring is not seen.
        let clipped = false;
        const { outlineOffset } = getComputedStyle(element);
        for (let around = element.parentElement; around && around !== document.body; around = around.parentElement) {
          const { overflowX, overflowY } = getComputedStyle(around);
          if (overflowX === 'visible' && overflowY === 'visible') continue;
          const outer = around.getBoundingClientRect();
          if (parseFloat(outlineOffset) >= 0 && box.width >= outer.width && box.height >= outer.height) clipped = true;
        }
        const name = element.id || `${element.localName}.${element.className} ${element.textContent.slice(0, 30)}`;
        return { name, seen: (shown || ring(element.closest('.choice'))) && !clipped };
      });
      if (!found) break;
      seen.add(found.name);
      if (!found.seen) unseen.push(found.name);
    }
    expect(unseen).toEqual([]);
    expect(seen.size).toBeGreaterThan(40);
    expect([...seen]).toEqual(expect.arrayContaining(['slice', 'slice-range', 'seal']));
    // A section that a link leads to, or that opens, shows that it has the focus.
    await page.keyboard.press('Tab');
    await page.locator('#scan').focus();
    expect(await page.locator('#scan').evaluate((section) => getComputedStyle(section).outlineStyle)).not.toBe('none');
  });
}
