/**
 * What page and loader worker say to each other: one discriminated union each way, plain data only. Every request
 * carries an `id`, and its answer (or its failure) carries the same one.
 */
import type { Ending, WithoutId } from './channel/wire.ts';
import type { Problem } from './problem.ts';
import type { Attempt } from './leak-attempt.ts';
import type { HeatMap } from './wasm/engine-wasm.ts';
import type { Hu, Picture, Plane, SeriesOut } from './wasm/loader-wasm.ts';

/** A file by its name within the folder or the zip; its bytes are read in the worker, one file at a time. */
export interface NamedBlob {
  name: string;
  blob: Blob;
}

export interface FileProblem extends Problem {
  name: string;
}

export interface Opened {
  series: SeriesOut[];
  pictures: Picture[];
  problems: FileProblem[];
}

/** How the greys of a picture become HU, and how large its pixels are. */
export interface PictureReading {
  center: number;
  width: number;
  pixelMm: number;
}

export type ExportFormat = 'csv' | 'json' | 'html' | 'dicom-sr' | 'heat-map';

/** A heat map and the acquired slice that it is of. */
export interface MapOf extends HeatMap {
  z: number;
}

export type ToLoader =
  /** The first message; without an answer. */
  | { kind: 'start'; module: WebAssembly.Module }
  | { kind: 'open'; id: number; files: NamedBlob[] }
  /** A synthetic scan; `seed` makes it. */
  | { kind: 'example'; id: number; seed: number }
  /** One of the pictures opened before, as a series of one slice. */
  | { kind: 'picture'; id: number; picture: number; reading: PictureReading }
  | { kind: 'slice'; id: number; series: number; plane: Plane; index: number }
  /** An acquired slice, in the array's own order, for the engine. */
  | { kind: 'acquired'; id: number; series: number; z: number }
  | { kind: 'lungs'; id: number; series: number; index: number }
  /** `request`: findings, model, what was scanned and when, JSON. `maps`: what to draw. */
  | { kind: 'export'; id: number; series: number; format: ExportFormat; request: string; maps: MapOf[] }
  /** The self-test of privacy (worker/leak-test.ts); `own`: a file of this page's server, which must be out of reach. */
  | { kind: 'try-network'; id: number; own: string | undefined };

export type FromLoader =
  | { kind: 'opened'; id: number; opened: Opened }
  | { kind: 'picture-read'; id: number; index: number; series: SeriesOut }
  | { kind: 'sliced'; id: number; hu: Hu }
  | { kind: 'acquired-slice'; id: number; hu: Float32Array<ArrayBuffer> }
  /** 1 inside the lungs; `share` of the slice. */
  | { kind: 'lungs-found'; id: number; inside: Uint8Array<ArrayBuffer>; share: number }
  | { kind: 'exported'; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'network-tried'; id: number; attempts: Attempt[] }
  /** While opening: files done of all, or slices of the example. */
  | OpeningProgress
  | Ending;

export type OpeningProgress = { kind: 'progress'; id: number; done: number; total: number };

export type LoaderRequest = Exclude<ToLoader['kind'], 'start'>;

interface AnswerKind {
  open: 'opened';
  example: 'opened';
  picture: 'picture-read';
  slice: 'sliced';
  acquired: 'acquired-slice';
  lungs: 'lungs-found';
  export: 'exported';
  'try-network': 'network-tried';
}

export type LoaderAnswer<K extends LoaderRequest> = Extract<FromLoader, { kind: AnswerKind[K] }>;
export type LoaderAsk<K extends LoaderRequest> = Omit<Extract<ToLoader, { kind: K }>, 'id'>;

export type AnyLoaderAsk = WithoutId<Extract<ToLoader, { kind: LoaderRequest }>>;
export type AnyLoaderAnswer = Extract<FromLoader, { kind: AnswerKind[LoaderRequest] }>;
