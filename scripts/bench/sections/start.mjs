// Code and weights until the first probability on the CPU: bytes, and time in fresh browsers. Ours is the whole page, theirs
// a page that does nothing else; both come from the product's server, compressed.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { coldStart, launch } from '../../chromium.mjs';
import { compressFolder } from '../../compress.mjs';
import { serve } from '../../serve.mjs';
import { OURS, ONNX, ONNX_WASM_BUILD } from '../engines.mjs';
import { exists, root } from '../materials.mjs';
import { ratios, summary } from '../stats.mjs';

/** Bytes after brotli of all that a first visit fetches before the first answer on the CPU. */
export const CPU_START_BUDGET = 1_000_000;
const dist = path.join(root, 'dist');

/** A folder with the peer's page, its runtime and the graph, each with its compressed variants. */
async function peerPage(context) {
  const folder = path.join(context.folder, 'start');
  await mkdir(folder);
  const runtime = path.join(root, 'node_modules', 'onnxruntime-web', 'dist');
  for (const [from, to] of [
    [path.join(root, 'scripts', 'bench', 'start-page', 'index.html'), 'index.html'],
    [path.join(root, 'scripts', 'bench', 'start-page', 'start.js'), 'start.js'],
    [path.join(runtime, ONNX_WASM_BUILD), 'ort.js'],
    [path.join(runtime, 'ort-wasm-simd-threaded.wasm'), 'ort-wasm-simd-threaded.wasm'],
    [path.join(context.folder, 'compact.onnx'), 'compact.onnx'],
  ]) await cp(from, path.join(folder, to));
  // One patch, as our page opens with one.
  await writeFile(path.join(folder, 'patch.f32'), (await readFile(path.join(context.folder, 'inputs.f32'))).subarray(0, 4 * 2500));
  const sizes = await compressFolder(folder, /\.(wasm|js|html|onnx)$/);
  return { folder, sizes };
}

/** Ms from the navigation to the probability on the peer's page, in a new browser. */
async function peerStart(url) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.addInitScript(() => {
      const look = () => {
        if (document.querySelector('#answer')?.textContent) window.first_ = performance.now();
        else requestAnimationFrame(look);
      };
      look();
    });
    await page.goto(url);
    await page.waitForFunction(() => window.first_, null, { timeout: 120_000 });
    return await page.evaluate(() => window.first_);
  } finally {
    await browser.close();
  }
}

const total = (sizes, names) => Object.fromEntries(['raw', 'gzip', 'brotli'].map((key) =>
  [key, names.reduce((sum, name) => sum + sizes[name][key], 0)]));

export async function run(context) {
  if (!(await exists(path.join(dist, 'sizes.json')))) return { skipped: 'dist/ is not built: npm run build' };
  const { cpuStart } = JSON.parse(await readFile(path.join(dist, 'sizes.json'), 'utf8'));
  context.progress("compressing the peer's runtime");
  const peer = await peerPage(context);
  const ours = await serve({ dir: dist, port: 0 });
  const theirs = await serve({ dir: peer.folder, port: 0 });
  const times = { [OURS]: [], [ONNX]: [] };
  const rounds = Math.max(3, Math.ceil(context.rounds / 2));
  try {
    for (let round = 0; round < rounds; round += 1) {
      const take = { [OURS]: async () => (await coldStart(ours.url)).first, [ONNX]: () => peerStart(theirs.url) };
      // Neither is always the first.
      const order = round % 2 === 0 ? [OURS, ONNX] : [ONNX, OURS];
      for (const engine of order) times[engine].push(await take[engine]());
    }
  } finally {
    for (const { server } of [ours, theirs]) server.close();
  }
  const runtime = ['ort.js', 'ort-wasm-simd-threaded.wasm'];
  return {
    rounds,
    bytes: { [OURS]: cpuStart, [ONNX]: total(peer.sizes, [...runtime, 'compact.onnx', 'start.js', 'index.html']), runtime: total(peer.sizes, runtime) },
    firstProbabilityMs: { [OURS]: summary(times[OURS]), [ONNX]: summary(times[ONNX]) },
    ratio: { [ONNX]: ratios(times[ONNX], times[OURS]) },
  };
}

export function targets({ bytes }) {
  return [{ what: 'code and weights to the first probability on the CPU, brotli', most: CPU_START_BUDGET, unit: 'bytes', got: bytes[OURS].brotli }];
}

export function rows({ bytes, firstProbabilityMs, ratio }) {
  const size = (what, engine, value) => ({ what, engine, value, unit: 'bytes' });
  const own = 'page, code and weights to the first probability';
  return [
    ...['brotli', 'gzip'].flatMap((kind) => [
      size(`${own}, ${kind}`, OURS, bytes[OURS][kind]),
      size(`${own}, ${kind}`, ONNX, bytes[ONNX][kind]),
      size(`the runtime alone, ${kind}`, ONNX, bytes.runtime[kind]),
    ]),
    ...[OURS, ONNX].map((engine) => ({
      what: 'compact, from the navigation to the first probability, fresh profile', engine, value: firstProbabilityMs[engine], unit: 'ms', ratio: ratio[engine],
    })),
  ];
}
