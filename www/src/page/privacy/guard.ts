/**
 * Imported first by the page: takes away, for good, what it never uses and what a content security policy does not
 * cover (WebRTC, new windows, what asks a foreign host by name), or covers once more. What only sealing takes away is in
 * seal.ts. It holds against mistakes and libraries, and makes it hard for a hostile program: docs/threat-model.md.
 */
import { takeAway } from '../../shared/take-away.ts';

/** `open`, picture in picture: a window of its own could be given an address with data in it, and has everything again. */
const NOT_NEEDED = [
  'RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'XMLHttpRequest', 'fetchLater',
  'SharedWorker', 'BroadcastChannel', 'open', 'documentPictureInPicture', 'PaymentRequest', 'PresentationRequest', 'customElements', 'XSLTProcessor', 'DOMParser',
  'cookieStore', 'indexedDB', 'webkitRequestFileSystem', 'webkitResolveLocalFileSystemURL', 'launchQueue',
];

/**
 * A frame would bring a window of its own, in which everything is there again. The others are in index.html where they are
 * needed; one made later could only load something, or have a name looked up, which no policy covers.
 */
const REFUSED: Record<string, boolean> = Object.assign(Object.create(null) as object, Object.fromEntries(
  ['iframe', 'frame', 'frameset', 'object', 'embed', 'fencedframe', 'portal', 'link', 'script', 'base', 'meta', 'form', 'area'].map((name) => [name, true]),
));

export class Refused extends Error {}

// Kept as they are now, whatever a later program makes of the prototypes.
const { apply } = Reflect;
const { toLowerCase, slice, lastIndexOf } = String.prototype;
const { createElement, createElementNS } = Document.prototype;

/** The name as a string, once: what is checked is what is made. */
function checked(given: unknown): string {
  const name = `${given as string}`;
  const local = apply(slice, apply(toLowerCase, name, []), [(apply(lastIndexOf, name, [':']) as number) + 1]) as string;
  if (REFUSED[local]) throw new Refused(`<${local}> is not made by this page.`);
  return name;
}

function replace(name: 'createElement' | 'createElementNS', value: unknown): void {
  Object.defineProperty(Document.prototype, name, { configurable: false, writable: false, value });
}

replace('createElement', function (this: Document, name: unknown) {
  return apply(createElement, this, [checked(name)]);
});
replace('createElementNS', function (this: Document, namespace: unknown, name: unknown) {
  return apply(createElementNS, this, [namespace, checked(name)]);
});

takeAway(window, NOT_NEEDED);
// `document.open` with three arguments is `window.open`; `credentials` has the browser ask a host of one's choice.
takeAway(Document.prototype, ['open', 'write', 'writeln', 'cookie']);
// In a closed shadow tree a link could not be seen.
takeAway(Element.prototype, ['attachShadow']);
takeAway(DOMImplementation.prototype, ['createDocument']);
takeAway(navigator, ['sendBeacon', 'registerProtocolHandler', 'share', 'credentials', 'login', 'storage']);

/** A policy beside those that the page came with; it can only forbid more. */
export function addPolicy(content: string): void {
  const meta = apply(createElement, document, ['meta']) as HTMLMetaElement;
  meta.httpEquiv = 'Content-Security-Policy';
  meta.content = content;
  document.head.append(meta);
}
