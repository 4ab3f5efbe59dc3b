/** Tasks that measure, and the check of weights that the user brings. */
import type { CardCalibration, CardMetrics, Confusion, Interval, ModelCard, ModelInfo } from '../wasm/engine-wasm.ts';
import type { Task } from './task.ts';

/** A share of counts. */
export interface Share {
  value: number | null;
  ci95: Interval;
  hits: number;
  n: number;
}

export interface Value {
  value: number | null;
  ci95: Interval | null;
}

/** What a threshold does. */
export interface Operating {
  threshold: number;
  confusion: Confusion;
  /** Otherwise the counts are on the line between those that the file keeps. */
  exact: boolean;
  tpBetween: [number, number];
  fpBetween: [number, number];
  recall: Share;
  specificity: Share;
  precision: Share;
  accuracy: Share;
  f1: number;
  ppv: Value;
  npv: Value;
  /** Nodules found, nodules missed, others called nodules, others not: of 1,000 patches. */
  ofThousand: [number, number, number, number];
}

/** What a probability has meant. */
export interface Meant {
  cameTrue: { low: number; high: number; share: Share } | null;
  /** Share of nodules where it was measured. */
  learned: number | null;
  /** The probability at the prevalence asked for. */
  shifted: number | null;
  /** Mean probability, and what came true. */
  bins: [number, Share][];
}

/** Figures of a labelled set. */
export interface Evaluation {
  n: number;
  positives: number;
  /** Patients; as many as patches where nothing is known of them. */
  units: number;
  threshold: number;
  confusion: Confusion;
  rocAuc: Value;
  averagePrecision: Value;
  accuracy: Share;
  recall: Share;
  specificity: Share;
  precision: Share;
  f1: Value;
  brier: Value;
  ece: Value;
  roc: { fpr: number; tpr: number; threshold: number | null }[];
  pr: { recall: number; precision: number; threshold: number }[];
  /** Mean probability, and what came true. */
  bins: [number, Share][];
}

/** What of a card the figures are taken from. */
export interface Kept {
  roc: NonNullable<ModelCard['roc']>;
  metrics: CardMetrics;
  calibration?: CardCalibration | null;
}

export interface LabelledSet {
  probability: Float64Array<ArrayBuffer>;
  /** 1: nodule. */
  nodule: Uint8Array<ArrayBuffer>;
}

export type EvaluateTasks = {
  /** A weights file, or a safetensors file, as a weights file for the engines. */
  'open-weights': Task<{ bytes: Uint8Array<ArrayBuffer> }, { weights: Uint8Array<ArrayBuffer>; info: ModelInfo }>;
  /** The curves that a card keeps: false-positive rate and recall, recall and precision. */
  'kept-curves': Task<{ card: Kept }, { roc: [number, number][]; pr: [number, number][] }>;
  'at-threshold': Task<{ card: Kept; threshold: number; prevalence: number }, Operating | undefined>;
  meaning: Task<{ card: Partial<Kept>; probability: number; prevalence: number }, Meant>;
  /** Intervals take a while. `patients` is empty where nothing is known of them. */
  'evaluate-set': Task<LabelledSet & { patients: string[]; threshold: number; intervals: boolean }, Evaluation>;
  'set-at-threshold': Task<LabelledSet & { threshold: number; prevalence: number }, Operating>;
};
