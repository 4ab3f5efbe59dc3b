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

  /** Millimetres in the body, LPS, of an array position; undefined where the files do not say where the scan lies. */
  worldOf([x, y, z]: Triple): Triple | undefined {
    if (!this.series.info.placed) return undefined;
    const { axes, spacingMm } = this.geometry;
    const first = this.firstVoxel(z);
    const along = (k: 0 | 1 | 2): number => first[k] + axes[0][k] * spacingMm[0] * x + axes[1][k] * spacingMm[1] * y;
    return [along(0), along(1), along(2)];
  }

  /** Where a slice's first voxel lies: slices have places of their own where they do not follow each other evenly. */
  private firstVoxel(z: number): Triple {
    const { axes, originMm, slicesAtMm, spacingMm } = this.geometry;
    const at = Math.max(0, Math.min(Math.floor(z), (slicesAtMm?.length ?? 0) - 2));
    const [here, next] = [slicesAtMm?.[at], slicesAtMm?.[at + 1]];
    const along = (k: 0 | 1 | 2): number =>
      here && next ? here[k] + (next[k] - here[k]) * (z - at) : originMm[k] + axes[2][k] * spacingMm[2] * z;
    return [along(0), along(1), along(2)];
  }

  /** The number of an acquired slice as it is shown and exported: from 1, in the order of its plane. */
  numberOf(z: number): number {
    return Math.round(this.pixel(this.acquired, [0, 0, z])[2]) + 1;
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
