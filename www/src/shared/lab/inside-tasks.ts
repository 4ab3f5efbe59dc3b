/** What the views "inside" and "tour" ask the lab's worker for. */
import type { PatchValues, Task } from './task.ts';
import type { Dropped, Histogram, Kernels, Made, Unit, Share, Step, Traced } from '../wasm/inside-wasm.ts';

type Values = Float32Array<ArrayBuffer>;

export type InsideTasks = {
  /** Every activation of a patch, the input first, and the step that made each but that. */
  trace: Task<{ values: Values }, { layers: Traced[]; steps: Step[] }>;
  /** How one of them came about. */
  made: Task<{ values: Values; unit: Unit; input: number | undefined; most: number }, Made>;
  beforeRelu: Task<{ values: Values; layer: number; channel: number }, { values: Values }>;
  kernels: Task<{ values: Values; layer: number; input: number }, { kernels: Kernels | undefined }>;
  histogram: Task<{ values: Values; layer: number; channel: number | undefined; bins: number }, Histogram>;
  /** Answers with a share of the features switched off, one for each seed. */
  dropped: Task<{ values: Values; share: number; seeds: number[] }, { answers: Dropped[] }>;
  softmax: Task<{ logits: [number, number]; temperature: number }, { classes: [Share, Share] }>;
  /** The patch through another window, and what the network says of it. */
  rewindow: Task<{ values: Values; center: number; width: number }, { values: Values; probability: number }>;
  /** A synthetic patch, with a nodule or without. */
  drawn: Task<{ seed: number; nodule: boolean }, PatchValues & { name: string }>;
};
