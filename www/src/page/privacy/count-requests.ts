/**
 * Counts what the page asks for, as the browser itself records it, from the moment a file is opened. Workers do not
 * appear in that record, and need not: they have nothing to ask with (worker/no-network.ts).
 */

import { DATA } from '../../shared/leak-attempt.ts';

/** A request of this page: its address without the page's own, and what came, bytes. */
export interface Requested {
  path: string;
  bytes: number;
  /** Since the page was loaded, milliseconds. */
  at: number;
}

const OUTSIDE_NOTHING = /^(blob|data):/;

export class Requests {
  /** When the first file was opened; undefined before. */
  opened: number | undefined;
  private readonly all: Requested[] = [];
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
    // A session of hours must not lose entries: the browser keeps 250 unless they are observed.
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
        // The self-test's own attempts are in its table, with what became of each.
        if (OUTSIDE_NOTHING.test(entry.name) || entry.name.endsWith(DATA)) continue;
        this.all.push({ path: entry.name.replace(new URL('.', document.baseURI).href, ''), bytes: entry.transferSize, at: entry.startTime });
      }
      this.changed();
    }).observe({ type: 'resource', buffered: true });
  }

  /** From now on the count is of interest. */
  fileOpened(): void {
    if (this.opened !== undefined) return;
    this.opened = performance.now();
    this.changed();
  }

  get total(): number {
    return this.all.length;
  }

  get sinceOpened(): Requested[] {
    const { opened } = this;
    return opened === undefined ? [] : this.all.filter(({ at }) => at >= opened);
  }
}
