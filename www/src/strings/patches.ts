/** The words of the classified patches: the selected one, the table, the run. */
import { count, percent, plural } from '../ui/numbers.ts';
import { square } from './method.ts';
import type { Decision, Head, MethodInfo } from '../shared/wasm/engine-wasm.ts';

export const detail = {
  region: 'Selected patch',
  probability: 'Probability of a nodule',
  threshold: (threshold: number) => `threshold ${percent(threshold)}`,
  /** `head`: which part of the network answered, where it has two. */
  sentence: (network: string, decision: Decision, threshold: number, head: Head | undefined) =>
    `${network} says “nodule” from ${percent(threshold)} upward${head ? ` ${{ patch: 'where it sees the patch alone', context: 'where it sees the surroundings, too' }[head]}` : ''}; this patch ${decision === 'nodule' ? 'reaches it' : 'stays below'}.`,
  network: 'Network',
  meaning: 'How firmly the model takes this patch for one with a nodule. Not a diagnosis, and not the chance of an illness.',
  picture: (name: string) => `${name}, as the model sees it`,
  asSeen: (method: MethodInfo) => `As the model sees it, ${square(method)} pixels`,
  source: 'Source',
  sourceText: (format: string, width: number, height: number, bitDepth: number, colour: boolean) =>
    `${format}, ${width} × ${height} pixels, ${bitDepth} bit${colour ? ', colour' : ''}`,
  engine: 'Engine',
  time: 'Time',
  timeNote: 'decoding, and this patch’s share of its batch',
  hash: 'SHA-256',
  notes: 'Notes',
  whatToDo: 'What to do',
  previous: 'Previous patch',
  next: 'Next patch',
  waiting: 'This patch waits for its turn.',
  cancelled: 'The run was cancelled before this patch had its turn.',
  empty: 'No row matches the filter.',
};

/** How a patch was seen. */
export const seen = { patch: 'patch alone', context: 'with its surroundings' } satisfies Record<Head, string>;

export const table = {
  notesInRow: (n: number) => plural(n, 'note', 'notes'),
  page: (from: number, to: number, total: number) => `${count(from)}–${count(to)} of ${count(total)}`,
  empty: 'No row to show here.',
};

export const run = {
  preparing: 'Loading the model…',
  progress: (done: number, total: number) => `${count(done)} of ${count(total)}`,
  speed: (rate: number, secondsLeft: number) =>
    `${rate < 9.95 ? rate.toFixed(1) : count(Math.round(rate))} patches/s, ${secondsLeft < 1.5 ? 'about a second' : secondsLeft < 90 ? `about ${Math.round(secondsLeft)} s` : `about ${Math.round(secondsLeft / 60)} min`} left`,
  finished: (nodule: number, noNodule: number, problems: number) =>
    `${plural(nodule + noNodule, 'patch', 'patches')} classified: ${count(nodule)} nodule, ${count(noNodule)} no nodule${problems ? `. ${plural(problems, 'file', 'files')} not classified` : ''}.`,
  cancelled: (kept: number, cancelled: number) =>
    `Cancelled. ${plural(kept, 'result', 'results')} kept, ${plural(cancelled, 'patch', 'patches')} not run.`,
  cleared: (n: number) => `${plural(n, 'row', 'rows')} cleared.`,
  added: (n: number) => `${plural(n, 'image', 'images')} added.`,
  openSlices: (n: number) => (n === 1 ? 'Open it as a slice in the viewer' : `Open the ${count(n)} as slices in the viewer`),
  cropAgain: (n: number, method: MethodInfo) =>
    `${n === 1 ? 'One image was' : `${count(n)} images were`} refused as too large: take ${n === 1 ? 'its' : 'their'} centre ${square(method)}`,
  examplesFailed: 'The examples could not be drawn.',
};
