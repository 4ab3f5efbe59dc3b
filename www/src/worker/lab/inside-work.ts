import type { Works } from './work.ts';
import type { InsideTasks } from '../../shared/lab/inside-tasks.ts';

export const insideWorks: Works<InsideTasks> = {
  trace: ({ values }, { network }) => ({ layers: network().trace(values), steps: network().steps(values) }),
  made: ({ values, unit, input, most }, { network }) => network().made(values, unit, input, most),
  beforeRelu: ({ values, layer, channel }, { network }) => ({ values: network().beforeRelu(values, layer, channel) }),
  kernels: ({ values, layer, input }, { network }) => ({ kernels: network().kernels(values, layer, input) }),
  histogram: ({ values, layer, channel, bins }, { network }) => network().histogram(values, layer, channel, bins),
  dropped: ({ values, share, seeds }, { network }) => ({ answers: seeds.map((seed) => network().dropped(values, share, seed)) }),
  softmax: ({ logits, temperature }, { wasm }) => ({ classes: wasm.softmaxShares(Float32Array.from(logits), temperature) }),
  rewindow: async ({ values, center, width }, { wasm, network }) => {
    const other = wasm.rewindow(values, center, width);
    const [prediction] = await network().classify(other);
    return { values: other, probability: prediction?.probability ?? NaN };
  },
  drawn: ({ seed, nodule }, { wasm }) => {
    // With and without take turns, the first with one.
    const phantom = wasm.makePhantoms(seed, 2)[nodule ? 0 : 1];
    if (!phantom) throw new Error('no phantom was made');
    const { values, grey } = wasm.decodePatch(phantom.png, 'refuse');
    return { values, grey, name: phantom.name };
  },
};
