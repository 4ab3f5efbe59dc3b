/** What the view "Why this answer" asks the lab for. */
import type { Prediction, SliceIn } from '../wasm/engine-wasm.ts';
import type { Task } from './task.ts';
import type { LayersWithMaps, MapWeights, RegionShown, Variant } from '../wasm/lab-wasm.ts';

export const METHODS = ['occlusion', 'class-activation', 'gradient', 'smooth-gradient'] as const;
export type Method = (typeof METHODS)[number];

/** Where a patch can be moved about in. */
export type Source = { kind: 'file'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'slice'; slice: SliceIn; pixel: [number, number] } | { kind: 'phantom'; seed: number };

export interface Explained {
  /** A number a pixel, positive where it speaks for a nodule: of the patch, or where the surroundings are seen of a canvas twice as wide. */
  map: Float32Array<ArrayBuffer>;
  /** Of a canvas: how it looks, and which share of the map lies around the patch. */
  canvas: { grey: Uint8Array<ArrayBuffer>; outside: number } | undefined;
  /** With shuffled numbers: how alike this map and that of the network itself are, in [-1, 1]. */
  alike: number | undefined;
}

/** A changed patch and its answer. */
export interface Changed {
  grey: Uint8Array<ArrayBuffer>;
  prediction: Prediction;
}

export type WhyTasks = {
  'layers-with-maps': Task<{ values: Float32Array<ArrayBuffer> }, LayersWithMaps>;
  /** `shuffleBy`: not the network itself, but one with its numbers shuffled, by this seed. */
  explain: Task<{ values: Float32Array<ArrayBuffer>; method: Method; layer: string; weights: MapWeights; shuffleBy: number | undefined }, Explained>;
  /** `key`: the same for the same source. */
  region: Task<{ key: number; source: Source }, RegionShown>;
  /** The changed patch and what the network says of it. */
  variant: Task<{ key: number; source: Source; variant: Variant }, Changed>;
};
