/** Tasks that every view needs. */
import { tryInWorker } from '../leak-test.ts';
import type { CommonTasks } from '../../shared/lab/common-tasks.ts';
import type { Works } from './work.ts';

export const commonWorks: Works<CommonTasks> = {
  network: (_, { network }) => ({ layers: network().layers(), info: network().info() }),
  picture: ({ bytes, policy }, { wasm }) => wasm.decodePatch(new Uint8Array(bytes), policy),
  spot: ({ slice: { hu, width, height, pixelMm }, pixel }, { wasm }) => wasm.slicePatch(hu, width, height, pixelMm, ...pixel),
  phantom: ({ seed }, { wasm }) => {
    const [phantom] = wasm.makePhantoms(seed, 1);
    if (!phantom) throw new Error('no phantom was made');
    const { values, grey } = wasm.decodePatch(phantom.png, 'refuse');
    return { values, grey, label: phantom.label, name: phantom.name };
  },
  'try-network': async ({ own }) => ({ attempts: await tryInWorker(own) }),
  classify: async ({ values }, { network }) => {
    return { predictions: await network().classify(values) };
  },
};
