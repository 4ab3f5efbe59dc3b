/** What `src/wasm_api/lab/evaluate.rs` exports. Types only. */
import type { ModelInfo } from './engine-wasm.ts';
import type { Evaluation, Kept, Meant, Operating } from '../lab/evaluate-tasks.ts';

export interface EvaluateModule {
  /** Refuses, as a `Problem`, what gives no network that works. */
  openWeights(bytes: Uint8Array): Promise<{ weights: Uint8Array<ArrayBuffer>; info: ModelInfo }>;
  keptCurves(card: Kept): { roc: [number, number][]; pr: [number, number][] };
  atThreshold(card: Kept, threshold: number, prevalence: number): Operating | undefined;
  meaning(card: Partial<Kept>, probability: number, prevalence: number): Meant;
  evaluateSet(probability: Float64Array, nodule: Uint8Array, patients: string[], threshold: number, intervals: boolean): Evaluation;
  setAtThreshold(probability: Float64Array, nodule: Uint8Array, threshold: number, prevalence: number): Operating;
}
