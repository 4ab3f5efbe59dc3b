// A slice of 512 x 512 at stride 4 in one pass, our network, one thread; a sample of each engine in turn.
import { OURS, ONNX, mustAgree, oneThread } from '../engines.mjs';
import { SLICE } from '../materials.mjs';
import { ratios, summary } from '../stats.mjs';

export async function run(context) {
  const page = await context.open();
  try {
    const all = [];
    for (const [engine, options] of Object.entries(oneThread(context, 'compact'))) {
      await page.call('make', engine, options);
      await mustAgree(context, page, { name: engine, engine, model: 'compact', batch: 'slice' });
      const calls = await page.call('warm', engine, 'slice', context.warmth);
      all.push({ engine, calls, times: [] });
    }
    for (let round = 0; round < context.rounds; round += 1) {
      for (let i = 0; i < all.length; i += 1) {
        const { engine, calls, times } = all[(i + round) % all.length];
        times.push(await page.call('sample', engine, 'slice', calls));
      }
    }
    const ours = all.find(({ engine }) => engine === OURS).times;
    return {
      rounds: context.rounds,
      side: SLICE,
      ms: Object.fromEntries(all.map(({ engine, times }) => [engine, summary(times)])),
      // Times: theirs over ours is how many times as fast ours is.
      ratio: Object.fromEntries(all.filter(({ engine }) => engine !== OURS).map(({ engine, times }) => [engine, ratios(times, ours)])),
    };
  } finally {
    await page.close();
  }
}

export function targets({ ms, ratio }) {
  return [
    { what: 'a 512x512 slice, stride 4, our network, 1 thread', most: 1500, unit: 'ms', got: ms[OURS] },
    { what: "the same, against onnxruntime-web's dense run", least: 1.5, got: ratio[ONNX] },
  ];
}

export function rows({ ms, ratio, side }) {
  return Object.entries(ms).map(([engine, time]) => ({
    what: `compact, a slice of ${side} x ${side}`, engine, value: time, unit: 'ms', ratio: ratio[engine],
  }));
}
