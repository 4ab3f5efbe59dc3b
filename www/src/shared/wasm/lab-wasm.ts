/**
 * The exports of the lab's WebAssembly module (`pkg/lab`), as `src/wasm_api/lab.rs` gives them. Types only. Each view has
 * the types of its own part in a file of its own.
 */
import type { EvaluateModule } from './evaluate-wasm.ts';
import type { InsideModule, InsideNetwork, LayerInfo } from './inside-wasm.ts';
import type { DecodedPatch, MethodInfo, ModelInfo, Phantom, Prediction, SizePolicy } from './engine-wasm.ts';

export interface LabNetwork extends InsideNetwork {
  info(): ModelInfo;
  layers(): LayerInfo[];
  /** Layers that Grad-CAM can look at where these values are answered for, and the one to begin with. */
  layersWithMaps(values: Float32Array): LayersWithMaps;
  /** Of this network, or of one with its numbers shuffled. */
  explainer(shuffleBy: number | undefined): Explainer;
  /** This network, a little further. */
  train(settings: TrainingSettings, values: Float32Array, labels: Uint8Array, patients: Uint32Array): Training;
  /** One batch of views. */
  classify(values: Float32Array): Promise<Prediction[]>;
  free(): void;
}

/** By what a layer's maps are weighted: the derivative's mean over the map, or the derivative at each place. */
export type MapWeights = 'mean' | 'place';

export interface LayersWithMaps {
  layers: string[];
  /** Where to begin, and how. */
  best: string;
  weights: MapWeights;
}

/**
 * Explains answers; a map has a number a pixel, positive where it speaks for a nodule: of the patch, or where the surroundings
 * are seen of a canvas twice as wide.
 */
export interface Explainer {
  gradient(values: Float32Array): Float32Array<ArrayBuffer>;
  smoothGradient(values: Float32Array, seed: number): Float32Array<ArrayBuffer>;
  classActivation(values: Float32Array, layer: string, weights: MapWeights): Float32Array<ArrayBuffer>;
  beginOcclusion(values: Float32Array): void;
  /** So many squares more; answers with how many are done and how many there are. */
  stepOcclusion(most: number): [number, number];
  occlusionMap(): Float32Array<ArrayBuffer>;
  free(): void;
}

/** How a patch is changed; windows and noise in HU. */
export interface Variant {
  shift: [number, number];
  /** Degrees, clockwise. */
  turn: number;
  center: number;
  width: number;
  noise: number;
  seed: number;
}

export interface RegionShown {
  size: [number, number];
  /** Column and row of the patch's first pixel. */
  corner: [number, number];
  grey: Uint8Array<ArrayBuffer>;
}

/** A patch with what surrounds it. */
export interface Region {
  shown(): RegionShown;
  patch(variant: Variant): { values: Float32Array<ArrayBuffer>; grey: Uint8Array<ArrayBuffer> };
  free(): void;
}

/** How to train: src/lab/training.rs. */
export interface TrainingSettings {
  epochs: number;
  batch: number;
  learningRate: number;
  /** Share, in (0, 1). */
  holdOut: number;
  seed: number;
  augment: boolean;
}

export interface TrainingEpoch {
  epoch: number;
  trainLoss: number;
  trainAccuracy: number;
  heldLoss: number;
  heldAccuracy: number;
}

export interface TrainingStep {
  step: number;
  steps: number;
  loss: number;
  epoch: TrainingEpoch | null;
}

/** A network in training. */
export interface Training {
  step(): TrainingStep;
  kernels(): Float32Array<ArrayBuffer>;
  kernelCount(): number;
  /** Which patches are held out. */
  held(): Uint32Array;
  weights(data: string, date: string): Uint8Array<ArrayBuffer>;
  free(): void;
}

export interface LabModule extends InsideModule, EvaluateModule {
  trainSmall(settings: TrainingSettings, values: Float32Array, labels: Uint8Array, patients: Uint32Array): Training;
  phantomValues(seed: number, count: number): Float32Array<ArrayBuffer>;
  correlation(a: Float32Array, b: Float32Array): number;
  /** Which share of a canvas's map lies around the patch; nothing of a patch alone. */
  shareOutside(map: Float32Array): number | undefined;
  /** How a view's canvas looks; nothing where its surroundings are not known. */
  canvasGrey(view: Float32Array): Uint8Array<ArrayBuffer> | undefined;
  Region: {
    ofPicture(bytes: Uint8Array): Region;
    ofSlice(hu: Float32Array, width: number, height: number, pixelMm: [number, number], x: number, y: number): Region;
    ofPhantom(seed: number): Region;
  };
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  LabNetwork: { load(weights: Uint8Array): Promise<LabNetwork> };
  method(): MethodInfo;
  /** The patch around a pixel of a slice. */
  slicePatch(hu: Float32Array, width: number, height: number, pixelMm: [number, number], x: number, y: number): { values: Float32Array<ArrayBuffer>; grey: Uint8Array<ArrayBuffer> };
  makePhantoms(seed: number, count: number): Phantom[];
  decodePatch(bytes: Uint8Array, policy: SizePolicy): DecodedPatch;
}
