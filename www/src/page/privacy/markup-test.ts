/**
 * The self-test's part about markup: each way in which text becomes elements is tried with a frame, for a frame brings a window in
 * which every function is there again. What counts is whether there is one afterwards.
 */
import type { Attempt } from '../../shared/leak-attempt.ts';

const FRAME = '<iframe></iframe>';

type Made = ParentNode | Document | undefined;

/** Each answers with what may hold a frame now. `host` is in the document, with a paragraph in it. */
const SINKS: Record<string, (host: HTMLElement, inner: HTMLElement) => Made> = {
  innerHTML: (host) => {
    host.innerHTML = FRAME;
    return host;
  },
  outerHTML: (host, inner) => {
    inner.outerHTML = FRAME;
    return host;
  },
  insertAdjacentHTML: (host) => {
    host.insertAdjacentHTML('beforeend', FRAME);
    return host;
  },
  setHTML: (host) => {
    (host as unknown as { setHTML(text: string, options: object): void }).setHTML(FRAME, { sanitizer: { elements: ['iframe'] } });
    return host;
  },
  setHTMLUnsafe: (host) => {
    host.setHTMLUnsafe(FRAME);
    return host;
  },
  parseHTMLUnsafe: () => Document.parseHTMLUnsafe(FRAME),
  createContextualFragment: () => document.createRange().createContextualFragment(FRAME),
  DOMParser: () => new DOMParser().parseFromString(FRAME, 'text/html'),
  'document.write': () => {
    const other = document.implementation.createHTMLDocument('');
    other.write(FRAME);
    return other;
  },
  execCommand: (host) => {
    host.contentEditable = 'true';
    getSelection()?.selectAllChildren(host);
    document.execCommand('insertHTML', false, FRAME);
    return host;
  },
};

/** Whether each sink's function or property is there at all. */
const THERE: Record<string, () => boolean> = {
  parseHTMLUnsafe: () => 'parseHTMLUnsafe' in Document && typeof Document.parseHTMLUnsafe === 'function',
  createContextualFragment: () => typeof Range.prototype.createContextualFragment === 'function',
  DOMParser: () => typeof DOMParser === 'function',
  'document.write': () => typeof Document.prototype.write === 'function',
  execCommand: () => typeof Document.prototype.execCommand === 'function',
};

/** A property of elements is there where it does something when it is set. */
const onElements = (name: string): boolean => {
  const found = Object.getOwnPropertyDescriptor(Element.prototype, name);
  return found !== undefined && (found.set !== undefined || typeof found.value === 'function');
};

export function tryMarkup(): Attempt[] {
  return Object.entries(SINKS).map(([name, act]): Attempt => {
    const inner = document.createElement('p');
    const host = document.createElement('div');
    host.hidden = true;
    host.append(inner);
    document.body.append(host);
    let made: Made;
    try {
      made = act(host, inner);
    } catch {
      // Whatever is thrown: what counts is what there is.
    }
    const frame = [made, host].some((holder) => holder?.querySelector('iframe') != null);
    host.remove();
    const there = THERE[name]?.() ?? onElements(name);
    return { id: `markup-${name}`, result: frame ? 'got-out' : there ? 'refused-by-policy' : 'taken-away' };
  });
}
