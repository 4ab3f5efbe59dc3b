/**
 * The exports of the lab's WebAssembly module (`pkg/lab`), as `src/wasm_api/lab.rs` gives them. Types only. Each view has
 * the types of its own part in a file of its own.
 */
import type { DecodedPatch, MethodInfo, ModelInfo, Phantom, Prediction, SizePolicy } from '../wasm.ts';

export type Operation = 'convolution' | 'max-pool' | 'mean' | 'dense' | 'dropout' | 'softmax';

/** A layer as a person would list it. */
export interface LayerInfo {
  /** Names of its parameters begin with it. */
  name: string;
  operation: Operation;
  /** Of a convolution: side of the kernel, and zeros around the input on each side. */
  kernel?: number;
  padding?: number;
  /** Of a dense layer. */
  relu?: boolean;
  /** Without the batch: [C, H, W] or [features]. */
  output_shape: number[];
  parameters: number;
  /** Multiply-adds a patch. */
  macs: number;
}

/** What surrounds a patch, on the same grid: enough of it to move the patch about. */
export interface Region {
  /** HU, or grey in [0, 1] of a picture; row-major. */
  samples: Float32Array<ArrayBuffer>;
  unit: 'hu' | 'grey';
  width: number;
  height: number;
  /** Where the patch's first pixel lies: column, row. */
  corner: [number, number];
}

export interface LabNetwork {
  info(): ModelInfo;
  layers(): LayerInfo[];
  /** One batch of model values. */
  classify(values: Float32Array): Promise<Prediction[]>;
  free(): void;
}

export interface LabModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  LabNetwork: { load(weights: Uint8Array): Promise<LabNetwork> };
  method(): MethodInfo;
  /** The patch around a pixel of a slice. */
  slicePatch(hu: Float32Array, width: number, height: number, pixelMm: [number, number], x: number, y: number): { values: Float32Array<ArrayBuffer>; grey: Uint8Array<ArrayBuffer> };
  makePhantoms(seed: number, count: number): Phantom[];
  decodePatch(bytes: Uint8Array, policy: SizePolicy): DecodedPatch;
}
