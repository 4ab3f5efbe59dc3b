// Much work, over and over, in one page: does its memory come back? Each round classifies patches and opens, searches and
// closes a series; then the list is cleared. Memory is what the browser's processes hold (PSS, /proc), after collecting garbage.
//   node scripts/soak.mjs [--rounds 5] [--patches 5000] [--slices 600] [--json FILE]
// Fails where a round leaves more than a tenth above what the first left.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { browserName, launch } from './chromium.mjs';
import { serve } from './serve.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const work = path.join(root, 'target', 'soak');
const trainer = process.env.TRAINER ?? path.join(root, 'target', 'release', 'nodulens');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    patches: { type: 'string', default: '5000' },
    slices: { type: 'string', default: '600' },
    json: { type: 'string' },
  },
});
const [rounds, patches, slices] = [values.rounds, values.patches, values.slices].map(Number);
const ALLOWED = 1.1;

async function materials() {
  await rm(work, { recursive: true, force: true });
  await mkdir(path.join(work, 'many'), { recursive: true });
  const run = (...args) => execFileSync(trainer, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  run('phantom', '--count', '40', '--seed', '11', '--out', path.join(work, 'patches'));
  run('phantom', '--scan', '--format', 'dicom', '--slices', String(slices), '--seed', '5', '--out', path.join(work, 'scan'));
  const crops = path.join(work, 'patches', 'crops50');
  const few = (await readdir(crops)).filter((name) => name.endsWith('.png'));
  const many = Array.from({ length: patches }, (_, i) => path.join(work, 'many', `patch-${i}.png`));
  await Promise.all(many.map((file, i) => copyFile(path.join(crops, few[i % few.length]), file)));
  const entries = await readdir(path.join(work, 'scan'), { recursive: true, withFileTypes: true });
  return { many, series: entries.filter((entry) => entry.isFile() && entry.name.endsWith('.dcm')).map((entry) => path.join(entry.parentPath, entry.name)) };
}

/** Proportional set size of the processes below this one, which are Chromium's: of the page's own (the renderer) and of all, MB. */
async function held() {
  const parents = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent) parents.set(pid, parent);
  }
  const below = (pid) => pid === String(process.pid) || (parents.has(pid) && below(parents.get(pid)));
  const kilobytes = { page: 0, all: 0 };
  for (const pid of parents.keys()) {
    if (pid === String(process.pid) || !below(pid)) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const own = Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    kilobytes.all += own;
    if (command.includes('--type=renderer')) kilobytes.page += own;
  }
  return { page: Math.round(kilobytes.page / 1000), all: Math.round(kilobytes.all / 1000) };
}

const { many, series } = await materials();
const { server, url } = await serve({ dir: path.join(root, 'dist'), port: 0 });
const browser = await launch(['--enable-precise-memory-info', '--js-flags=--expose-gc']);
try {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const settle = async () => {
    // What was let go of is collected in turns; the browser's own processes take theirs.
    for (let i = 0; i < 4; i += 1) {
      await session.send('HeapProfiler.collectGarbage');
      // Workers have heaps of their own, with slices that were sent to them.
      await Promise.all(page.workers().map((worker) => worker.evaluate(() => globalThis.gc?.()).catch(() => undefined)));
      await page.waitForTimeout(1500);
    }
    return held();
  };
  const classify = async (files) => {
    await page.setInputFiles('#input-files', files);
    await page.waitForFunction((n) => document.querySelector('#count-all').textContent.replaceAll(',', '') === String(n) && document.querySelector('#run').hidden, files.length, { timeout: 600_000 });
    const done = await page.locator('#count-problem').textContent();
    if (done !== '0') throw new Error(`${done} patches were not classified`);
    await page.locator('#clear').click();
  };
  const search = async () => {
    await page.setInputFiles('#input-files', series);
    // The scan of the round before has left its texts; this one's begin with the search.
    await page.waitForFunction((last) => !document.querySelector('#scan').hidden && document.querySelector('#slice-range').max === last, String(slices - 1), { timeout: 600_000 });
    await page.locator('#scan-volume').click();
    const says = (text) => page.waitForFunction((wanted) => document.querySelector('#scanning-text').textContent.includes(wanted), text, { timeout: 600_000 });
    await says('Searching the volume');
    await says('in the volume');
    const findings = await page.locator('#finding-rows tr').count();
    await page.locator('#scan-close').click();
    await page.waitForFunction(() => document.querySelector('#scan').hidden);
    return findings;
  };
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector('#lead').textContent, null, { timeout: 120_000 });
  const samples = [];
  const note = async (what) => {
    const megabytes = await settle();
    samples.push({ what, megabytes });
    console.log(`${what.padEnd(34)} ${String(megabytes.page).padStart(6)} MB in the page's processes, ${megabytes.all} in all`);
  };
  await note('page ready');
  let findings;
  for (let round = 1; round <= rounds; round += 1) {
    const began = Date.now();
    await classify(many);
    const found = await search();
    if (found !== (findings ??= found)) throw new Error(`${found} findings, ${findings} before`);
    await note(`after round ${round} (${((Date.now() - began) / 1000).toFixed(0)} s)`);
  }
  const [, first, ...later] = samples;
  const highest = Math.max(...later.map(({ megabytes }) => megabytes.all));
  const ratio = highest / first.megabytes.all;
  console.log(`highest after a later round against the first: ${ratio.toFixed(3)} (allowed ${ALLOWED})`);
  if (values.json) {
    await writeFile(values.json, `${JSON.stringify({ browser: await browserName(), rounds, patches, slices, findings, samples, ratio }, null, 2)}\n`);
  }
  if (ratio > ALLOWED) process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}
