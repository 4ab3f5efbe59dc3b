// Makes the pictures of the page in README.md: dist/ in headless Chromium with the example scan searched, light and dark.
//   node scripts/screenshots.mjs [--check] [--dir DIR] [--out DIR]      (default dist, docs/images)
// With --check nothing is saved. Either way it fails where a step or an element of the page is gone.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from './chromium.mjs';
import { serve } from './serve.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    dir: { type: 'string', default: path.join(root, 'dist') },
    out: { type: 'string', default: path.join(root, 'docs', 'images') },
  },
});

const WIDTH = 1280;
/** Counted from one: three nodules of the example scan meet this slice. */
const SLICE = 22;
const MOST_BYTES = 400_000;
/** What the picture must hold, so that nobody takes it away unseen. */
const SEEN = ['#scan-title', '#scan-remarks :text("Synthetic")', '#slice', '#along-z', '#scan-volume', '#show-heat:checked', '#findings-title', '#findings-csv', '#spot-picture', '#spot-body .big-number'];

/** Opens the example scan, searches the slice and chooses its most probable finding. */
async function showFindings(page, url) {
  const says = (selector, text) => page.locator(selector).filter({ hasText: text }).waitFor();
  await page.goto(url);
  await says('#lead', /\S/);
  await page.click('#try-scan');
  await page.waitForSelector('#scan');
  await page.fill('#slice-range', String(SLICE - 1));
  await says('#scan-estimate', /\d/);
  await page.click('#scan-slice');
  await says('#scanning-text', `in slice ${SLICE},`);
  await page.click('#finding-rows tr:first-child button');
  for (const selector of SEEN) await page.waitForSelector(selector);
  await page.mouse.move(0, 0);
  // What is still to be drawn is on the screen two frames later.
  await page.evaluate(() => new Promise((resolve) => {
    document.activeElement.blur();
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  }));
}

/** The scan's part of the page, down to the buttons that export. */
async function takePicture(page) {
  const clip = await page.evaluate((width) => {
    const top = document.querySelector('#scan-title').getBoundingClientRect().top + scrollY;
    const bottom = Math.max(...['#slice-range', '#finding-exports'].map((selector) => document.querySelector(selector).getBoundingClientRect().bottom + scrollY));
    return { x: 0, y: Math.round(top) - 24, width, height: Math.round(bottom - top) + 52 };
  }, WIDTH);
  return page.screenshot({ fullPage: true, clip });
}

/** The same with 64 levels a colour, and so a third smaller: most of a picture's bytes are the noise of its slice. */
async function compress(browser, png) {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 1000 } });
  await page.setContent('<style>body { margin: 0 } canvas { display: block }</style><canvas></canvas>');
  await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const canvas = Object.assign(document.querySelector('canvas'), { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    pixels.data.forEach((value, at) => { pixels.data[at] = Math.round((Math.round((value * 63) / 255) * 255) / 63); });
    context.putImageData(pixels, 0, 0);
  }, png.toString('base64'));
  const smaller = await page.locator('canvas').screenshot();
  await page.close();
  return smaller;
}

if (!(await stat(path.join(values.dir, 'index.html')).catch(() => undefined))) {
  console.error(`screenshots: ${values.dir} holds no page; run "npm run build" first`);
  process.exit(1);
}
const { server, url } = await serve({ dir: values.dir, port: 0 });
const browser = await launch();
try {
  for (const colorScheme of values.check ? ['light'] : ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: 1000 }, colorScheme, reducedMotion: 'reduce', serviceWorkers: 'block' });
    page.setDefaultTimeout(60_000);
    await showFindings(page, url);
    const picture = await compress(browser, await takePicture(page));
    await page.close();
    if (picture.length > MOST_BYTES) throw new Error(`the ${colorScheme} picture has ${picture.length} bytes; ${MOST_BYTES} are the most`);
    if (values.check) continue;
    await mkdir(values.out, { recursive: true });
    const file = path.join(values.out, `page-${colorScheme}.png`);
    await writeFile(file, picture);
    console.log(`${path.relative(process.cwd(), file)}: ${Math.round(picture.length / 1000)} kB`);
  }
} finally {
  await browser.close();
  server.close();
}
