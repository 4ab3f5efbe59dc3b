/**
 * Imported first by the page: takes away, for good, what it never uses and what a content security policy does not
 * cover (WebRTC, new windows, what asks a foreign host by name), or covers once more. What only sealing takes away is in
 * seal.ts. It holds against mistakes and libraries, and makes it hard for a hostile program: docs/threat-model.md.
 */
import { takeAway } from '../../shared/take-away.ts';
import { OF_DOCUMENT, OF_ELEMENT, OF_NAVIGATOR, OF_REGISTRATION, OF_WINDOW } from './ways-out.ts';

/**
 * A frame would bring a window of its own, in which everything is there again. The others are in index.html where they are
 * needed; one made later could only load something, or have a name looked up, which no policy covers.
 */
const REFUSED: Record<string, boolean> = Object.assign(Object.create(null) as object, Object.fromEntries(
  ['iframe', 'frame', 'applet', 'webview', 'controlledframe', 'frameset', 'object', 'embed', 'fencedframe', 'portal', 'link', 'script', 'base', 'meta', 'form', 'area'].map((name) => [name, true]),
));

export class Refused extends Error {}

/** How many times something was refused that only seal.ts refuses: a navigation, a link to a new window. */
export const refusals = { count: 0 };

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

/** Not every browser has each of them. */
function takeFrom(name: string, members: readonly string[], of: 'prototype' | 'itself' = 'prototype'): void {
  const owner = (window as unknown as Record<string, { prototype: object } | undefined>)[name];
  if (owner) takeAway(of === 'prototype' ? owner.prototype : owner, members);
}

takeFrom('Worklet', ['addModule']);
takeFrom('Range', ['createContextualFragment']);
takeFrom('HTMLIFrameElement', ['src', 'srcdoc']);
// A player elsewhere is handed the address of what it is to play.
takeFrom('HTMLMediaElement', ['remote']);
takeFrom('ShadowRoot', OF_ELEMENT);
takeFrom('Element', OF_ELEMENT);
takeFrom('Document', OF_DOCUMENT);
takeFrom('Document', ['parseHTML', 'parseHTMLUnsafe'], 'itself');
takeFrom('DOMImplementation', ['createDocument']);
takeFrom('ServiceWorkerRegistration', OF_REGISTRATION);
takeAway(navigator, OF_NAVIGATOR);
takeAway(window, OF_WINDOW);

/** A policy beside those that the page came with; it can only forbid more. */
export function addPolicy(content: string): void {
  const meta = apply(createElement, document, ['meta']) as HTMLMetaElement;
  meta.httpEquiv = 'Content-Security-Policy';
  meta.content = content;
  document.head.append(meta);
}
