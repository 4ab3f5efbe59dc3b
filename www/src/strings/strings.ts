/**
 * The words that are chosen at run time, by place. Each place has its file here; index-html.ts has those that the build
 * writes into the page. No number of the method stands here: texts that need one take it from the wasm.
 */
import { whole } from '../ui/numbers.ts';
import { card } from './card.ts';
import { engine, engineWhy } from './engines.ts';
import { html } from './index-html.ts';
import { intake } from './intake.ts';
import { lab } from './learn.ts';
import { square } from './method.ts';
import { network } from './networks.ts';
import { weights } from './own-weights.ts';
import { detail, run, seen, table } from './patches.ts';
import { privacy } from './privacy.ts';
import { scan } from './scan.ts';
import { fetchTexts } from './downloads.ts';
import { offline } from './shell.ts';
import { train } from './train.ts';
import type { Decision, MethodInfo, PhantomLabel } from '../shared/wasm/engine-wasm.ts';

export const strings = {
  html,
  lead: (method: MethodInfo) => `Give it a scan, or a patch of ${square(method)} pixels.`,
  preparation: ({ windowLowHu, windowHighHu }: MethodInfo) =>
    `Patches should be windowed like the training data: black at ${whole.format(windowLowHu).replace('-', '−')} HU, white at ${whole.format(windowHighHu)} HU.`,
  sizeLegend: (method: MethodInfo) => `Images larger than ${square(method)}:`,
  sizeCrop: (method: MethodInfo) => `take the centre ${square(method)}`,
  /** `around`: whether the network in use looks at surroundings. */
  sizeNote: (around: boolean) => `Smaller ones are always refused. Nothing is ever stretched.${around ? ' What lies around the centre is seen as its surroundings, where there is enough of it.' : ''}`,
  version: ({ version, preprocessId }: MethodInfo) => `Version ${version}, preprocessing ${preprocessId}.`,
  undo: 'Undo',
  dismiss: 'Dismiss',
  privacy,
  lab,
  train,
  weights,
  decision: { nodule: 'Nodule', 'no nodule': 'No nodule' } satisfies Record<Decision, string>,
  synthetic: 'synthetic',
  syntheticNote: (label: PhantomLabel, seed: number) =>
    `Synthetic example (seed ${seed}), drawn ${label === 'nodule' ? 'with a nodule' : 'without a nodule'}. Not from a patient.`,
  state: { waiting: 'Waiting', running: 'Running', done: 'Done', refused: 'Refused', stopped: 'Set aside', cancelled: 'Cancelled' },
  none: '–',
  intake,
  fetch: fetchTexts,
  offline,
  scan,
  network,
  detail,
  seen,
  table,
  run,
  engine,
  why: engineWhy,
  card,
};
