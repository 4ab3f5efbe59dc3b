/** The patch that is looked at: the last one chosen among results or in a scan, and a synthetic one until then. */
import type { Results, Row } from '../patches/results.ts';
import { strings } from '../../strings/strings.ts';
import type { SliceIn } from '../../shared/wasm/engine-wasm.ts';
import type { Lab } from './lab-client.ts';
import type { Subject } from './view.ts';

/** The synthetic patch that is shown while there is no other: one with a nodule. */
const FIRST_SEED = 1;

/** A spot of a slice that was classified. */
export interface Spot {
  slice: SliceIn;
  pixel: [number, number];
}

export class Subjects {
  private readonly lab: Lab;
  private readonly results: Results;
  private readonly byRow = new WeakMap<Row, Promise<Subject>>();
  private spot: Promise<Subject> | undefined;
  private phantom: Promise<Subject> | undefined;
  private selected: Row | undefined;
  /** A spot of the open scan was looked at, and may still be shown somewhere. */
  private fromScan = false;
  private nextId = 1;

  constructor(lab: Lab, results: Results) {
    this.lab = lab;
    this.results = results;
  }

  /** Whether another patch is looked at than when this was last asked. */
  changed(): boolean {
    const { selected } = this.results;
    const row = selected?.state === 'done' ? selected : undefined;
    if (row === this.selected) return false;
    this.selected = row;
    if (row) this.spot = undefined;
    return true;
  }

  /** A click in a scan. */
  look(spot: Spot): void {
    const made = this.cut(spot);
    this.spot = made;
    this.fromScan = true;
    made.catch(() => {
      if (this.spot === made) this.spot = undefined;
    });
  }

  /** A row that was classified, whatever was clicked since it was chosen. */
  lookAt(row: Row): void {
    this.spot = undefined;
    this.selected = row;
  }

  current(): Promise<Subject> {
    if (this.spot) return this.spot;
    if (this.selected) return this.of(this.selected);
    if (this.phantom) return this.phantom;
    const made = this.synthetic(FIRST_SEED);
    this.phantom = made;
    // Whoever asks after a failure gets a new attempt.
    made.catch(() => {
      if (this.phantom === made) this.phantom = undefined;
    });
    return made;
  }

  of(row: Row): Promise<Subject> {
    const known = this.byRow.get(row);
    if (known) return known;
    const made = this.read(row);
    this.byRow.set(row, made);
    made.catch(() => this.byRow.delete(row));
    return made;
  }

  /** The scan was closed. Whether anything of it was looked at. */
  leaveScan(): boolean {
    const seen = this.fromScan;
    this.spot = undefined;
    this.fromScan = false;
    return seen;
  }

  forget(): void {
    this.leaveScan();
    this.selected = undefined;
  }

  private async read({ blob, name, synthetic }: Row): Promise<Subject> {
    // What was classified was read with the same policy or was small enough for both.
    const { values, grey } = await this.lab.ask('picture', { bytes: await blob.arrayBuffer(), policy: 'center-crop' });
    return { id: this.nextId++, name, synthetic: Boolean(synthetic), values, grey, source: { kind: 'file', blob } };
  }

  private async cut({ slice, pixel }: Spot): Promise<Subject> {
    const { values, grey } = await this.lab.ask('spot', { slice, pixel });
    return { id: this.nextId++, name: strings.lab.spot(pixel), synthetic: false, values, grey, source: { kind: 'slice', slice, pixel } };
  }

  private async synthetic(seed: number): Promise<Subject> {
    const { values, grey, name } = await this.lab.ask('phantom', { seed });
    return { id: this.nextId++, name, synthetic: true, values, grey, source: { kind: 'phantom', seed } };
  }
}
