/**
 * The page without a network: registers the service worker once the page is ready and idle, says in the foot whether it
 * is kept, and asks before a new version is taken into use. Nothing here waits for anything that the user waits for.
 */
import { button } from '../../ui/button.ts';
import { byId, make } from '../../ui/dom.ts';
import { cachePrefix } from '../../shared/offline-messages.ts';
import type { TakeOverAnswer, ToServiceWorker } from '../../shared/offline-messages.ts';
import { isUnfinished } from '../assets/parts.ts';
import { askedByBrowser } from '../privacy/count-requests.ts';
import { leaveUnasked } from './leaving.ts';
import { strings } from '../../strings/strings.ts';
import { scriptUrl } from '../../shared/trusted-types.ts';

/** Set by the build: whether the page keeps itself for use without a network, or is one file and has no need to. */
declare const OFFLINE: 'kept' | 'not kept' | 'one file';

// Sealing takes it away (privacy/seal.ts); forgetting must still work.
const { serviceWorker: container } = navigator as { serviceWorker?: ServiceWorkerContainer };

const folder = (): URL => new URL('./', location.href);

/** Not on file:, nor where the page came over plain HTTP from another computer, nor in some private windows. */
const isOffered = (): boolean => location.protocol !== 'file:' && container !== undefined;

/** To be called when the engine stands, or has failed to. */
export async function startOffline(): Promise<void> {
  if (OFFLINE === 'one file') return say(strings.offline.oneFile);
  if (!container || !isOffered()) return;
  if (OFFLINE === 'not kept') return forgetOffline();
  // The whole page is to be kept, which is not there yet.
  if (isUnfinished()) return;
  await idle();
  try {
    // `undefined` where a test blocks service workers.
    const address = new URL('./service-worker.js', folder()).href;
    const script = scriptUrl(address);
    askedByBrowser(address);
    const registration = (await container.register(script, { scope: './', updateViaCache: 'none' })) as ServiceWorkerRegistration | undefined;
    if (!registration) return;
    watch(registration);
    // The browser looks by itself, too, but may have done so before anyone listened. Without a network there is no answer.
    if (!registration.active || registration.waiting) return;
    askedByBrowser(address);
    await registration.update().catch(() => undefined);
  } catch {
    say(strings.offline.notKept);
  }
}

/** Ends the service worker of this folder and deletes what it kept: the program's files, nothing else was ever there. */
export async function forgetOffline(): Promise<void> {
  if (!isOffered()) return;
  const registration = await container?.getRegistration(folder().href);
  if (registration?.scope === folder().href) await registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith(cachePrefix(folder()))) await caches.delete(name);
  say('');
}

const idle = (): Promise<void> =>
  new Promise((resolve) => {
    if ('requestIdleCallback' in window) requestIdleCallback(() => resolve(), { timeout: 10_000 });
    else setTimeout(resolve, 2000);
  });

function watch(registration: ServiceWorkerRegistration): void {
  if (registration.active) say(strings.offline.kept);
  if (registration.waiting && registration.active) offer(registration.waiting);
  const follow = (coming: ServiceWorker): void => {
    if (!registration.active) say(strings.offline.keeping);
    coming.addEventListener('statechange', () => {
      if (coming.state === 'installed' && registration.active) offer(coming);
      if (coming.state === 'activated') say(strings.offline.kept);
      if (coming.state === 'redundant') say(registration.active ? strings.offline.notUpdated : strings.offline.notKept);
    });
  };
  if (registration.installing) follow(registration.installing);
  registration.addEventListener('updatefound', () => {
    if (registration.installing) follow(registration.installing);
  });
}

const say = (text: string): void => void (byId('offline', 'span').textContent = text);

/** A line with two buttons; the later one wins where there are two new versions. */
function offer(coming: ServiceWorker): void {
  const text = make('p', '', strings.offline.update);
  const [now, later] = [button(strings.offline.reload), button(strings.offline.later, undefined, 'plain')];
  const line = make('div', 'notice-line', text, make('div', 'actions', now, later));
  byId('update', 'div').replaceChildren(line);
  later.addEventListener('click', () => line.remove());
  coming.addEventListener('statechange', () => {
    if (coming.state === 'activated') {
      // The line has said what is lost; asked once more, somebody might stay with files of two builds.
      leaveUnasked();
      location.reload();
    }
    // A still newer one has come in its place.
    if (coming.state === 'redundant') line.remove();
  });
  now.addEventListener('click', () => void takeOver(coming).then((others) => {
    if (others > 0) text.textContent = strings.offline.others(others);
  }));
}

/** Asks the new version to take over; it does not while other pages use the old one. How many those are. */
function takeOver(coming: ServiceWorker): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<TakeOverAnswer>) => resolve(data.coming ? 0 : data.others);
    coming.postMessage({ kind: 'take-over' } satisfies ToServiceWorker, [port2]);
  });
}
