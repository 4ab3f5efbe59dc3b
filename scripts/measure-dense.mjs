// How long one slice of 512 x 512 takes at stride 4, on one thread of the page's CPU module: the networks side by side, in turns.
//   node scripts/measure-dense.mjs [ROUNDS]      (needs `make build`; a place has the same neighbours as in a search)
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { performance } from 'node:perf_hooks';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const wasm = await import(path.join(root, 'www', 'pkg', 'cpu', 'nodulens.js'));
await wasm.default({ module_or_path: await readFile(path.join(root, 'www', 'pkg', 'cpu', 'nodulens_bg.wasm')) });
const rounds = Number(process.argv[2] ?? 15);

/** Every network answers for the same 116 x 116 places; the one with a context needs 25 pixels more on each side. */
const networks = await Promise.all(['compact', 'context'].map(async (name) => {
  const classifier = wasm.Classifier.load(await readFile(path.join(root, 'www', 'models', `${name}.nodulens`)));
  const side = name === 'context' ? 562 : 512;
  const values = Float32Array.from({ length: side * side }, (_, i) => ((i * 7919) % 1013) / 1013);
  const pass = name === 'context' ? 'denseLogitsInContext' : 'denseLogits';
  return { name, run: () => classifier[pass](values, side, side), times: [] };
}));
for (let round = -2; round < rounds; round += 1) {
  for (const { run, times } of networks) {
    const began = performance.now();
    const logits = await run();
    if (logits.length !== 2 * 116 * 116) throw new Error(`${logits.length} logits`);
    if (round >= 0) times.push(performance.now() - began);
  }
}
const median = (times) => [...times].sort((a, b) => a - b)[times.length >> 1];
const [first] = networks;
for (const { name, times } of networks) {
  const ratios = times.map((time, i) => time / first.times[i]);
  const shown = [median(times).toFixed(1), `ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`];
  console.log(`${name.padEnd(8)} ${shown[0]} ms a slice of 512 x 512, ${shown[1]} in ${rounds} rounds`);
}
