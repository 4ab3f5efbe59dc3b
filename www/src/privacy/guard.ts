/**
 * Imported first by the page: takes away, for good, what it never uses and what a content security policy does not
 * cover (WebRTC, new windows), or covers once more. What only sealing takes away is in seal.ts.
 */
import { takeAway } from './take-away.ts';

/** `open`: a window that is opened could be given an address with data in it. */
const NOT_NEEDED = [
  'RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'XMLHttpRequest', 'fetchLater',
  'SharedWorker', 'BroadcastChannel', 'open', 'PaymentRequest', 'PresentationRequest',
];

/**
 * A frame would bring a window of its own, in which everything is there again. The others are in index.html where they are
 * needed; one made later could only load something, or have a name looked up, which no policy covers.
 */
const REFUSED = new Set(['iframe', 'frame', 'frameset', 'object', 'embed', 'fencedframe', 'portal', 'link', 'script', 'base', 'meta', 'form', 'area']);

export class Refused extends Error {}

function checked(name: unknown): void {
  const local = String(name).toLowerCase().split(':').pop() ?? '';
  if (REFUSED.has(local)) throw new Refused(`<${local}> is not made by this page.`);
}

const { createElement, createElementNS } = Document.prototype;
Object.defineProperties(Document.prototype, {
  createElement: {
    configurable: false,
    writable: false,
    value(this: Document, ...given: Parameters<Document['createElement']>) {
      checked(given[0]);
      return createElement.apply(this, given);
    },
  },
  createElementNS: {
    configurable: false,
    writable: false,
    value(this: Document, ...given: [string | null, string]) {
      checked(given[1]);
      return createElementNS.apply(this, given as Parameters<Document['createElementNS']>);
    },
  },
});

takeAway(window, NOT_NEEDED);
takeAway(navigator, ['sendBeacon', 'registerProtocolHandler', 'share']);

/** A policy beside those that the page came with; it can only forbid more. */
export function addPolicy(content: string): void {
  const meta = createElement.call(document, 'meta') as HTMLMetaElement;
  meta.httpEquiv = 'Content-Security-Policy';
  meta.content = content;
  document.head.append(meta);
}
