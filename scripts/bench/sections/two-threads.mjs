// Two threads, batches of 32: each engine in a browser of its own, opened, measured and closed in turn, round by round.
import { NETWORKS } from '../materials.mjs';
import { OURS, ONNX, mustAgree, twoThreads } from '../engines.mjs';
import { ratios, summary } from '../stats.mjs';

const BATCH = 32;
const SAMPLES = 5;

/** Patches/s of one engine: the median of some samples. */
async function once(context, engine, model) {
  const page = await context.open({ place: 'two threads' });
  try {
    if (!(await page.call('isolated'))) throw new Error('the page is not cross-origin isolated, so there are no threads');
    await page.call('make', engine, twoThreads(model)[engine]);
    await mustAgree(context, page, { name: engine, engine, model, batch: BATCH });
    const calls = await page.call('warm', engine, BATCH, context.warmth);
    const times = [];
    for (let i = 0; i < SAMPLES; i += 1) times.push(await page.call('sample', engine, BATCH, calls));
    return (1000 * BATCH) / summary(times).median;
  } finally {
    await page.close();
  }
}

export async function run(context) {
  const rounds = Math.ceil(context.rounds / 2);
  const rates = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const model of NETWORKS) {
      const engines = Object.keys(twoThreads(model));
      // None is always the first.
      for (const engine of round % 2 === 0 ? engines : engines.reverse()) ((rates[model] ??= {})[engine] ??= []).push(await once(context, engine, model));
    }
    context.progress(`round ${round + 1} of ${rounds}`);
  }
  const networks = Object.fromEntries(Object.entries(rates).map(([model, engines]) => [model, {
    patchesPerSecond: Object.fromEntries(Object.entries(engines).map(([engine, samples]) => [engine, summary(samples)])),
    ratio: Object.fromEntries(Object.entries(engines).filter(([engine]) => engine !== OURS).map(([engine, samples]) =>
      [engine, ratios(engines[OURS], samples)])),
  }]));
  return { rounds, batch: BATCH, networks };
}

export function targets({ networks }) {
  return [{ what: "paper's network, 2 threads, batch 32, against onnxruntime-web on 2 threads", least: 1.3, got: networks.paper.ratio[ONNX] }];
}

export function rows({ networks, batch }) {
  return Object.entries(networks).flatMap(([model, { patchesPerSecond, ratio }]) => Object.entries(patchesPerSecond).map(([engine, rate]) => ({
    what: `${model}, 2 threads, batch ${batch}`, engine, value: rate, unit: 'patches/s', ratio: ratio[engine],
  })));
}
