/** A series that is open: its loader, its planes, and the ways between display and array. */
import type { Geometry, SliceIn } from '../../shared/wasm/engine-wasm.ts';
import type { LoaderWorker } from './loader-client.ts';
import type { Hu, Plane, PlaneInfo, SeriesOut } from '../../shared/wasm/loader-wasm.ts';

type Triple = [number, number, number];

/** Rows of an affine map, four numbers each, on a point. */
export function apply(rows: readonly number[], [a, b, c]: Triple): Triple {
  const row = (r: number): number => (rows[4 * r] ?? 0) * a + (rows[4 * r + 1] ?? 0) * b + (rows[4 * r + 2] ?? 0) * c + (rows[4 * r + 3] ?? 0);
  return [row(0), row(1), row(2)];
}

export class OpenScan {
  readonly loader: LoaderWorker;
  readonly index: number;
  readonly series: SeriesOut;

  constructor(loader: LoaderWorker, index: number, series: SeriesOut) {
    this.loader = loader;
    this.index = index;
    this.series = series;
  }

  get geometry(): Geometry {
    return this.series.geometry;
  }

  /** Acquired slices. */
  get depth(): number {
    return this.series.geometry.size[2];
  }

  /** The plane whose slices are as they were acquired: what the networks look at. */
  get acquired(): Plane {
    const planes = Object.entries(this.series.planes) as [Plane, PlaneInfo][];
    return planes.find(([, info]) => info.asAcquired)?.[0] ?? 'axial';
  }

  /** Column, row and index of a plane to the array's x, y, z. */
  voxel(plane: Plane, pixel: Triple): Triple {
    return apply(this.series.planes[plane].voxel, pixel);
  }

  /** And back. */
  pixel(plane: Plane, voxel: Triple): Triple {
    return apply(this.series.planes[plane].pixel, voxel);
  }

  /** Millimetres in the body, LPS, of an array position. */
  worldOf(voxel: Triple): Triple {
    return apply(this.series.planes[this.acquired].world, this.pixel(this.acquired, voxel));
  }

  async shown(plane: Plane, index: number): Promise<Hu> {
    return (await this.loader.ask({ kind: 'slice', series: this.index, plane, index })).hu;
  }

  /** An acquired slice for the engine, in the array's own order. */
  async sliceIn(z: number): Promise<SliceIn> {
    const { hu } = await this.loader.ask({ kind: 'acquired', series: this.index, z });
    const [width, height] = this.geometry.size;
    const [x, y] = this.geometry.spacingMm;
    return { hu, width, height, pixelMm: [x, y] };
  }

  lungs(z: number): Promise<{ inside: Uint8Array<ArrayBuffer>; share: number }> {
    return this.loader.ask({ kind: 'lungs', series: this.index, index: z });
  }
}
