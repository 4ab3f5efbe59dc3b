// How cost grows: patches in batches of 32, slices one by one; the module's memory, which only ever grows, after each.
import { OURS, mustAgree, oneThread } from '../engines.mjs';
import { NETWORKS } from '../materials.mjs';
import { digits } from '../stats.mjs';

const PATCHES = [1, 10, 100, 1_000, 10_000];
const SLICES = [1, 10, 60, 600];

async function grow(context, model, method, counts) {
  // A page of its own, so that memory is this series' alone.
  const page = await context.open();
  try {
    await page.call('make', OURS, oneThread(context, model)[OURS]);
    await mustAgree(context, page, { name: OURS, engine: OURS, model, batch: 32 });
    await page.call('warm', OURS, 32, context.warmth);
    const series = [];
    for (const count of counts) {
      const { ms, memory } = await page.call(method, OURS, count);
      series.push({ count, ms: digits(ms), perSecond: digits((1000 * count) / ms), memory });
      context.progress(`${model}: ${count} ${method}, ${Math.round(ms)} ms`);
    }
    return series;
  } finally {
    await page.close();
  }
}

export async function run(context) {
  const patches = {};
  for (const model of NETWORKS) patches[model] = await grow(context, model, 'patches', context.quick ? PATCHES.slice(0, -1) : PATCHES);
  return { patches, slices: { compact: await grow(context, 'compact', 'slices', context.quick ? SLICES.slice(0, -1) : SLICES) } };
}

/** Memory must be the same after many as after a few. */
export function targets({ patches, slices }) {
  const grown = (series) => series.at(-1).memory / series[1].memory;
  const last = (series) => series.at(-1).count.toLocaleString('en-US');
  return [
    ...NETWORKS.map((model) => ({
      what: `memory after ${last(patches[model])} patches, ${model}, against after ten`, most: 1, got: grown(patches[model]),
    })),
    { what: `memory after ${last(slices.compact)} slices, compact, against after ten`, most: 1, got: grown(slices.compact) },
  ];
}

export function rows() {
  return [];
}

/** Rows of a table of its own: what, how many, ms in all, how many a second, MiB. */
export function growth({ patches, slices }) {
  const line = (what) => ({ count, ms, perSecond, memory }) => [what, count, ms, perSecond, memory / 2 ** 20];
  return [
    ...NETWORKS.flatMap((model) => patches[model].map(line(`${model}, patches in batches of 32`))),
    ...slices.compact.map(line('compact, slices of 512 x 512')),
  ];
}
