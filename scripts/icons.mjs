// Draws www/icons/*.png from www/icon.svg, in headless Chromium. Run it when the drawing changes; the files are committed.
//   node scripts/icons.mjs
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';

const www = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'www');
const svg = await readFile(path.join(www, 'icon.svg'), 'utf8');
const ground = /<rect[^>]*fill="([^"]+)"/.exec(svg)?.[1];
if (!ground) throw new Error('icon.svg has no ground to fill the mask with');

// A system cuts a maskable icon to its own shape: the ground goes to the edge, the drawing stays in the middle 80 %.
const icons = [['192', 192, 1, 'transparent'], ['512', 512, 1, 'transparent'], ['maskable-512', 512, 0.8, ground]];

await mkdir(path.join(www, 'icons'), { recursive: true });
const browser = await launch();
try {
  for (const [name, size, share, background] of icons) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    const side = Math.round(size * share);
    await page.setContent(`<style>body { margin: 0; height: ${size}px; display: grid; place-items: center; background: ${background} }
      svg { display: block; width: ${side}px; height: ${side}px }</style>${svg}`);
    await page.screenshot({ path: path.join(www, 'icons', `${name}.png`), omitBackground: true });
    await page.close();
  }
} finally {
  await browser.close();
}
