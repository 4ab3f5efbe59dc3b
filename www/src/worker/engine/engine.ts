/** A module with a network loaded, and a batch through it. */
import { engineFaults } from '../../strings/workers.ts';
import type { Classifier, NodulensModule, Prediction } from '../../shared/wasm/engine-wasm.ts';

export interface Engine {
  wasm: NodulensModule;
  classifier: Classifier;
}

/** One batch. A number that is not finite is an engine fault (a lost device, a bad shader), never a result. */
export async function predict(classifier: Classifier, values: Float32Array): Promise<Prediction[]> {
  const predictions = await classifier.classify(values);
  for (const { probability } of predictions) {
    if (!Number.isFinite(probability)) throw new Error(engineFaults.notANumber);
  }
  return predictions;
}
