/** Tasks that measure, and the check of weights that the user brings. */
import type { EvaluateTasks } from './evaluate-tasks.ts';
import type { Works } from './lab-tasks.ts';

export const evaluateWorks: Works<EvaluateTasks> = {
  'open-weights': async ({ bytes }, { wasm }) => wasm.openWeights(bytes),
};
