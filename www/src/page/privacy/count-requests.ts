/**
 * Counts what is asked for, as the browser itself records it, from the moment a file is opened: by the page, by its service worker,
 * and by the browser where the page tells it to. Workers do not appear in that record, and need not: they have nothing to ask with
 * (worker/no-network.ts). Left out is what the self-test tries, address by address, and what lies in the page's own memory (blob:,
 * data:), which leads nowhere.
 */
import { attempted } from '../../shared/leak-attempt.ts';
import type { FetchedByServiceWorker } from '../../shared/offline-messages.ts';

export type Asker = 'page' | 'service-worker' | 'browser';

/** A request: its address without the page's own, who asked, and what came, bytes. */
export interface Requested {
  path: string;
  by: Asker;
  /** One of the files that this build consists of, and nothing more in its address: no data can have gone along. */
  ofPage: boolean;
  bytes: number;
  /** Since the page was loaded, milliseconds. */
  at: number;
}

/** The files of this build, below the page's address. */
export function filesOfPage(listed: string | undefined): ReadonlySet<string> {
  return new Set(['', ...(listed ?? '').split(' ').filter(Boolean)]);
}

/** What is recorded of an address; nothing where it is the self-test's own, or leads nowhere. */
export function recordOf(address: string, base: string, files: ReadonlySet<string>): Pick<Requested, 'path' | 'ofPage'> | undefined {
  if (attempted.has(address) || address.startsWith('data:') || address.startsWith(`blob:${new URL(base).origin}/`)) return undefined;
  const path = address.startsWith(base) ? address.slice(base.length) : address;
  return { path, ofPage: address.startsWith(base) && files.has(path) };
}

// Sealing takes it away (seal.ts).
const { serviceWorker: container } = navigator as { serviceWorker?: ServiceWorkerContainer };
const tell = new Set<(address: string, by: Asker) => void>();

/** The browser is about to ask for that because the page told it to, and no record will say so. */
export function askedByBrowser(address: string): void {
  for (const hear of tell) hear(address, 'browser');
}

export class Requests {
  /** When the first file was opened; undefined before. */
  opened: number | undefined;
  private readonly all: Requested[] = [];
  private readonly base = new URL('.', document.baseURI).href;
  private readonly files = filesOfPage(document.documentElement.dataset['files']);
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
    // A session of hours must not lose entries: the browser keeps 250 unless they are observed.
    new PerformanceObserver((list) => {
      for (const { name, transferSize, startTime } of list.getEntries() as PerformanceResourceTiming[]) this.add(name, 'page', transferSize, startTime);
      this.changed();
    }).observe({ type: 'resource', buffered: true });
    const hear = (address: string, by: Asker): void => {
      this.add(address, by, 0, performance.now());
      this.changed();
    };
    tell.add(hear);
    container?.addEventListener('message', ({ data }: MessageEvent<Partial<FetchedByServiceWorker> | undefined>) => {
      if (data?.kind === 'fetched' && typeof data.address === 'string') hear(data.address, 'service-worker');
    });
    container?.startMessages();
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

  /** What is no part of the page first. */
  get sinceOpened(): Requested[] {
    const { opened } = this;
    const since = opened === undefined ? [] : this.all.filter(({ at }) => at >= opened);
    return [...since.filter(({ ofPage }) => !ofPage), ...since.filter(({ ofPage }) => ofPage)];
  }

  private add(address: string, by: Asker, bytes: number, at: number): void {
    const record = recordOf(address, this.base, this.files);
    if (record) this.all.push({ ...record, by, bytes, at });
  }
}
