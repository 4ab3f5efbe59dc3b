/** What `src/wasm_api/lab/inside.rs` exports. Types only. */

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

/** What one layer gave; number 0 is the input. */
export interface Traced {
  name: string;
  /** [C, H, W] or [features]. */
  shape: number[];
  values: Float32Array<ArrayBuffer>;
}

/** A unit of a layer: one number of a trace. */
export interface Unit {
  layer: number;
  channel: number;
  y: number;
  x: number;
}

/** From the first column and row to those behind the last. */
export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What made a layer of a trace: a layer of the network, or what stands between its parts. */
export interface Step extends Omit<LayerInfo, 'operation'> {
  operation: LayerInfo['operation'] | 'surroundings' | 'join' | 'sum';
  /** Layers of the trace that it reads. */
  before: number[];
}

export interface Field {
  before: Rect;
  beforeClipped: Rect;
  /** Empty where the patch has no part in it. */
  input: Rect;
  inputClipped: Rect;
  /** In the surroundings; nothing where they have no part in it. */
  surroundings?: Rect | null;
}

export interface Term {
  channel: number;
  y: number;
  x: number;
  input: number;
  weight: number;
  product: number;
}

export interface Share {
  logit: number;
  scaled: number;
  shift: number;
  exp: number;
  share: number;
}

export interface Convolved {
  operation: 'convolution';
  kernel: number;
  /** The input channel of the numbers that follow. */
  input: number;
  inputs: number[];
  /** Whether that input is a zero around the map. */
  outside: boolean[];
  weights: number[];
  products: number[];
  /** A sum for each input channel. */
  totals: number[];
  bias: number;
  /** Before ReLU. */
  sum: number;
}

export interface DenseMade {
  operation: 'dense';
  /** Largest first. */
  terms: Term[];
  others: { count: number; sum: number };
  bias: number;
  sum: number;
  relu: boolean;
}

/** How an activation came about. */
export type Made = { value: number; field: Field } & (
  | { operation: 'input' | 'surroundings'; hu: number }
  /** A feature of one of two layers. */
  | { operation: 'join'; layer: number; channel: number; input: number }
  | { operation: 'sum'; inputs: [number, number] }
  | Convolved
  | { operation: 'max-pool'; inputs: [number, number, number, number]; winner: number }
  | { operation: 'mean'; count: number; sum: number }
  | DenseMade
  | { operation: 'dropout'; input: number }
  | { operation: 'softmax'; temperature: number; classes: [Share, Share] }
);

export interface Kernels {
  /** Kernels, rows, columns. */
  shape: [number, number, number];
  /** Input channels that can be chosen. */
  inputs: number;
  values: Float32Array<ArrayBuffer>;
  bias: Float32Array<ArrayBuffer>;
  /** Largest absolute weight of the whole layer. */
  largest: number;
}

export interface Histogram {
  low: number;
  high: number;
  counts: number[];
  zeros: number;
  total: number;
  mean: number;
}

export interface Dropped {
  off: boolean[];
  logits: [number, number];
  probability: number;
}

/** What the view "inside" asks a network for. */
export interface InsideNetwork {
  trace(values: Float32Array): Traced[];
  /** From these values to their answer, one less than there are layers in the trace. */
  steps(values: Float32Array): Step[];
  made(values: Float32Array, unit: Unit, input: number | undefined, most: number): Made;
  beforeRelu(values: Float32Array, layer: number, channel: number): Float32Array<ArrayBuffer>;
  kernels(values: Float32Array, layer: number, input: number): Kernels | undefined;
  histogram(values: Float32Array, layer: number, channel: number | undefined, bins: number): Histogram;
  dropped(values: Float32Array, share: number, seed: number): Dropped;
}

export interface InsideModule {
  softmaxShares(logits: Float32Array, temperature: number): [Share, Share];
  rewindow(values: Float32Array, center: number, width: number): Float32Array<ArrayBuffer>;
}
