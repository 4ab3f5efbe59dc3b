/** A page that is served while parts of it are still being built, as on a fresh clone: it works, says what is to come, and takes it. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { choose, expect, json, open, settled, startSite, test, worstDifference } from './helpers.ts';
import { out, patches, root } from './fixtures.ts';

const built = path.join(root, 'www', 'pkg');
const some = path.join(out, 'pkg-some');
const dist = path.join(out, 'dist-parts');

const bring = (...parts: string[]): void => {
  for (const part of parts) if (existsSync(path.join(built, part))) cpSync(path.join(built, part), path.join(some, part), { recursive: true });
};
const build = (...flags: string[]): void =>
  void execFileSync(process.execPath, ['scripts/build.mjs', `--pkg=${some}`, `--out=${dist}`, ...flags], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });

test('first answers come while the rest is being built; what arrives is taken without loading the page again', async ({ page }) => {
  test.setTimeout(300_000);
  for (const folder of [some, dist]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(some, { recursive: true });
  bring('cpu', 'loader');
  build('--parts-to-come');
  const site = await startSite(dist);
  try {
    await open(page, site.url);
    await choose(page, patches().slice(0, 3));
    await settled(page, 3);
    expect(worstDifference((await json(page)).results)).toBeLessThan(1e-4);

    // What is not there says so, and breaks nothing.
    await page.locator('#learn-nav a', { hasText: 'Inside' }).click();
    await expect(page.locator('#learn-status')).toContainText('is still being built');
    const engine = (value: string) => page.locator(`input[name=engine][value=${value}]`);
    await engine('reference').check({ force: true });
    await expect(page.locator('#engine-note')).toContainText('The reference engine is still being built');
    await expect(engine('automatic')).toBeChecked();
    await expect(page.locator('#engine-facts')).toContainText('Nodulens engine');
    await page.evaluate(() => Object.assign(window, { sameDocument_: true }));

    bring('lab', 'webgpu');
    build();
    await page.locator('#learn-nav a', { hasText: 'Inside' }).click();
    await expect(page.locator('#learn-status')).toBeEmpty();
    await expect(page.locator('.inside')).toContainText('conv', { timeout: 60_000 });
    await engine('reference').check({ force: true });
    await expect(page.locator('#engine-facts')).toContainText('burn-flex', { timeout: 60_000 });
    expect(await page.evaluate(() => 'sameDocument_' in window)).toBe(true);
    await expect(page.locator('#count-all')).toHaveText('3');

    // Loaded again, it is the whole page.
    await page.goto('about:blank');
    await open(page, `${site.url}#see=threshold`);
    await expect(page.locator('.threshold-body[data-threshold]')).toBeVisible({ timeout: 60_000 });
    expect(await page.locator('html').getAttribute('data-parts-coming')).toBe('');
  } finally {
    site.close();
  }
});
