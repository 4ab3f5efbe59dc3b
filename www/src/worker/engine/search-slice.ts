/** The search of a slice, in parts that threads share. */
import type { SearchProgress, SearchedSlice, SlicePart, ToWorker } from '../../shared/engine-messages.ts';
import type { HeatMap, NodulensModule } from '../../shared/wasm/engine-wasm.ts';
import { breathe, isCancelled, isTrap } from '../in-turn.ts';
import type { Engine } from './engine.ts';
import type { Threads } from './threads.ts';

/** How often the growing map is shown, milliseconds. */
const SHOW_EVERY = 120;

/**
 * A part of a slice's search, until it is done or cancelled. `show` hears of it now and then. The caller frees the search.
 */
export async function searchPart(
  { wasm, classifier }: Engine,
  { slice, lungs, part, parts }: SlicePart,
  cancelled: () => boolean,
  show: (search: InstanceType<NodulensModule['SliceSearch']>, done: number, total: number) => void,
): Promise<InstanceType<NodulensModule['SliceSearch']>> {
  const search = new wasm.SliceSearch(classifier, slice.hu, slice.width, slice.height, slice.pixelMm, lungs, part, parts);
  try {
    let shown = performance.now();
    while (!search.idle() && !cancelled()) {
      const { done, total } = await search.step(classifier);
      const now = performance.now();
      if (now - shown > SHOW_EVERY) {
        shown = now;
        show(search, done, total);
        await breathe();
      }
    }
    return search;
  } catch (error) {
    if (!isTrap(error)) search.free();
    throw error;
  }
}

/** Of a map, the cells with an answer. */
const answered = ({ probability }: HeatMap): number => probability.reduce((sum, p) => (Number.isNaN(p) ? sum : sum + 1), 0);

/** Searches that run, and whom else to tell where one is to end. */
const cancels = new Map<number, () => void>();

export const cancelSearch = (id: number): void => cancels.get(id)?.();

/** With the threads that there are; `post` hears of it as it goes on. */
export async function searchSlice({ id, slice, lungs, show }: Extract<ToWorker, { kind: 'search-slice' }>, own: Engine, threads: Threads | undefined, post: (message: SearchProgress) => void): Promise<SearchedSlice> {
  const began = performance.now();
  // What the threads have found so far; each map holds its own part.
  const found: HeatMap[] = [];
  let far = { done: 0, total: 1 };
  // Whoever waits must hear that work goes on, by whichever thread.
  const alive = (): void => post({ kind: 'progress', id, ...far, map: undefined });
  const hear = (map: HeatMap | undefined): void => {
    if (map) found.push(map);
    alive();
  };
  const { parts, maps, cancel } = threads?.search({ slice, lungs }, show, hear) ?? { parts: 1, maps: [], cancel: () => undefined };
  cancels.set(id, cancel);
  // It may have been cancelled while it waited for its turn.
  if (isCancelled(id)) cancel();
  let search;
  try {
    search = await searchPart(own, { slice, lungs, part: 0, parts }, () => isCancelled(id), (growing, _, total) => {
      for (const map of found.splice(0)) growing.absorb(map.probability);
      const map = growing.map();
      far = { done: answered(map), total };
      post({ kind: 'progress', id, ...far, map: show ? map : undefined });
    });
    for (const [index, answer] of maps.entries()) {
      const map = await answer;
      if (map) search.absorb(map.probability);
      else if (!isCancelled(id)) {
        const missing = await searchPart(own, { slice, lungs, part: index + 1, parts }, () => isCancelled(id), alive);
        search.absorb(missing.map().probability);
        missing.free();
      }
    }
    const { done, total } = await search.step(own.classifier);
    return { map: search.map(), peaks: search.peaks(own.classifier), note: search.note(), milliseconds: performance.now() - began, whole: done === total, share: done / Math.max(1, total) };
  } finally {
    cancel();
    cancels.delete(id);
    search?.free();
  }
}
