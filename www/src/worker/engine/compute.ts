/**
 * What an engine is asked for, inside a worker: patches, checks, slices. Nothing here knows of messages or of other
 * workers.
 */
import { problemFrom } from '../../shared/problem.ts';
import { engineFaults } from '../../strings/workers.ts';
import type { FileIn, FileOut, SlicePart } from '../../shared/engine-messages.ts';
import type { Classifier, HeatMap, KnownAnswerCheck, NodulensModule, Prediction, SizePolicy } from '../../shared/wasm/engine-wasm.ts';

export interface Engine {
  wasm: NodulensModule;
  classifier: Classifier;
}

/** After a trap the instance's memory is in an unknown state, whatever call it was. */
export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/** One batch. A number that is not finite is an engine fault (a lost device, a bad shader), never a result. */
export async function predict(classifier: Classifier, values: Float32Array): Promise<Prediction[]> {
  const predictions = await classifier.classify(values);
  for (const { probability } of predictions) {
    if (!Number.isFinite(probability)) throw new Error(engineFaults.notANumber);
  }
  return predictions;
}

/**
 * Decodes every file, then classifies those that decoded in one batch.
 * A file that cannot be decoded is answered with its own problem and never stops the others.
 */
export async function classify({ wasm, classifier }: Engine, files: FileIn[], policy: SizePolicy): Promise<FileOut[]> {
  const outcomes: FileOut[] = [];
  const decoded: { key: number; milliseconds: number; patch: ReturnType<NodulensModule['decodePatch']> }[] = [];
  for (const { key, bytes } of files) {
    const before = performance.now();
    try {
      const patch = wasm.decodePatch(new Uint8Array(bytes), policy);
      decoded.push({ key, patch, milliseconds: performance.now() - before });
    } catch (error) {
      if (isTrap(error)) throw error;
      outcomes.push({ key, ok: false, problem: problemFrom(error) });
    }
  }
  if (decoded.length === 0) return outcomes;

  const size = decoded[0]?.patch.values.length ?? 0;
  const values = new Float32Array(size * decoded.length);
  decoded.forEach(({ patch }, index) => values.set(patch.values, index * size));
  const before = performance.now();
  const predictions = await predict(classifier, values);
  const share = (performance.now() - before) / decoded.length;
  decoded.forEach(({ key, patch: { values: _, ...patch }, milliseconds }, index) => {
    const prediction = predictions[index];
    if (!prediction) throw new Error(engineFaults.fewer);
    outcomes.push({ key, ok: true, patch, prediction, milliseconds: milliseconds + share });
  });
  return outcomes;
}

/** The known inputs, over and over. */
function knownPatches({ wasm, classifier }: Engine, patches: number): Float32Array {
  const inputs = classifier.knownAnswerInputs();
  const size = wasm.method().patchSize ** 2;
  const values = new Float32Array(size * patches);
  for (let at = 0; at < values.length; at += inputs.length) values.set(inputs.subarray(0, values.length - at), at);
  return values;
}

/**
 * The known inputs against the reference, in batches of these sizes and in the corner of a picture. Each has shaders of
 * its own: what passes here is compiled, too, so that no click waits for it. Answers with the worst.
 */
export async function check(engine: Engine, reference: Prediction[], batches: number[]): Promise<KnownAnswerCheck> {
  const { wasm, classifier } = engine;
  const checks: KnownAnswerCheck[] = [];
  for (const patches of batches) {
    const ours = await predict(classifier, knownPatches(engine, patches));
    const expected = ours.flatMap((_, at) => reference[at % reference.length] ?? []);
    checks.push(classifier.checkKnownAnswer(expected, ours));
  }
  const side = wasm.method().patchSize;
  const picture = new Float32Array(4 * side ** 2);
  const corner = knownPatches(engine, 1);
  for (let row = 0; row < side; row += 1) picture.set(corner.subarray(row * side, (row + 1) * side), row * 2 * side);
  const [no, yes] = (await classifier.denseLogits(picture, 2 * side, 2 * side)) ?? [];
  const [first] = reference;
  if (first && no !== undefined && yes !== undefined) checks.push(classifier.checkKnownAnswer([first], [{ ...first, logits: [no, yes] }]));
  const worst = (one: KnownAnswerCheck, other: KnownAnswerCheck): KnownAnswerCheck => (other.maxDifference > one.maxDifference ? other : one);
  return checks.find(({ ok }) => !ok) ?? checks.reduce(worst);
}

/** Warm time a patch in batches of `patches`: the first run is not counted, because it compiles shaders. */
export async function measure(engine: Engine, patches: number, batches: number): Promise<number> {
  const { classifier } = engine;
  const values = knownPatches(engine, patches);
  await predict(classifier, values);
  const before = performance.now();
  for (let batch = 0; batch < batches; batch += 1) await predict(classifier, values);
  return (performance.now() - before) / (patches * batches);
}

/** Lets in the messages that have come; a timer would wait 4 ms. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** How often the growing map is shown, milliseconds. */
const SHOW_EVERY = 120;

/**
 * A part of a slice's search, until it is done or cancelled. `show` hears of it now and then. The caller frees the search.
 */
export async function searchPart(
  { wasm, classifier }: Engine,
  { slice, lungs, part, parts }: SlicePart,
  cancelled: () => boolean,
  show: (search: InstanceType<NodulensModule['SliceScan']>, done: number, total: number) => void,
): Promise<InstanceType<NodulensModule['SliceScan']>> {
  const search = new wasm.SliceScan(classifier, slice.hu, slice.width, slice.height, slice.pixelMm, lungs, part, parts);
  try {
    let shown = performance.now();
    while (!search.idle() && !cancelled()) {
      const { done, total } = await search.step(classifier);
      const now = performance.now();
      if (now - shown > SHOW_EVERY) {
        shown = now;
        show(search, done, total);
        await breathe();
      }
    }
    return search;
  } catch (error) {
    if (!isTrap(error)) search.free();
    throw error;
  }
}

/** Of a map, the cells with an answer. */
export const answered = ({ probability }: HeatMap): number => probability.reduce((sum, p) => (Number.isNaN(p) ? sum : sum + 1), 0);
