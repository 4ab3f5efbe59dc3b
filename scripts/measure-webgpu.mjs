// Measures WebGPU packages in headless Chromium, on SwiftShader where there is no graphics card.
//   node scripts/measure-webgpu.mjs [NAME=FOLDER ...] [--rounds 5] [--batches 1] [--dense 64x16] [--out FILE.json]
// A folder is what wasm-bindgen wrote; www/pkg/webgpu without one. Every package and network gets a browser of its own in
// every round, in turn, so that no shader is warm from before and a busy moment of the machine touches all alike.
// Answers are compared with the CPU package's.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { serve } from './serve.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    // Sizes asked for one after the other: the time of a later one tells what the earlier ones left to compile.
    batches: { type: 'string', default: '1' },
    // Places of one pass over a picture, where the network has such a pass.
    dense: { type: 'string', default: '' },
    networks: { type: 'string', default: 'compact,paper' },
    out: { type: 'string' },
  },
});
const packages = positionals.length > 0 ? positionals.map((text) => text.split('=', 2)) : [['webgpu', path.join(root, 'www', 'pkg', 'webgpu')]];
const networks = values.networks.split(',');
const batches = values.batches.split(',').filter(Boolean).map(Number);
const dense = values.dense.split(',').filter(Boolean);

// Runs in a module worker, as the engine does on the page.
const WORKER = `
const timed = async (task) => {
  const before = performance.now();
  const result = await task();
  return [performance.now() - before, result];
};
// What the module asks of the device: pipelines to compile, dispatches, submissions, buffers read.
const counts = { pipelines: 0, dispatches: 0, submits: 0, reads: 0 };
const count = (type, method, key) => {
  const original = type.prototype[method];
  type.prototype[method] = function (...given) {
    counts[key] += 1;
    return original.apply(this, given);
  };
};
count(GPUDevice, 'createComputePipeline', 'pipelines');
count(GPUDevice, 'createComputePipelineAsync', 'pipelines');
count(GPUComputePassEncoder, 'dispatchWorkgroups', 'dispatches');
count(GPUQueue, 'submit', 'submits');
count(GPUBuffer, 'mapAsync', 'reads');
const counted = async (task) => {
  const before = { ...counts };
  const result = await task();
  return [Object.fromEntries(Object.keys(counts).map((key) => [key, counts[key] - before[key]])), result];
};
self.onmessage = async ({ data: { name, network, batches, dense } }) => {
  const module = async (folder) => {
    const wasm = await import('./' + folder + '/nodulens.js');
    await wasm.default({ module_or_path: fetch('./' + folder + '/nodulens_bg.wasm') });
    return wasm;
  };
  try {
    const weights = new Uint8Array(await (await fetch('./models/' + network + '.nodulens')).arrayBuffer());
    const reference = await (await module('reference')).Classifier.load(weights.slice());
    const [ready, classifier] = await timed(async () => (await module(name)).Classifier.load(weights.slice()));
    // Patches alone: what is not known of their surroundings is not a number.
    const known = reference.knownAnswerInputs().filter((value) => !Number.isNaN(value));
    const patches = (count) => Float32Array.from({ length: 2500 * count }, (_, i) => known[i % known.length]);
    const difference = (a, b) => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), a.length === b.length ? 0 : Infinity);
    const measured = [];
    let worst = 0;
    const run = async (label, ours, theirs) => {
      const [{ pipelines }, [first, answer]] = await counted(() => timed(ours));
      const [asked, [once]] = await counted(() => timed(ours));
      const warm = [once];
      for (let i = 0; i < 2; i += 1) warm.push((await timed(ours))[0]);
      worst = Math.max(worst, difference(await theirs(), answer));
      measured.push({ label, first, warm: Math.min(...warm), ...asked, pipelines });
    };
    for (const batch of batches) {
      const values = patches(batch);
      await run('batch ' + batch, () => classifier.logits(values), () => reference.logits(values));
    }
    for (const places of network === 'compact' ? dense : []) {
      const [width, height] = places.split('x').map((side) => (side - 1) * 4 + 50);
      const values = Float32Array.from({ length: width * height }, (_, i) => known[i % known.length]);
      await run('dense ' + places, () => classifier.denseLogits(values, width, height), () => reference.denseLogits(values, width, height));
    }
    self.postMessage({ ready, measured, worst });
  } catch (error) {
    self.postMessage({ error: String(error?.message ?? error) });
  }
};
self.onunhandledrejection = ({ reason }) => self.postMessage({ error: String(reason?.message ?? reason) });
`;

const folder = mkdtempSync(path.join(os.tmpdir(), 'nodulens-webgpu-'));
writeFileSync(path.join(folder, 'index.html'), '<!doctype html><title>measured</title><link rel="icon" href="data:,">');
writeFileSync(path.join(folder, 'worker.js'), WORKER);
symlinkSync(path.join(root, 'www', 'models'), path.join(folder, 'models'));
symlinkSync(path.join(root, 'www', 'pkg', 'cpu'), path.join(folder, 'reference'));
for (const [name, from] of packages) symlinkSync(path.resolve(from), path.join(folder, name));

const ARGS = [
  '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--enable-unsafe-webgpu',
];

async function measure(url, name, network) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
  try {
    const page = await browser.newPage();
    const said = [];
    page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') said.push(message.text().slice(0, 600)); });
    await page.goto(url);
    const result = await page.evaluate((task) => new Promise((resolve) => {
      // The server's policy allows the page's own policy of this name alone.
      const trusted = trustedTypes.createPolicy('nodulens', { createScriptURL: (address) => address });
      const worker = new Worker(trusted.createScriptURL('./worker.js'), { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => resolve({ error: message });
      worker.postMessage(task);
      setTimeout(() => resolve({ error: 'no answer within 240 s' }), 240_000);
    }), { name, network, batches, dense });
    if (said.length > 0) result.said = [...new Set(said)];
    return { version: browser.version(), ...result };
  } finally {
    await browser.close();
  }
}

const median = (samples) => [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)];
const spread = (samples) => ({ median: median(samples), min: Math.min(...samples), max: Math.max(...samples) });

const { server, url } = await serve({ dir: folder, port: 0 });
const runs = [];
try {
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const network of networks) {
      for (const [name] of packages) {
        const result = await measure(url, name, network);
        if (result.error || result.said) console.error(`${name}, ${network}: ${[result.error, ...(result.said ?? [])].filter(Boolean).join('\n  ')}`);
        runs.push({ name, network, ...result });
      }
    }
  }
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

const rows = [];
for (const network of networks) {
  for (const [name] of packages) {
    const own = runs.filter((run) => run.name === name && run.network === network && !run.error);
    if (own.length === 0) continue;
    const ready = spread(own.map((run) => run.ready));
    const worst = Math.max(...own.map((run) => run.worst));
    own[0].measured.forEach(({ label, pipelines, dispatches, submits, reads }, i) => {
      const [first, warm] = ['first', 'warm'].map((key) => spread(own.map((run) => run.measured[i][key])));
      rows.push({ network, name, label, pipelines, dispatches, submits, reads, ready, first, warm, worst, rounds: own.length });
    });
  }
}
const ms = ({ median: middle, min, max }) => `${middle.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)})`;
console.log(`| network | package | asked | ready, ms | first, ms | warm, ms | pipelines compiled | dispatches | worst difference |
|---|---|---|---|---|---|---|---|---|`);
for (const { network, name, label, ready, first, warm, pipelines, dispatches, worst } of rows) {
  console.log(`| ${network} | ${name} | ${label} | ${ms(ready)} | ${ms(first)} | ${ms(warm)} | ${pipelines} | ${dispatches} | ${worst.toExponential(1)} |`);
}
const result = {
  date: new Date().toISOString(),
  machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, load: os.loadavg()[0] },
  browser: `Chromium ${runs[0]?.version}, headless`,
  rows,
};
if (values.out) writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
