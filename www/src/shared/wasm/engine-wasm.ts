/**
 * The exports of the engines' WebAssembly modules (`pkg/cpu`, `pkg/webgpu`, and `pkg/lab` for the reference), as `src/wasm_api.rs` gives them. Types only.
 *
 * Written by hand rather than taken from the generated `.d.ts`: the page must type-check in a checkout where the
 * modules have not been built, and the union types here are narrower than what wasm-bindgen can say.
 */

export interface MethodInfo {
  /** Side of the patch in pixels. Its surroundings are twice as wide. */
  patchSize: number;
  windowLowHu: number;
  windowHighHu: number;
  preprocessId: string;
  version: string;
}

/** What a network costs, known before its weights are loaded. */
export interface NetworkInfo {
  network: string;
  parameters: number;
  macsPerPatch: number;
}

export type PhantomLabel = 'nodule' | 'no nodule';

export interface Phantom {
  name: string;
  label: PhantomLabel;
  seed: number;
  png: Uint8Array<ArrayBuffer>;
}

/** What to do with an image that is larger than the patch. A smaller one is always refused. */
export type SizePolicy = 'refuse' | 'center-crop';

export interface DecodedPatch {
  /** Of the source image, pixels. */
  width: number;
  height: number;
  format: string;
  bitDepth: number;
  colour: boolean;
  /** Of the file's bytes, hex. */
  sha256: string;
  /** The patch as the model sees it, 8 bits for display; patchSize x patchSize, row-major. */
  grey: Uint8Array<ArrayBuffer>;
  /** The view: the model input in [0, 1], same shape, and as many of the surroundings; not a number where they are not known. */
  values: Float32Array<ArrayBuffer>;
  notes: string[];
}

export type Decision = 'nodule' | 'no nodule';

/** Which part of a network answers: the one that sees the patch alone, or the one that sees its surroundings, too. */
export type Head = 'patch' | 'context';

/** Numbers by which a part of a network is read. */
export interface Operating {
  threshold: number;
  temperature: number;
}

export interface Prediction {
  probability: number;
  decision: Decision;
  head: Head;
  /** Of this part. */
  threshold: number;
  logits: [number, number];
}

export interface Confusion {
  tp: number;
  fn: number;
  fp: number;
  tn: number;
}

export interface CardMetrics {
  part: string;
  n: number;
  positives: number;
  roc_auc: number;
  /** Absent where none was drawn. */
  roc_auc_ci95?: [number, number] | null;
  average_precision: number;
  accuracy: number;
  precision: number;
  recall: number;
  specificity: number;
  f1: number;
  threshold: number;
  confusion: Confusion;
  /** Absent in older files. */
  recall_at_specificity?: number | null;
  /** By bootstrap; absent in older files. */
  ci95?: CardIntervals | null;
  /** What the bootstrap draws: patients, scans, patches; absent in older files. */
  bootstrap_units?: string;
  /** Absent where the data does not say which negatives are contested. */
  without_contested?: CardContested | null;
}

/** Figures without the negatives near a finding that fewer than three of four readers marked. */
export interface CardContested {
  contested: number;
  contested_called: number;
  n: number;
  roc_auc?: number | null;
  recall_at_specificity?: number | null;
  specificity: number;
  precision: number;
}

export type Interval = [number, number];

export interface CardIntervals {
  average_precision: Interval;
  accuracy: Interval;
  precision: Interval;
  recall: Interval;
  specificity: Interval;
  f1: Interval;
  recall_at_specificity: Interval;
}

/** Pairs are before and after temperature scaling; after is cross-fitted. */
export interface CardCalibration {
  part: string;
  temperature: number;
  folds: number;
  ece: [number, number];
  brier: [number, number];
  log_loss: [number, number];
  /** Mean probability, share of nodules, patches. */
  bins: [number, number, number][];
}

export interface CardSubgroup {
  by: string;
  label: string;
  n: number;
  positives: number;
  roc_auc: number | null;
  recall: number | null;
  recall_ci95: Interval | null;
  specificity: number | null;
  specificity_ci95: Interval | null;
}

export interface CardEpoch {
  epoch: number;
  train_loss: number;
  train_accuracy: number | null;
  valid_loss: number;
  valid_accuracy: number;
  valid_auc: number;
}

/** Figures of one part of a network; absent in older files, and where nothing was measured. */
export interface CardFigures {
  metrics?: CardMetrics | null;
  /** Absent where nothing was calibrated. */
  calibration?: CardCalibration | null;
  /** False-positive rate, recall, threshold. */
  roc?: [number, number, number][];
  subgroups?: CardSubgroup[];
}

/** As the weights file has it: src/weights/card.rs. The figures are of patches alone where there are others. */
export interface ModelCard extends CardFigures {
  title: string;
  intended_use: string;
  data: string;
  split: string;
  recipe: string;
  seed: number;
  epochs: number;
  date: string;
  commit: string;
  /** This and all that follows up to `limits` is absent in older files. */
  train_part?: string;
  /** Where the surroundings are seen; absent of a network that does not look at them. `alone`: patches without any. */
  context?: (CardFigures & { alone: number }) | null;
  history?: CardEpoch[];
  settings?: string;
  reproduce?: string[];
  limits: string[];
  citations: string[];
  license: string;
}

export interface ModelInfo {
  modelId: string;
  network: string;
  parameters: number;
  macsPerPatch: number;
  threshold: number;
  temperature: number;
  /** Both where the surroundings are seen; absent of a network that does not look at them. */
  context?: Operating | null;
  preprocessId: string;
  weightsSha256: string;
  weightsBytes: number;
  engine: string;
  card: ModelCard;
  /** Its name where the user has loaded it; the page sets this. */
  own?: string;
}

export interface KnownAnswerCheck {
  ok: boolean;
  maxDifference: number;
  tolerance: number;
}

/** A slice as the engine gets it: Hounsfield units row by row, and millimetres from column to column and row to row. */
export interface SliceIn {
  hu: Float32Array<ArrayBuffer>;
  width: number;
  height: number;
  pixelMm: [number, number];
}

/** Probabilities on a grid over a slice; cell (column, row) stands for the pixel (stepPx * column, stepPx * row). */
export interface HeatMap {
  width: number;
  height: number;
  stepPx: [number, number];
  /** Not a number where nothing was asked (yet). */
  probability: Float32Array<ArrayBuffer>;
}

export interface Peak {
  /** Pixel of the slice: x, y. */
  pixel: [number, number];
  probability: number;
  diameterMm: number | null;
}

export interface Finding {
  /** Array position: x, y, z. */
  voxel: [number, number, number];
  /** LPS, mm. */
  worldMm: [number, number, number];
  /** First and last slice. */
  slices: [number, number];
  probability: number;
  diameterMm: number | null;
}

/** Position, pitch and direction of a volume's axes, as the loader gives it and the engine takes it. */
export interface Geometry {
  size: [number, number, number];
  originMm: [number, number, number];
  spacingMm: [number, number, number];
  axes: [[number, number, number], [number, number, number], [number, number, number]];
  /** Centre of each slice's first voxel, where slices do not follow each other evenly. */
  slicesAtMm?: [number, number, number][] | null;
}

export interface Spot {
  /** The patch as the model sees it, 8 bits, patchSize x patchSize. */
  grey: Uint8Array<ArrayBuffer>;
  prediction: Prediction;
  note?: string | null;
}

export interface SliceSearch {
  /** A bounded piece of work. */
  step(classifier: Classifier): Promise<{ done: number; total: number }>;
  /** Whether its part of the work is done. */
  idle(): boolean;
  /** Takes over what another part has found. */
  absorb(probability: Float32Array): void;
  map(): HeatMap;
  /** Positions at or above the classifier's threshold, with their diameters. */
  peaks(classifier: Classifier): Peak[];
  note(): string | undefined;
  free(): void;
}

export interface Classifier {
  info(): ModelInfo;
  /** The patch around a pixel of a slice. */
  classifyAt(hu: Float32Array, width: number, height: number, pixelMm: [number, number], x: number, y: number): Promise<Spot>;
  /** One batch of views. */
  classify(views: Float32Array): Promise<Prediction[]>;
  /** Two logits for each position of a picture of values in [0, 1]; nothing where the network has no such pass. */
  denseLogits(values: Float32Array, width: number, height: number): Promise<Float32Array | undefined>;
  /** The same with surroundings, of which the picture holds those of the outermost patches. */
  denseLogitsInContext(values: Float32Array, width: number, height: number): Promise<Float32Array | undefined>;
  knownAnswerInputs(): Float32Array;
  checkKnownAnswer(reference: Prediction[], ours: Prediction[]): KnownAnswerCheck;
  free(): void;
}

export interface NodulensModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  method(): MethodInfo;
  networks(): NetworkInfo[];
  makePhantoms(seed: number, count: number): Phantom[];
  decodePatch(bytes: Uint8Array, policy: SizePolicy): DecodedPatch;
  Classifier: {
    load(weights: Uint8Array): Promise<Classifier>;
    /** Burn on the CPU, which every engine is checked against. Only the lab's module has it. */
    loadReference(weights: Uint8Array): Promise<Classifier>;
  };
  SliceSearch: new (classifier: Classifier, hu: Float32Array, width: number, height: number, pixelMm: [number, number], mask: Uint8Array | undefined, part: number, parts: number) => SliceSearch;
  /** Slices of a volume of so many, coarse first. */
  sliceOrder(depth: number): Uint32Array;
  /** Peaks of slices as positions in the body. */
  mergePeaks(peaks: [number, Peak][], geometry: Geometry): Finding[];
}
