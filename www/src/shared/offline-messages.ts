/** What the page and its service worker have to agree on. */

/** Answered through the port that comes with it. */
export interface ToServiceWorker {
  kind: 'take-over';
}

export interface TakeOverAnswer {
  /** Whether the new build takes over now. */
  coming: boolean;
  /** Other pages of ours that are open, and keep the old build in use. */
  others: number;
}

/** To every page that is open: what the service worker has asked the server for, which no page sees by itself. */
export interface FetchedByServiceWorker {
  kind: 'fetched';
  /** Whole. */
  address: string;
}

/** Names of the caches of a folder begin so. Other folders of the same origin may hold other builds. */
export const cachePrefix = ({ pathname }: URL): string => `nodulens ${pathname} `;
