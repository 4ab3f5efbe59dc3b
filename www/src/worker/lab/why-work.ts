/** Explanations and changed patches, inside the lab's worker. */
import { engineFaults } from '../../strings/workers.ts';
import type { Bench, Works } from './work.ts';
import type { Explainer, LabModule, Region } from '../../shared/wasm/lab-wasm.ts';
import type { Source, WhyTasks } from '../../shared/lab/why-tasks.ts';

/** Squares covered between two signs of life. */
const SQUARES = 49;
const NOISE_SEED = 1;

async function mapOf(explainer: Explainer, { method, layer, weights, values }: WhyTasks['explain']['in'], bench: Bench): Promise<Float32Array<ArrayBuffer>> {
  switch (method) {
    case 'gradient':
      return explainer.gradient(values);
    case 'smooth-gradient':
      return explainer.smoothGradient(values, NOISE_SEED);
    case 'class-activation':
      return explainer.classActivation(values, layer, weights);
    case 'occlusion': {
      explainer.beginOcclusion(values);
      for (;;) {
        const [done, total] = explainer.stepOcclusion(SQUARES);
        if (done === total) return explainer.occlusionMap();
        await bench.progress(done, total);
      }
    }
  }
}

/** Only the last one is kept: a patch is dragged for a while, then another. */
let kept: { key: number; region: Region } | undefined;

function regionOf(wasm: LabModule, key: number, source: Source): Region {
  if (kept?.key === key) return kept.region;
  kept?.region.free();
  kept = undefined;
  const region = cut(wasm, source);
  kept = { key, region };
  return region;
}

function cut({ Region }: LabModule, source: Source): Region {
  switch (source.kind) {
    case 'file':
      return Region.ofPicture(source.bytes);
    case 'slice': {
      const { hu, width, height, pixelMm } = source.slice;
      return Region.ofSlice(hu, width, height, pixelMm, ...source.pixel);
    }
    case 'phantom':
      return Region.ofPhantom(source.seed);
  }
}

export const whyWorks: Works<WhyTasks> = {
  'layers-with-maps': ({ values }, { network }) => network().layersWithMaps(values),
  async explain(input, bench) {
    const { shuffleBy } = input;
    const by = async (seed: number | undefined): Promise<Float32Array<ArrayBuffer>> => {
      const explainer = bench.network().explainer(seed);
      const map = await mapOf(explainer, input, bench);
      explainer.free();
      return map;
    };
    const map = await by(shuffleBy);
    const [grey, outside] = [bench.wasm.canvasGrey(input.values), bench.wasm.shareOutside(map)];
    return { map, canvas: grey && outside !== undefined ? { grey, outside } : undefined, alike: shuffleBy === undefined ? undefined : bench.wasm.correlation(map, await by(undefined)) };
  },
  region: ({ key, source }, { wasm }) => regionOf(wasm, key, source).shown(),
  async variant({ key, source, variant }, { wasm, network }) {
    const { values, grey } = regionOf(wasm, key, source).patch(variant);
    const [prediction] = await network().classify(values);
    if (!prediction) throw new Error(engineFaults.fewer);
    return { grey, prediction };
  },
};
