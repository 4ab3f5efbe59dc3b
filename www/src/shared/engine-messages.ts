/**
 * What page and worker say to each other: one discriminated union each way. Types only, plain data only; a wasm handle
 * never crosses. Every request carries an `id`, and its answer (or its failure) carries the same one.
 */
import type { CancelMessage, Ending, WithoutId } from './channel/wire.ts';
import type { Fault } from './faults.ts';
import type { Attempt } from './leak-attempt.ts';
import type { Problem } from './problem.ts';
import type {
  DecodedPatch, Finding, Geometry, HeatMap, KnownAnswerCheck, MethodInfo, ModelInfo, NetworkInfo, Peak, Phantom, Prediction, SizePolicy, SliceIn, Spot,
} from './wasm/engine-wasm.ts';

export type EngineId = 'cpu' | 'webgpu';

/** Warm milliseconds a patch, of both engines, measured on this computer. */
export interface Speed {
  cpu: number;
  webgpu: number;
}

/** A module in pkg/; two of them compute on the CPU: our own engine, and Burn, which is the reference. */
export type EngineFolder = 'cpu' | 'reference' | 'webgpu';

/** One file on its way in. The bytes are transferred, so the page's copy is gone: a retry reads the file again. */
export interface FileIn {
  key: number;
  bytes: ArrayBuffer;
}

/** The decoded patch without `values`: the page shows the picture, only the worker needs the model's input. */
export type PatchOut = Omit<DecodedPatch, 'values'>;

export type FileOut =
  | { key: number; ok: true; patch: PatchOut; prediction: Prediction; milliseconds: number }
  | { key: number; ok: false; problem: Problem };

/** What an engine is made of. */
export interface Recipe {
  module: WebAssembly.Module;
  /** A weights file's bytes. */
  weights: Uint8Array;
  /** Burn instead of our own engine. */
  reference: boolean;
}

export type ToWorker =
  /** `script`: where threads of the same kind start from; alone without it. */
  | ({ kind: 'start'; id: number; script: string | undefined } & Recipe)
  /** Makes a worker one more thread of another's engine (worker/engine/threads.ts). */
  | ({ kind: 'enlist'; id: number } & Recipe)
  | { kind: 'classify'; id: number; files: FileIn[]; policy: SizePolicy }
  | { kind: 'phantoms'; id: number; seed: number; count: number }
  | { kind: 'known-answer'; id: number }
  /** `batches`: of which sizes the known inputs are asked for. */
  | { kind: 'check'; id: number; reference: Prediction[]; batches: number[] }
  /** One warm-up and so many batches of so many patches. */
  | { kind: 'measure'; id: number; patches: number; batches: number }
  /** The patch around a pixel. */
  | { kind: 'spot'; id: number; slice: SliceIn; pixel: [number, number] }
  /** `lungs`: 1 where to look; everywhere without it. `show`: send the map while it grows. */
  | { kind: 'search-slice'; id: number; slice: SliceIn; lungs: Uint8Array<ArrayBuffer> | undefined; show: boolean }
  /** A thread's part of it. */
  | ({ kind: 'search-part'; id: number; show: boolean } & SlicePart)
  /** Ends the search of that id; it answers with what it has. Not queued. */
  | CancelMessage
  /** Something is to go wrong (shared/faults.ts): at once, or with the work that follows. Not queued, and not answered. */
  | { kind: 'fault'; fault: Fault }
  | { kind: 'order'; id: number; depth: number }
  | { kind: 'merge'; id: number; peaks: [number, Peak][]; geometry: Geometry }
  /** The self-test of privacy (worker/leak-test.ts); `own`: a file of this page's server, which must be out of reach. */
  | { kind: 'try-network'; id: number; own: string | undefined };

/** One of so many parts of a slice's search. */
export interface SlicePart {
  slice: SliceIn;
  lungs: Uint8Array<ArrayBuffer> | undefined;
  part: number;
  parts: number;
}

/** What the search of a slice gives; `whole` is false where it was cancelled, and `share` says how far it came. */
export interface SearchedSlice {
  map: HeatMap;
  share: number;
  peaks: Peak[];
  note: string | undefined;
  milliseconds: number;
  whole: boolean;
}

export type FromWorker =
  | { kind: 'started'; id: number; method: MethodInfo; networks: NetworkInfo[]; model: ModelInfo; threads: number }
  | { kind: 'enlisted'; id: number }
  | { kind: 'classified'; id: number; files: FileOut[] }
  | { kind: 'phantoms-made'; id: number; phantoms: Phantom[] }
  | { kind: 'known-answer-given'; id: number; predictions: Prediction[] }
  | { kind: 'checked'; id: number; check: KnownAnswerCheck }
  | { kind: 'measured'; id: number; millisecondsPerPatch: number }
  | { kind: 'spotted'; id: number; spot: Spot; milliseconds: number }
  | { kind: 'slice-searched'; id: number; searched: SearchedSlice }
  | { kind: 'part-searched'; id: number; map: HeatMap }
  | { kind: 'ordered'; id: number; order: number[] }
  | { kind: 'merged'; id: number; findings: Finding[] }
  | { kind: 'network-tried'; id: number; attempts: Attempt[] }
  /** While a slice is searched; the map where it was asked for. */
  | SearchProgress
  | Ending;

export type SearchProgress = { kind: 'progress'; id: number; done: number; total: number; map: HeatMap | undefined };

export type Request = Exclude<ToWorker['kind'], 'cancel' | 'fault'>;

/** Which answer belongs to which request. */
export interface AnswerKind {
  start: 'started';
  enlist: 'enlisted';
  classify: 'classified';
  phantoms: 'phantoms-made';
  'known-answer': 'known-answer-given';
  check: 'checked';
  measure: 'measured';
  spot: 'spotted';
  'search-slice': 'slice-searched';
  'search-part': 'part-searched';
  order: 'ordered';
  merge: 'merged';
  'try-network': 'network-tried';
}

export type Answer<K extends Request> = Extract<FromWorker, { kind: AnswerKind[K] }>;

/** A request as the caller writes it; the channel adds the id. */
export type Ask<K extends Request> = Omit<Extract<ToWorker, { kind: K }>, 'id'>;

export type AnyAsk = WithoutId<Extract<ToWorker, { kind: Request }>>;
export type AnyAnswer = Extract<FromWorker, { kind: AnswerKind[Request] }>;
