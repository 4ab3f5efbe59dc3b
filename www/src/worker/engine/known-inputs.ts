/** The known inputs: what an engine must answer to them, and how long it takes. */
import { looksAround } from '../../shared/heads.ts';
import type { Classifier, Head, KnownAnswerCheck, Prediction } from '../../shared/wasm/engine-wasm.ts';
import { predict } from './engine.ts';
import type { Engine } from './engine.ts';

/** The views of a part of the network, and their positions among the known inputs. */
interface Known {
  views: Float32Array[];
  at: number[];
}

/** The known inputs: patches alone, and those with surroundings. */
function known({ wasm, classifier }: Engine): Record<Head, Known> {
  const inputs = classifier.knownAnswerInputs();
  const patch = wasm.method().patchSize ** 2;
  const found: Record<Head, Known> = { patch: { views: [], at: [] }, context: { views: [], at: [] } };
  for (let at = 0; at < inputs.length / patch / 2; at += 1) {
    const view = inputs.subarray(at * 2 * patch, (at + 1) * 2 * patch);
    const { views, at: positions } = found[Number.isNaN(view[patch]) ? 'patch' : 'context'];
    views.push(view);
    positions.push(at);
  }
  return found;
}

/** So many views, over and over. */
function repeated(views: Float32Array[], count: number): Float32Array {
  const size = views[0]?.length ?? 0;
  const all = new Float32Array(size * count);
  for (let at = 0; at < count; at += 1) all.set(views[at % views.length] ?? [], at * size);
  return all;
}

/**
 * The known inputs against the reference, in batches of these sizes and in the corner of a picture. Each has shaders of
 * its own: what passes here is compiled, too, so that no click waits for it. Answers with the worst.
 */
export async function check(engine: Engine, reference: Prediction[], batches: number[]): Promise<KnownAnswerCheck> {
  const { wasm, classifier } = engine;
  const { patch, context } = known(engine);
  const checks: KnownAnswerCheck[] = [];
  const around = looksAround(classifier.info());
  for (const { views, at } of around ? [patch, context] : [patch]) {
    for (const count of batches) {
      const ours = await predict(classifier, repeated(views, count));
      const expected = ours.flatMap((_, i) => reference[at[i % at.length] ?? 0] ?? []);
      checks.push(classifier.checkKnownAnswer(expected, ours));
    }
  }
  const { patchSize } = wasm.method();
  const [seen, first] = around ? [context.views[0], reference[context.at[0] ?? 0]] : [patch.views[0], reference[0]];
  if (seen && first) {
    const [no, yes] = (await (around ? inCanvas(classifier, seen, patchSize) : inPicture(classifier, seen, patchSize))) ?? [];
    if (no !== undefined && yes !== undefined) checks.push(classifier.checkKnownAnswer([first], [{ ...first, logits: [no, yes] }]));
  }
  const worst = (one: KnownAnswerCheck, other: KnownAnswerCheck): KnownAnswerCheck => (other.maxDifference > one.maxDifference ? other : one);
  return checks.find(({ ok }) => !ok) ?? checks.reduce(worst);
}

/** A patch in the corner of a picture twice as wide. */
function inPicture(classifier: Classifier, view: Float32Array, side: number): Promise<Float32Array | undefined> {
  const picture = new Float32Array(4 * side ** 2);
  for (let row = 0; row < side; row += 1) picture.set(view.subarray(row * side, (row + 1) * side), row * 2 * side);
  return classifier.denseLogits(picture, 2 * side, 2 * side);
}

/** Pixels of a picture beyond the canvas in its corner: some places more, an odd number. */
const BEYOND = 8;

/** The canvas of a view in the corner of a picture. What the view holds of it at half the resolution is the whole of it, each pixel four times (`knownAnswerInputs`). */
function inCanvas(classifier: Classifier, view: Float32Array, side: number): Promise<Float32Array | undefined> {
  const halved = view.subarray(side ** 2);
  const width = 2 * side + BEYOND;
  const picture = new Float32Array(width ** 2);
  for (let y = 0; y < 2 * side; y += 1) {
    for (let x = 0; x < 2 * side; x += 1) picture[y * width + x] = halved[(y >> 1) * side + (x >> 1)] ?? 0;
  }
  return classifier.denseLogitsInContext(picture, width, width);
}

/** Warm time a patch in batches of `patches`: the first run is not counted, because it compiles shaders. */
export async function measure(engine: Engine, patches: number, batches: number): Promise<number> {
  const { classifier } = engine;
  const values = repeated(known(engine).patch.views, patches);
  await predict(classifier, values);
  const before = performance.now();
  for (let batch = 0; batch < batches; batch += 1) await predict(classifier, values);
  return (performance.now() - before) / (patches * batches);
}
