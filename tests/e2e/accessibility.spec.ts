/** The rules of WCAG 2.2 AA as axe-core checks them, in every state of the page, both themes and narrow; and the keyboard alone. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { choose, expect, open, opened, settled, test } from './helpers.ts';
import { format, patches, root, scanFile } from './fixtures.ts';

const AXE = readFileSync(path.join(root, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

interface Violation {
  id: string;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** Nothing is excepted. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(context: Document, options: object): Promise<{ violations: Violation[]; passes: unknown[] }> } };
    const { violations: all, passes } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return { all, passes: passes.length };
  });
  expect(found.passes, 'rules that applied').toBeGreaterThan(15);
  return found.all.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ target, failureSummary }) => `  ${target.join(' ')}: ${failureSummary.replaceAll('\n', ' ')}`).join('\n')}`);
}

/** A view of the section "See why, and learn", by its address, all of it unfolded. */
async function viewed(page: Page, hash: string, ready: string): Promise<void> {
  await page.evaluate((address) => (location.hash = address), hash);
  await expect(page.locator(ready).first()).toBeVisible();
  await page.evaluate(() => document.querySelectorAll('#learn details').forEach((details) => ((details as HTMLDetailsElement).open = true)));
}

const STATES: Record<string, (page: Page) => Promise<void>> = {
  'at the start, all of it unfolded': async (page) => {
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  },
  'with results': async (page) => {
    await choose(page, [...patches().slice(0, 6), format('text.png')]);
    await settled(page, 7);
  },
  'with a scan that was searched': async (page) => {
    await choose(page, [scanFile]);
    await opened(page, 24);
    await page.locator('#scan-slice').click();
    await expect(page.locator('#scanning-text')).toContainText('in slice', { timeout: 60_000 });
    await page.evaluate(() => document.querySelectorAll('#scan details').forEach((details) => ((details as HTMLDetailsElement).open = true)));
  },
  'inside the network': (page) => viewed(page, 'see=inside&layer=conv2&channel=3&with=plain', '.inside .sum-lines'),
  'inside the network, a dense layer': (page) => viewed(page, 'see=inside&layer=fc&view=histogram', '.inside .histogram svg'),
  'the tour at the convolution': (page) => viewed(page, 'see=tour&step=3', '.tour-convolution .sum-lines'),
  'the tour at dropout': (page) => viewed(page, 'see=tour&step=6', '.tour-dropout .plot-series'),
  'why this answer': async (page) => {
    await viewed(page, 'see=why', '.meaning .plot-series');
    await expect(page.locator('.why-card canvas[width="50"]')).toHaveCount(4, { timeout: 60_000 });
  },
  'with a network trained': async (page) => {
    await viewed(page, 'see=train', '.train-choices');
    await page.getByLabel('How many').fill('40');
    await page.getByLabel('Epochs').fill('2');
    await page.getByRole('button', { name: 'Start training' }).click();
    await expect(page.locator('.train-result')).toContainText('Done in', { timeout: 60_000 });
  },
  'with thresholds and their curves': async (page) => {
    await page.evaluate(() => (location.hash = '#see=threshold&t=0.6'));
    await expect(page.locator('.learn-view:not([hidden]) .matrix')).toBeVisible({ timeout: 60_000 });
    await page.evaluate(() => document.querySelectorAll<HTMLDetailsElement>('.plot details').forEach((details) => (details.open = true)));
  },
  'with a labelled set that was measured': async (page) => {
    await page.evaluate(() => (location.hash = '#see=own-set'));
    const files = patches().slice(0, 4).map((file) => ({ name: path.basename(file), mimeType: 'image/png', buffer: readFileSync(file) }));
    const labels = files.map(({ name }, i) => `${name},${(i + 1) % 2},patient ${i >> 1}`).join('\n');
    await page.locator('.set-intake input:not([webkitdirectory])').setInputFiles([...files, { name: 'labels.csv', mimeType: '', buffer: Buffer.from(`${labels}\nnowhere.png,1,x\n`) }]);
    await expect(page.locator('.set-figures > .quiet')).toContainText('drawing', { timeout: 60_000 });
    await page.locator('.learn-view:not([hidden]) .matrix-tp button').click();
    await page.locator('.gallery-open').first().click();
    await page.evaluate(() => document.querySelectorAll<HTMLDetailsElement>('.learn-view details').forEach((details) => (details.open = true)));
    // Rows that have left the window count as covered by its edge.
    await page.evaluate(() => scrollTo(0, 0));
  },
  'with weights that were refused': async (page) => {
    await page.setInputFiles('#input-weights', { name: 'letter.safetensors', mimeType: '', buffer: Buffer.from('not a network') });
    await expect(page.locator('#weights-problem')).toBeVisible({ timeout: 60_000 });
  },
  'after the self-test': async (page) => {
    await page.locator('#self-test').click();
    await expect(page.locator('#self-test-result')).toContainText('refused', { timeout: 60_000 });
  },
};

for (const [name, reach] of Object.entries(STATES)) {
  test(`${name}: nothing that axe objects to`, async ({ page, site, watch }) => {
    watch.expectErrors(/violates|Refused|TrustedScriptURL|TrustedHTML|Failed to/i);
    watch.expectRefused();
    await open(page, site.url);
    await reach(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 390]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        expect(await violations(page), `${colorScheme}, ${width} px wide`).toEqual([]);
      }
    }
  });
}

test('a scan with the keyboard alone: opened, scrolled, classified, searched, a finding shown, exported', async ({ page, site }) => {
  await open(page, site.url);
  const reach = async (id: string): Promise<void> => {
    for (let presses = 0; presses < 80; presses += 1) {
      if (await page.evaluate((wanted) => document.activeElement?.id === wanted, id)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`#${id} cannot be reached with the Tab key`);
  };
  await reach('try-scan');
  await page.keyboard.press('Enter');
  await expect(page.locator('#scan')).toBeVisible({ timeout: 120_000 });
  await reach('slice');
  const label = () => page.locator('#slice').getAttribute('aria-label');
  const before = await label();
  await page.keyboard.press('PageDown');
  await expect.poll(label).not.toBe(before);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.locator('#spot-body')).toContainText('%');
  await reach('scan-slice');
  await page.keyboard.press('Enter');
  await expect(page.locator('#scanning-text')).toContainText('in slice', { timeout: 60_000 });
  await expect(page.locator('#findings table')).toHaveAccessibleName(/finding/);
  await reach('findings-csv');
  const download = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  expect((await download).suggestedFilename()).toBe('nodulens-findings.csv');
});

test('someone who asked for less motion gets none', async ({ page, site }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, site.url);
  await choose(page, patches().slice(0, 6));
  await settled(page, 6);
  const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((element) => {
    const { animationName, animationDuration, transitionDuration, scrollBehavior } = getComputedStyle(element);
    const long = (durations: string): boolean => durations.split(',').some((each) => parseFloat(each) > 0.01);
    return (animationName !== 'none' && long(animationDuration)) || long(transitionDuration) || scrollBehavior === 'smooth';
  }).map((element) => element.id || element.className.toString() || element.localName));
  expect(moving).toEqual([]);
});
