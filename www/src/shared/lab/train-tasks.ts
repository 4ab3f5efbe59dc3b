/** What the view "Train" asks its own lab for. The network in training lives in the worker until the next one begins. */
import type { Task } from './task.ts';
import type { TrainingEpoch, TrainingSettings } from '../wasm/lab-wasm.ts';

/** Patches to learn from. */
export interface Examples {
  values: Float32Array<ArrayBuffer>;
  /** 1 where a patch holds a nodule. */
  labels: Uint8Array<ArrayBuffer>;
  /** Empty where they are not known. */
  patients: Uint32Array<ArrayBuffer>;
}

/** The first layer's kernels, one after the other. */
export interface Kernels {
  values: Float32Array<ArrayBuffer>;
  count: number;
}

/** Some steps. */
export interface Trained {
  step: number;
  steps: number;
  /** Of the last step. */
  loss: number;
  epochs: TrainingEpoch[];
  kernels: Kernels;
  /** The weights file after the last epoch that ended in these steps. */
  weights: Uint8Array<ArrayBuffer> | undefined;
}

export type TrainTasks = {
  'phantom-values': Task<{ seed: number; count: number }, { values: Float32Array<ArrayBuffer> }>;
  /** From the start, or with the network that is named with the request. */
  'train-begin': Task<{ settings: TrainingSettings; examples: Examples; fresh: boolean }, { kernels: Kernels; held: number }>;
  /** Steps for about so long, one at least. `data` and `date` are for the card. */
  'train-steps': Task<{ milliseconds: number; data: string; date: string }, Trained>;
  'train-end': Task<undefined, undefined>;
};
