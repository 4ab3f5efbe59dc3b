// Which engines there are, and whether they say the same.
import { difference } from './stats.mjs';

/** Logits may differ by so much from onnxruntime-web's on one thread, which has no code in common with ours. */
const TOLERANCE = 1e-4;
export const [OURS, REFERENCE, ONNX, TFJS] = ['nodulens', 'burn-flex', 'onnxruntime-web', 'tfjs'];
/** Its older WebGPU code is still what the package gives unless `onnxruntime-web/webgpu` is asked for; neither is the faster
 * in everything. */
export const ONNX_JSEP = 'onnxruntime-web (JSEP)';
/** The bundles carry their loaders, so that these cost no request of their own. */
export const ONNX_WASM_BUILD = 'ort.wasm.bundle.min.mjs';
const wasm = { maker: 'onnx', provider: 'wasm', build: ONNX_WASM_BUILD };
const onGpu = { maker: 'onnx', provider: 'webgpu', threads: 1 };

/** On one thread of one page. The reference engine is there where the lab's module was built. */
export function oneThread(context, model) {
  return {
    [OURS]: { maker: 'ours', pkg: 'cpu', model },
    ...(context.packages.reference && { [REFERENCE]: { maker: 'ours', pkg: 'reference', model } }),
    [ONNX]: { ...wasm, threads: 1, model, dense: model === 'compact' && 'compact-dense' },
    [TFJS]: { maker: 'tfjs', model },
  };
}

/** On two threads, each in a page of its own: pools that wait by spinning slow what stands beside them. tfjs 4.22 keeps to one
 * thread, whatever `setThreadsCount` is told (issue 8513 of tensorflow/tfjs). */
export function twoThreads(model) {
  return {
    [OURS]: { maker: 'workers', threads: 2, pkg: 'cpu', model },
    [ONNX]: { ...wasm, threads: 2, model },
  };
}

/** On WebGPU, each in a browser of its own. */
export function webgpu(model) {
  return {
    [OURS]: { maker: 'ours', pkg: 'webgpu', model },
    [ONNX]: { ...onGpu, build: 'ort.webgpu.bundle.min.mjs', model },
    [ONNX_JSEP]: { ...onGpu, build: 'ort.bundle.min.mjs', model },
  };
}

/** onnxruntime-web's answers, which every other engine is held to: of each network for 64 patches, and of the slice. */
export async function expectations(context, models) {
  const page = await context.open();
  const answers = {};
  for (const model of models) {
    await page.call('make', model, oneThread(context, model)[ONNX]);
    answers[model] = await page.call('logits', model, 64);
  }
  answers.slice = await page.call('logits', 'compact', 'slice');
  await page.close();
  return answers;
}

/** Compares an engine of a page with what is expected; `batch` is a number of patches or 'slice'. Fails where they differ. */
export async function mustAgree(context, page, { name, engine, model, batch }) {
  const expected = batch === 'slice' ? context.expected.slice : context.expected[model].slice(0, 2 * batch);
  const apart = difference(expected, await page.call('logits', name, batch));
  const what = `${engine}, ${model}, ${batch === 'slice' ? 'a slice' : `${batch} patches`}`;
  if (!(apart <= TOLERANCE)) throw new Error(`${what}: logits differ from onnxruntime-web's by ${apart}; at most ${TOLERANCE} is allowed`);
  context.agreement[`${what}, ${page.place}`] = Number(apart.toPrecision(3));
}
