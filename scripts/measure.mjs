// Measures the built page in headless Chromium: time to the first probability, patches/s on the CPU, sizes.
//   node scripts/measure.mjs [out.json] [--runs N]     (default docs/measurements.json, 7 runs)
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { browserName, coldStart, launch } from './chromium.mjs';
import { serve } from './serve.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { runs: { type: 'string', default: '7' } } });
const outFile = path.resolve(positionals[0] ?? path.join(root, 'docs', 'measurements.json'));
const runs = Number(values.runs);

const summary = (samples) => {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { median: at(0.5), min: sorted[0], max: sorted.at(-1), samples };
};

// The page's own worker file, asked directly: each answer is the warm time a patch at that batch.
async function throughput(url, repeats) {
  const browser = await launch();
  try {
    const page = await browser.newPage({ bypassCSP: true, serviceWorkers: 'block' });
    await page.goto(url);
    return await page.evaluate(async (times) => {
      const script = URL.createObjectURL(await (await fetch('./worker-cpu.js')).blob());
      const worker = new Worker(script);
      let id = 0;
      const ask = (message) => new Promise((resolve, reject) => {
        id += 1;
        const own = id;
        const hear = ({ data }) => {
          if (data.kind === 'died' || data.kind === 'failed') reject(new Error(JSON.stringify(data)));
          if (data.id !== own) return;
          worker.removeEventListener('message', hear);
          resolve(data);
        };
        worker.addEventListener('message', hear);
        worker.postMessage({ ...message, id: own });
      });
      const [{ file }] = await (await fetch('./models/models.json')).json();
      const { model, threads } = await ask({
        kind: 'start',
        script,
        module: await WebAssembly.compileStreaming(fetch('./pkg/cpu/nodulens_bg.wasm')),
        weights: new Uint8Array(await (await fetch(`./models/${file}`)).arrayBuffer()),
      });
      const rates = { 1: [], 32: [] };
      // Interleaved, so that a busy moment of the machine touches both.
      for (let i = 0; i < times; i += 1) {
        for (const patches of [1, 32]) {
          const { millisecondsPerPatch } = await ask({ kind: 'measure', patches, batches: 4 });
          rates[patches].push(1000 / millisecondsPerPatch);
        }
      }
      worker.terminate();
      return { engine: model.engine, modelId: model.modelId, threads, rates };
    }, repeats);
  } finally {
    await browser.close();
  }
}

const { server, url } = await serve({ dir: dist, port: 0 });
const cold = [];
for (let i = 0; i < runs; i += 1) cold.push(await coldStart(url));
const { engine, modelId, threads, rates } = await throughput(url, 15);
server.close();
const sizes = JSON.parse(await readFile(path.join(dist, 'sizes.json'), 'utf8'));

const result = {
  date: new Date().toISOString(),
  machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, load: os.loadavg()[0] },
  browser: await browserName(),
  engine,
  threads,
  modelId,
  coldStartMs: { firstProbability: summary(cold.map(({ first }) => first)), modelReady: summary(cold.map(({ ready }) => ready)) },
  patchesPerSecond: { batch1: summary(rates[1]), batch32: summary(rates[32]) },
  sizes,
};
await mkdir(path.dirname(outFile), { recursive: true });
await writeFile(outFile, `${JSON.stringify(result, null, 2)}\n`);

const ms = ({ median, min, max }) => `${median.toFixed(0)} ms | ${min.toFixed(0)} to ${max.toFixed(0)} ms`;
const rate = ({ median, min, max }) => `${median.toFixed(0)} /s | ${min.toFixed(0)} to ${max.toFixed(0)} /s`;
const mb = (size) => (size ? `${(size.brotli / 1e6).toFixed(2)} MB | raw ${(size.raw / 1e6).toFixed(2)}, gzip ${(size.gzip / 1e6).toFixed(2)} MB` : 'not built | ');
console.log(`| ${engine}, ${result.browser}, ${result.machine.cores} cores | median | range |
|---|---|---|
| cold start on 127.0.0.1 to the first probability (${runs} fresh profiles) | ${ms(result.coldStartMs.firstProbability)} |
| of which until the model is ready | ${ms(result.coldStartMs.modelReady)} |
| patches/s on ${threads} threads, each one by one | ${rate(result.patchesPerSecond.batch1)} |
| patches/s on ${threads} threads, each in batches of 32 | ${rate(result.patchesPerSecond.batch32)} |
| CPU module, brotli | ${mb(sizes.files['pkg/cpu/nodulens_bg.wasm'])} |
| WebGPU module, brotli | ${mb(sizes.files['pkg/webgpu/nodulens_bg.wasm'])} |
| all that a CPU start loads, brotli | ${mb(sizes.cpuStart)} |`);
console.log(`\nwritten to ${path.relative(process.cwd(), outFile)}`);
