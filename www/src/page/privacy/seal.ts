/**
 * Sealing: everything that the page may still need is fetched into memory, then every way out is shut until it is
 * reloaded: by the browser (a stricter policy, which cannot be loosened), and by taking away what a policy does not
 * cover. Workers started afterwards inherit the policy; all workers have had no network functions from their start (worker/no-network.ts).
 */
import { holdEverything } from '../assets/code-and-weights.ts';
import { loadLater } from '../load-later.ts';
import { saving } from '../patches/export-patches.ts';
import type { OfferedModel } from '../assets/model-list.ts';
import { Refused, addPolicy, refusals } from './guard.ts';
import { takeAway } from '../../shared/take-away.ts';

/** Compiling is done by then; blob: and data: addresses lead nowhere outside. */
const POLICY = [
  "default-src 'none'", "script-src 'wasm-unsafe-eval'", 'worker-src blob:', "connect-src 'none'", 'img-src blob: data:', "form-action 'none'", "base-uri 'none'",
].join('; ');

export type SealState = 'open' | 'sealing' | 'sealed';

export async function shutEverything(models: OfferedModel[], report: (done: number, total: number) => void): Promise<void> {
  await holdEverything(models.map(({ file }) => file), loadLater, report);
  addPolicy(POLICY);
  refuseNavigation();
  takeAway(window, ['fetch', 'Request']);
  // It could be told to add data to the request with which the page is reloaded (navigation preload).
  takeAway(navigator, ['serviceWorker']);
}

/** Not in TypeScript's types everywhere. */
interface NavigateEvent extends Event {
  navigationType: string;
  hashChange: boolean;
  userInitiated: boolean;
  downloadRequest: string | null;
  destination: { url: string; sameDocument: boolean };
}

// Kept as they are now, whatever a later program makes of the prototypes.
const { apply } = Reflect;
const { preventDefault, stopImmediatePropagation } = Event.prototype;
const { getAttribute, hasAttribute } = Element.prototype;
const { click } = HTMLElement.prototype;
const { dispatchEvent } = EventTarget.prototype;

/** Where a link within leads, unless that is a file made by this page, to be saved; a blob that is shown could go on elsewhere. */
function leadsAway(link: Element): boolean {
  const address = ((apply(getAttribute, link, ['href']) ?? apply(getAttribute, link, ['xlink:href']) ?? '') as string);
  const saved = /^(blob|data):/.test(address) && (apply(hasAttribute, link, ['download']) as boolean);
  return address !== '' && !address.startsWith('#') && !saved;
}

/** Whether a click there follows a link that does; there are no shadow trees (guard.ts). */
function leads(target: EventTarget | null): boolean {
  for (let node = target as Node | null; node; node = node.parentNode) {
    // In MathML any element may be a link.
    if (node instanceof Element && leadsAway(node)) return true;
  }
  return false;
}

/** No policy covers the address bar: data could leave as part of an address. */
function refuseNavigation(): void {
  const here = location.href.split('#')[0];
  const refuse = (event: Event): void => {
    refusals.count += 1;
    apply(preventDefault, event, []);
    apply(stopImmediatePropagation, event, []);
  };
  const { navigation } = window as unknown as { navigation?: EventTarget };
  navigation?.addEventListener('navigate', (event) => {
    const { downloadRequest, hashChange, navigationType, destination } = event as NavigateEvent;
    // Firefox does not say that it is a download.
    const saved = saving.has(destination.url) || (downloadRequest !== null && /^(blob|data):/.test(destination.url));
    // Reloading lifts the seal.
    const again = navigationType === 'reload' && destination.url.split('#')[0] === here;
    // The part behind # is sent to nobody: the views of "See why, and learn" keep what is chosen there.
    const within = hashChange || (destination.sameDocument && destination.url.split('#')[0] === here);
    if (!within && !saved && !again) refuse(event);
  });
  for (const type of ['click', 'auxclick', 'submit']) {
    addEventListener(type, (event) => {
      if (type === 'submit' || leads(event.target)) refuse(event);
    }, { capture: true });
  }
  // A link that is nowhere in the page can be clicked by a program; its events do not pass the window.
  const stop = (target: EventTarget): void => {
    if (!leads(target)) return;
    refusals.count += 1;
    throw new Refused('This page is sealed.');
  };
  Object.defineProperty(HTMLElement.prototype, 'click', {
    configurable: false,
    writable: false,
    value(this: HTMLElement) {
      stop(this);
      apply(click, this, []);
    },
  });
  Object.defineProperty(EventTarget.prototype, 'dispatchEvent', {
    configurable: false,
    writable: false,
    value(this: EventTarget, event: Event) {
      if (event.type === 'click') stop(this);
      return apply(dispatchEvent, this, [event]) as boolean;
    },
  });
}
