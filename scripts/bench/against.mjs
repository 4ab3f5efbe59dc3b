// The CPU module beside one of another build, sample by sample in turn, so that a busy moment touches both.
//   node scripts/bench/against.mjs OTHER [--rounds N]     OTHER: a folder like www/pkg/cpu
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { NETWORKS, PATCHES, root } from './materials.mjs';
import { ratios, summary } from './stats.mjs';

const other = process.argv[2];
const rounds = Number(process.argv[4] ?? 40);
if (!other) throw new Error('name the folder of the other build: node scripts/bench/against.mjs OTHER');

async function load(folder) {
  const api = await import(pathToFileURL(path.join(folder, 'nodulens.js')).href);
  await api.default({ module_or_path: await readFile(path.join(folder, 'nodulens_bg.wasm')) });
  return api;
}

const builds = { ours: await load(path.join(root, 'www/pkg/cpu')), other: await load(path.resolve(other)) };
// Of each view the patch alone.
const phantoms = builds.ours.makePhantoms(1, PATCHES).map(({ png }) => builds.ours.decodePatch(png, 'refuse').values.subarray(0, 50 * 50));
const batch = (count) => Float32Array.from(phantoms.slice(0, count).flatMap((values) => [...values]));
const BATCHES = { 1: batch(1), 32: batch(32) };
const side = 512;
const slice = Float32Array.from({ length: side * side }, (_, i) => phantoms[(Math.floor(i / side / 50) * 11 + Math.floor((i % side) / 50)) % PATCHES][(Math.floor(i / side) % 50) * 50 + ((i % side) % 50)]);

const WORK = {
  'patches/s, batches of 32': { count: 32, calls: { paper: 2, compact: 20 }, of: (network) => network.logits(BATCHES[32]) },
  'patches/s, one by one': { count: 1, calls: { paper: 20, compact: 200 }, of: (network) => network.logits(BATCHES[1]) },
  'slices/s, 512 x 512': { count: 1, calls: { compact: 2 }, of: (network) => network.denseLogits(slice, side, side) },
};

for (const model of NETWORKS) {
  const weights = new Uint8Array(await readFile(path.join(root, `www/models/${model}.nodulens`)));
  const networks = {};
  for (const [name, api] of Object.entries(builds)) networks[name] = await api.Classifier.load(weights);
  for (const [title, { count, calls, of }] of Object.entries(WORK)) {
    if (!calls[model]) continue;
    const rates = { ours: [], other: [] };
    const [a, b] = [await of(networks.ours), await of(networks.other)];
    const difference = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
    for (let round = -3; round < rounds; round += 1) {
      for (const name of round % 2 === 0 ? ['ours', 'other'] : ['other', 'ours']) {
        const started = performance.now();
        for (let call = 0; call < calls[model]; call += 1) await of(networks[name]);
        if (round >= 0) rates[name].push((1000 * count * calls[model]) / (performance.now() - started));
      }
    }
    const { median } = summary(rates.ours);
    const ratio = ratios(rates.ours, rates.other);
    console.log(`${model.padEnd(8)} ${title.padEnd(26)} ${median.toFixed(1).padStart(9)}   ratio ${JSON.stringify(ratio)}   largest difference ${difference.toExponential(1)}`);
  }
}
