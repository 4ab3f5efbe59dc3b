/**
 * The exports of the loader module (`pkg/loader`), as `src/wasm_api/loader.rs` gives them. Types only, by hand, for the
 * reasons given in ../wasm.ts.
 */

import type { Geometry, HeatMap } from './engine-wasm.ts';

export type Plane = 'axial' | 'coronal' | 'sagittal';

/** Hounsfield units of a slice, row by row. */
export type Hu = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** What to know or to mind; `code` is stable. */
export interface Remark {
  code: string;
  message: string;
}

/** `outside`: not like anything the networks were trained on; otherwise only less like it. */
export interface Concern extends Remark {
  outside: boolean;
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
  /** Whether the files say where the scan lies in the body. */
  placed: boolean;
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
  /** Array position (x, y, z) of (column, row, index), and back: three rows of four each, the last a summand. */
  voxel: number[];
  pixel: number[];
  /** Whether these are the slices as they were acquired. */
  asAcquired: boolean;
}

export interface SeriesOut {
  info: SeriesInfo;
  warnings: Remark[];
  /** Why the scan is outside of what the networks were trained on; empty where it is not. */
  concerns: Concern[];
  planes: Record<Plane, PlaneInfo>;
  geometry: Geometry;
}

/** What a file was, or why it was refused. */
export interface Added {
  kind: string;
  problem?: { code: string; message: string; hint: string } | null;
}

/** A picture with greys that are no HU until somebody says which window it was made with. */
export interface Picture {
  name: string;
  width: number;
  height: number;
  format: string;
  bitDepth: number;
  colour: boolean;
  sha256: string;
  notes: string[];
}

export interface Loader {
  /** Takes a file, or says why not. Never throws for what the file holds. */
  add(name: string, bytes: Uint8Array): Added;
  /** Begins a synthetic scan; returns its number of slices, each to be drawn in order. */
  beginExample(seed: number): number;
  drawExample(index: number): void;
  /** Sorts what was added into series; afterwards nothing more can be added. */
  finish(): { series: SeriesOut[]; pictures: Picture[]; problems: { name: string; code: string; message: string; hint: string }[] };
  /** A picture as a series of one slice: its greys span the window given. */
  readPicture(picture: number, center: number, width: number, pixelMm: number): { index: number; series: SeriesOut };
  slice(series: number, plane: Plane, index: number): Hu;
  /** An acquired slice, in the array's own order. */
  acquired(series: number, z: number): Float32Array<ArrayBuffer>;
  /** The lungs in an acquired slice. */
  lungs(series: number, index: number): { inside: Uint8Array<ArrayBuffer>; share: number };
  exportFindings(series: number, format: string, request: string, maps: (HeatMap & { z: number })[]): Uint8Array<ArrayBuffer>;
  free(): void;
}

export interface LoaderModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  Loader: new () => Loader;
}
