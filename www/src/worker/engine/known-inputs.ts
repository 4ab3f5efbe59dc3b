/** The known inputs: what an engine must answer to them, and how long it takes. */
import type { KnownAnswerCheck, Prediction } from '../../shared/wasm/engine-wasm.ts';
import { predict } from './engine.ts';
import type { Engine } from './engine.ts';

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
