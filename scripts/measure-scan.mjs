// Measures scans on the built page in headless Chromium: opening, scrolling, searching, memory.
//   node scripts/measure-scan.mjs [out.json] [--slices 200] [--rounds 5]      (default docs/measurements-scan.json)
// The scan is the trainer's phantom as a DICOM series of 512 x 512; it is made anew and deleted afterwards.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { serve } from './serve.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { slices: { type: 'string', default: '200' }, rounds: { type: 'string', default: '5' }, 'no-volume': { type: 'boolean', default: false } },
});
const outFile = path.resolve(positionals[0] ?? path.join(root, 'docs', 'measurements-scan.json'));
const [slices, rounds] = [Number(values.slices), Number(values.rounds)];
const trainer = process.env.TRAINER ?? path.join(root, 'target', 'release', 'nodulens');
const folder = mkdtempSync(path.join(os.tmpdir(), 'nodulens-scan-'));

const median = (samples) => [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)];
const spread = (samples) => ({ median: median(samples), min: Math.min(...samples), max: Math.max(...samples), samples });

/** Resident memory of Chromium's renderers under a process, bytes: the page and its workers. */
function renderers(browser) {
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      if (!command.includes('--type=renderer') || !command.includes(browser)) continue;
      const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      sum += Number(kilobytes ?? 0) * 1024;
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}

try {
  console.log(`drawing ${slices} slices ...`);
  execFileSync(trainer, ['phantom', '--scan', '--format', 'dicom', '--slices', String(slices), '--seed', '3', '--out', folder]);
  const { server, url } = await serve({ dir: path.join(root, 'dist'), port: 0 });
  const profile = mkdtempSync(path.join(os.tmpdir(), 'nodulens-profile-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    viewport: { width: 1280, height: 900 },
    // It fetches once for each version, not for each visit.
    serviceWorkers: 'block',
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector('#lead')?.textContent);
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, renderers(profile)); }, 200);

  // Opening: until the first slice is on the canvas. Slices come only when all files have been read and sorted.
  const began = performance.now();
  await page.setInputFiles('#input-folder', folder);
  await page.waitForSelector('#scan:not([hidden])', { timeout: 600_000 });
  await page.waitForFunction(() => document.querySelector('#slice')?.getContext('2d')?.getImageData(200, 300, 1, 1).data[0] > 0, null, { timeout: 60_000 });
  const opened = performance.now() - began;

  // Scrolling: a slice a frame through 120 slices, as a wheel would; how long a frame took.
  const frames = await page.evaluate(async () => {
    const canvas = document.querySelector('#slice');
    const range = document.querySelector('#slice-range');
    const times = [];
    let before;
    for (let i = 0; i < Math.min(120, Number(range.max)); i += 1) {
      range.value = String(i);
      range.dispatchEvent(new Event('input', { bubbles: true }));
      const now = await new Promise(requestAnimationFrame);
      if (before !== undefined) times.push(now - before);
      before = now;
    }
    return { times, width: canvas.width };
  });

  const text = () => page.innerText('#scanning-text');
  const scanSlice = async () => {
    // The line still says what the scan before found.
    await page.evaluate(() => {
      document.querySelector('#scan-slice').click();
      document.querySelector('#scanning-text').textContent = '';
    });
    await page.waitForFunction(() => document.querySelector('#scanning-text').textContent.includes('in slice'), null, { timeout: 120_000 });
  };
  const measure = async (lungsOnly) => {
    await page.setChecked('#lungs-only', lungsOnly);
    const samples = [];
    for (let i = 0; i < rounds; i += 1) {
      const start = performance.now();
      await scanSlice();
      samples.push(performance.now() - start);
    }
    return spread(samples);
  };
  await page.evaluate((index) => {
    const range = document.querySelector('#slice-range');
    range.value = String(index);
    range.dispatchEvent(new Event('input', { bubbles: true }));
  }, Math.floor(slices / 2));
  await scanSlice();
  const whole = await measure(false);
  const lungs = await measure(true);
  let volume;
  if (!values['no-volume']) {
    const start = performance.now();
    await page.click('#scan-volume');
    await page.waitForFunction(() => document.querySelector('#scanning-text').textContent.includes('in the volume'), null, { timeout: 1_200_000 });
    volume = performance.now() - start;
    console.log(await text());
  }
  clearInterval(watch);
  const version = context.browser()?.version() ?? '';
  await context.close();
  server.close();
  rmSync(profile, { recursive: true, force: true });

  const result = {
    date: new Date().toISOString(),
    machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, load: os.loadavg()[0] },
    browser: `Chromium ${version}, headless`,
    slices,
    openMs: opened,
    frameMs: spread(frames.times),
    sliceMs: { whole, lungs },
    volumeMs: volume,
    peakRendererBytes: peak,
  };
  writeFileSync(outFile, `${JSON.stringify(result, null, 2)}\n`);
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
  console.log(`| ${slices} slices of 512 x 512, ${result.browser}, ${result.machine.cores} cores | median | range |
|---|---|---|
| opened, first slice on the screen | ${seconds(opened)} | |
| a frame while scrolling a slice a frame | ${result.frameMs.median.toFixed(1)} ms | ${result.frameMs.min.toFixed(1)} to ${result.frameMs.max.toFixed(1)} ms |
| a slice searched, stride 4, all of it | ${seconds(whole.median)} | ${seconds(whole.min)} to ${seconds(whole.max)} |
| a slice searched, inside the lungs | ${seconds(lungs.median)} | ${seconds(lungs.min)} to ${seconds(lungs.max)} |
| the volume searched | ${volume === undefined ? 'not measured' : seconds(volume)} | |
| memory of the page and its workers, highest | ${(peak / 1e6).toFixed(0)} MB | |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
