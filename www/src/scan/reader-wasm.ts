/**
 * The exports of the reader module (`pkg/reader`), as `src/wasm_api/reader.rs` gives them. Types only, by hand, for the
 * reasons given in ../wasm.ts.
 */

export type Plane = 'axial' | 'coronal' | 'sagittal';

/** Hounsfield units of a slice, row by row. */
export type Hu = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** What to know or to mind; `code` is stable. */
export interface Remark {
  code: string;
  message: string;
}

/** A line of the header panel. */
export interface HeaderTag {
  /** "(0010,0010)", or the key of another format. */
  tag: string;
  name: string;
  value: string;
  /** Whether it may tell who the patient is. */
  identifies: boolean;
}

export interface SliceSource {
  file: string;
  sopInstanceUid?: string | null;
  instanceNumber?: number | null;
}

export interface SeriesInfo {
  format: string;
  title: string;
  modality?: string | null;
  files: number;
  sha256: string;
  seriesUid?: string | null;
  sliceThicknessMm?: number | null;
  window?: [number, number] | null;
  slices: SliceSource[];
  tags: HeaderTag[];
  burnedIn: boolean;
  synthetic: boolean;
}

export interface PlaneInfo {
  width: number;
  height: number;
  count: number;
  /** Millimetres from column to column, row to row, slice to slice. */
  pitchMm: [number, number, number];
  /** Sides of the patient at the left, right, upper and lower edge. */
  letters: [string, string, string, string];
  /** Place in the body (LPS, mm) of (column, row, index): three rows of four, the last a summand. */
  world: number[];
  asAcquired: boolean;
}

export interface SeriesOut {
  info: SeriesInfo;
  warnings: Remark[];
  /** Why the scan is outside of what the networks were trained on; empty where it is not. */
  concerns: Remark[];
  planes: Record<Plane, PlaneInfo>;
  voxels: [number, number, number];
}

/** What a file was, or why it was refused. */
export interface Added {
  kind: string;
  problem?: { code: string; message: string; hint: string } | null;
}
