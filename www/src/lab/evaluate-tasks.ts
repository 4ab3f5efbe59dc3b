/** Tasks that measure, and the check of weights that the user brings. */
import type { ModelInfo } from '../wasm.ts';
import type { Task } from './lab-tasks.ts';

export type EvaluateTasks = {
  /** A weights file, or a safetensors file, as a weights file for the engines. */
  'open-weights': Task<{ bytes: Uint8Array<ArrayBuffer> }, { weights: Uint8Array<ArrayBuffer>; info: ModelInfo }>;
};
