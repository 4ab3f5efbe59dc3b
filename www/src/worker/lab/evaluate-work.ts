/** Tasks that measure, and the check of weights that the user brings. */
import type { EvaluateTasks } from '../../shared/lab/evaluate-tasks.ts';
import type { Works } from './work.ts';

export const evaluateWorks: Works<EvaluateTasks> = {
  'open-weights': async ({ bytes }, { wasm }) => wasm.openWeights(bytes),
  'kept-curves': ({ card }, { wasm }) => wasm.keptCurves(card),
  'at-threshold': ({ card, threshold, prevalence }, { wasm }) => wasm.atThreshold(card, threshold, prevalence),
  meaning: ({ card, probability, prevalence }, { wasm }) => wasm.meaning(card, probability, prevalence),
  'evaluate-set': ({ probability, nodule, patients, threshold, intervals }, { wasm }) => wasm.evaluateSet(probability, nodule, patients, threshold, intervals),
  'set-at-threshold': ({ probability, nodule, threshold, prevalence }, { wasm }) => wasm.setAtThreshold(probability, nodule, threshold, prevalence),
};
