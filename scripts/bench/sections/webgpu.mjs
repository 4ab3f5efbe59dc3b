// WebGPU on SwiftShader, the paper's network patch by patch: each engine in a fresh browser, in turn.
import { OURS, ONNX, ONNX_JSEP, mustAgree, webgpu } from '../engines.mjs';
import { WEBGPU_FLAGS } from '../pages.mjs';
import { ratios, summary } from '../stats.mjs';

const PEERS = [ONNX, ONNX_JSEP];
const MODEL = 'paper';
const ROUNDS = 3;
const WARM_CALLS = 5;

/** Ms: until the engine was ready, of the first answer after that, and of one of the next, at the median. */
async function once(context, engine) {
  const page = await context.open({ place: 'WebGPU', flags: WEBGPU_FLAGS });
  try {
    const load = await page.call('make', engine, webgpu(MODEL)[engine]);
    const first = await page.call('sample', engine, 1, 1);
    await mustAgree(context, page, { name: engine, engine, model: MODEL, batch: 1 });
    const times = [];
    for (let i = 0; i < WARM_CALLS; i += 1) times.push(await page.call('sample', engine, 1, 1));
    return { load, first, warm: summary(times).median };
  } finally {
    await page.close();
  }
}

export async function run(context) {
  if (!context.packages.webgpu) return { skipped: 'www/pkg/webgpu is not built' };
  const samples = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    const engines = Object.keys(webgpu(MODEL));
    // None is always the first.
    for (const engine of round % 2 === 0 ? engines : engines.reverse()) {
      for (const [what, ms] of Object.entries(await once(context, engine))) ((samples[what] ??= {})[engine] ??= []).push(ms);
    }
    context.progress(`round ${round + 1} of ${ROUNDS}`);
  }
  const series = Object.fromEntries(Object.entries(samples).map(([what, engines]) => [what, {
    ms: Object.fromEntries(Object.entries(engines).map(([engine, times]) => [engine, summary(times)])),
    ratio: Object.fromEntries(PEERS.map((peer) => [peer, ratios(engines[peer], engines[OURS])])),
    // The faster of the two in each round.
    ratioToBest: ratios(engines[OURS].map((_, round) => Math.min(...PEERS.map((peer) => engines[peer][round]))), engines[OURS]),
  }]));
  return { rounds: ROUNDS, model: MODEL, batch: 1, ...series };
}

export function targets({ first, warm }) {
  return [
    { what: "paper's network, WebGPU on SwiftShader, batch 1, warm, against the faster of onnxruntime-web's two", least: 1, got: warm.ratioToBest },
    { what: 'the same, the first run after the load', least: 1, got: first.ratioToBest },
  ];
}

export function rows(measured) {
  const names = { load: 'load of module and weights', first: 'first run', warm: 'warm' };
  return Object.entries(names).flatMap(([key, name]) => Object.entries(measured[key].ms).map(([engine, value]) => ({
    what: `${measured.model}, WebGPU on SwiftShader, batch 1, ${name}`, engine, value, unit: 'ms', ratio: measured[key].ratio[engine],
  })));
}
