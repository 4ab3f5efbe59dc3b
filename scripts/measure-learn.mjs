// Measures the section "See why, and learn" on the built page in headless Chromium: live updates, frames, training.
//   node scripts/measure-learn.mjs [out.json]      (default docs/measurements-learn.json)
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserName, launch } from './chromium.mjs';
import { serve } from './serve.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const outFile = path.resolve(process.argv[2] ?? path.join(root, 'docs', 'measurements-learn.json'));

const quantile = (samples, share) => [...samples].sort((a, b) => a - b)[Math.min(samples.length - 1, Math.floor(samples.length * share))];
const spread = (samples) => ({ n: samples.length, median: quantile(samples, 0.5), p95: quantile(samples, 0.95), max: Math.max(...samples) });

const { server, url } = await serve({ dir: path.join(root, 'dist'), port: 0 });
const browser = await launch();

/** Frames while `act` goes on: milliseconds from one to the next. */
async function frames(page, act) {
  await page.evaluate(() => {
    const seen = (window.frames_ = []);
    let before = performance.now();
    window.framing_ = true;
    const tick = (now) => {
      seen.push(now - before);
      before = now;
      if (window.framing_) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await act();
  const seen = await page.evaluate(() => ((window.framing_ = false), window.frames_));
  return spread(seen.slice(2));
}

/** Moves the pointer about within an element, `steps` times a step a frame. */
async function stroke(page, selector, { press, steps = 180 }) {
  const element = page.locator(selector).first();
  await element.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await element.boundingBox();
  const at = (i) => [x + width * (0.5 + 0.3 * Math.sin(i / 11)), y + height * (0.5 + 0.3 * Math.cos(i / 17))];
  await page.mouse.move(...at(0));
  if (press) await page.mouse.down();
  for (let i = 1; i <= steps; i += 1) {
    await page.mouse.move(...at(i));
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  if (press) await page.mouse.up();
}

async function viewed(page, model, hash, ready) {
  await page.goto(`${url}?model=${model}${hash}`);
  await page.waitForFunction(ready, undefined, { timeout: 120_000 });
  await page.waitForTimeout(1000);
}

const measured = { when: new Date().toISOString(), browser: await browserName(), machine: `${os.cpus()[0]?.model}, ${os.cpus().length} cores`, networks: {} };
for (const model of ['compact', 'paper']) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  const began = Date.now();
  await viewed(page, model, '#see=why', () => document.querySelectorAll('.why-card canvas[width="50"]').length === 4 && !document.querySelector('.why-card[aria-busy]'));
  const maps = Date.now() - began - 1000;
  await page.evaluate(() => {
    const took = (window.took_ = []);
    new MutationObserver(([change]) => took.push(Number.parseFloat(change.target.textContent))).observe(document.querySelector('.firm-took'), { childList: true, characterData: true, subtree: true });
  });
  const dragging = await frames(page, () => stroke(page, '.firm-stage', { press: true }));
  const updates = spread((await page.evaluate(() => window.took_)).filter(Number.isFinite));
  await viewed(page, model, '#see=inside&layer=conv2', () => document.querySelector('.inside canvas'));
  const hovering = await frames(page, () => stroke(page, '.inside .maps canvas', { press: false }));
  await viewed(page, model, '#see=threshold', () => document.querySelector('.learn-view:not([hidden]) .matrix'));
  const sliding = await frames(page, () => stroke(page, '.learn-view:not([hidden]) input[type=range]', { press: true }));
  measured.networks[model] = { pageToFourMaps: maps, update: updates, frameDragging: dragging, frameHovering: hovering, frameThreshold: sliding };
  await page.context().close();
}

const page = await (await browser.newContext()).newPage();
await viewed(page, 'compact', '#see=train', () => !document.querySelector('.train .primary')?.disabled);
await page.getByRole('button', { name: 'Start training' }).click();
await page.waitForFunction(() => document.querySelector('.train-result').textContent, undefined, { timeout: 180_000 });
measured.training = { said: await page.locator('.train-result').textContent(), speed: await page.locator('.train-line').textContent() };
await browser.close();
server.close();

writeFileSync(outFile, `${JSON.stringify(measured, null, 2)}\n`);
console.log(JSON.stringify(measured, null, 1));
