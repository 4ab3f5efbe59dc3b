/** What a view is, and what all views share. */
import type { Engines } from '../engines/engines.ts';
import type { Arrivals } from '../intake/arrivals.ts';
import type { OwnWeights } from '../settings/own-weights.ts';
import type { Results, Row } from '../patches/results.ts';
import type { Queue } from '../patches/queue.ts';
import type { ModelInfo, SliceIn } from '../../shared/wasm/engine-wasm.ts';
import type { Address } from './address.ts';
import type { Lab } from './lab-client.ts';
import type { PatchValues } from '../../shared/lab/task.ts';

/** The patch that is looked at. */
export interface Subject extends PatchValues {
  /** Another one for every patch. */
  id: number;
  /** As it is called on the page; never in the address. */
  name: string;
  /** Drawn by this page. */
  synthetic: boolean;
  /** Where it can be moved about: the file's bytes, or the slice and the pixel. */
  source: { kind: 'file'; blob: Blob } | { kind: 'slice'; slice: SliceIn; pixel: [number, number] } | { kind: 'phantom'; seed: number };
}

/** The network that is looked at: the one in use. */
export interface LookedAt {
  file: string;
  info: ModelInfo;
}

export interface Shared {
  lab: Lab;
  engines: Engines;
  results: Results;
  /** There is always one: a synthetic patch until there is another. */
  subject(): Promise<Subject>;
  network(): LookedAt | undefined;
  /** Where weights made here are put to use: `own.offer(bytes, 'trained here')`. */
  own: OwnWeights;
  /** A row of the results that was classified. */
  subjectOf(row: Row): Promise<Subject>;
  runner: Queue;
  /** Takes in what the view was given, as if it had been dropped on the page and were said to be a labelled set. */
  arriveAsSet(arrivals: Arrivals): void;
  notify(...text: string[]): void;
}

export interface View {
  /** Drawn into this element, which is empty at first and stays the view's own. */
  readonly element: HTMLElement;
  /** It is in sight now, at this address. Called again with every change of the address. */
  show(address: Address): void;
  /** It is in sight, and the patch or the network has changed. */
  changed(): void;
  /** Something on the page may have changed: results, progress. At most once a frame, while it is in sight. */
  redraw?(): void;
  /** It is out of sight: what runs may end, what was chosen stays. */
  hide(): void;
  /** A fresh worker, where it has one of its own. */
  renew?(): void;
  /** The patch that is looked at is to be forgotten; where the view is in sight, `changed` follows. */
  forgetPatch?(): void;
  /** Forget everything that came from the user's files. */
  forget(): void;
}
