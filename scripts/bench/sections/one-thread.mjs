// Both networks on one thread, batches of 32 and 1: every engine in one page, sample by sample in turn, so that a busy moment of
// the machine touches all.
import { NETWORKS } from '../materials.mjs';
import { OURS, ONNX, TFJS, mustAgree, oneThread } from '../engines.mjs';
import { ratios, summary } from '../stats.mjs';

const BATCHES = [32, 1];

export async function run(context) {
  const page = await context.open();
  try {
    const all = [];
    for (const model of NETWORKS) {
      for (const [engine, options] of Object.entries(oneThread(context, model))) {
        const name = `${engine} ${model}`;
        await page.call('make', name, options);
        await mustAgree(context, page, { name, engine, model, batch: 32 });
        for (const batch of BATCHES) all.push({ name, engine, model, batch, rates: [] });
      }
    }
    for (const series of all) series.calls = await page.call('warm', series.name, series.batch, context.warmth);
    for (let round = 0; round < context.rounds; round += 1) {
      for (let i = 0; i < all.length; i += 1) {
        // Each round begins elsewhere, so that none always follows the same neighbour.
        const series = all[(i + round) % all.length];
        series.rates.push((1000 * series.batch) / (await page.call('sample', series.name, series.batch, series.calls)));
      }
      context.progress(`round ${round + 1} of ${context.rounds}`);
    }
    const find = (engine, model, batch) => all.find((series) => series.engine === engine && series.model === model && series.batch === batch);
    const networks = {};
    for (const { engine, model, batch, rates } of all) {
      const place = ((networks[model] ??= {})[`batch${batch}`] ??= { patchesPerSecond: {}, ratio: {} });
      place.patchesPerSecond[engine] = summary(rates);
      if (engine !== OURS) place.ratio[engine] = ratios(find(OURS, model, batch).rates, rates);
    }
    const compactToPaper = ratios(find(OURS, 'compact', 32).rates, find(OURS, 'paper', 32).rates);
    return { rounds: context.rounds, networks, compactToPaper };
  } finally {
    await page.close();
  }
}

export function targets({ networks: { paper, compact }, compactToPaper }) {
  return [
    { what: "paper's network, 1 thread, batch 32, against onnxruntime-web", least: 2, got: paper.batch32.ratio[ONNX] },
    { what: "paper's network, 1 thread, batch 32, against tfjs", least: 1.8, got: paper.batch32.ratio[TFJS] },
    { what: "paper's network, 1 thread, batch 1, against onnxruntime-web", least: 1.6, got: paper.batch1.ratio[ONNX] },
    { what: 'our network, 1 thread, batch 32, against onnxruntime-web', least: 1.5, got: compact.batch32.ratio[ONNX] },
    { what: "our network, 1 thread, batch 32, against our own paper's network", least: 8, got: compactToPaper },
  ];
}

export function rows({ networks }) {
  return Object.entries(networks).flatMap(([model, batches]) => Object.entries(batches).flatMap(([batch, { patchesPerSecond, ratio }]) =>
    Object.entries(patchesPerSecond).map(([engine, rate]) => ({
      what: `${model}, ${batch.replace('batch', 'batch ')}`, engine, value: rate, unit: 'patches/s', ratio: ratio[engine],
    }))));
}
