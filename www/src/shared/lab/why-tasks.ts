/** What the view "Why this answer" asks the lab for. */
import type { Decision, SliceIn } from '../wasm/engine-wasm.ts';
import type { Task } from './task.ts';
import type { LayersWithMaps, MapWeights, RegionShown, Variant } from '../wasm/lab-wasm.ts';

export const METHODS = ['occlusion', 'class-activation', 'gradient', 'smooth-gradient'] as const;
export type Method = (typeof METHODS)[number];

/** Where a patch can be moved about in. */
export type Source = { kind: 'file'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'slice'; slice: SliceIn; pixel: [number, number] } | { kind: 'phantom'; seed: number };

export interface Explained {
  /** A number a pixel, positive where it speaks for a nodule. */
  map: Float32Array<ArrayBuffer>;
  /** With shuffled numbers: how alike this map and that of the network itself are, in [-1, 1]. */
  alike: number | undefined;
}

/** A changed patch and its answer. */
export interface Changed {
  grey: Uint8Array<ArrayBuffer>;
  probability: number;
  decision: Decision;
}

export type WhyTasks = {
  'layers-with-maps': Task<undefined, LayersWithMaps>;
  /** `shuffleBy`: not the network itself, but one with its numbers shuffled, by this seed. */
  explain: Task<{ values: Float32Array<ArrayBuffer>; method: Method; layer: string; weights: MapWeights; shuffleBy: number | undefined }, Explained>;
  /** `key`: the same for the same source. */
  region: Task<{ key: number; source: Source }, RegionShown>;
  /** The changed patch and what the network says of it. */
  variant: Task<{ key: number; source: Source; variant: Variant }, Changed>;
};
