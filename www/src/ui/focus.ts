/** The focus of somebody who works with keys: a button that goes away must not throw it back to the top of the document. */

/** Does what takes `element` away; where the focus was in it, it goes to `next`. */
export function keepFocus(element: Element, takeAway: () => void, next: () => HTMLElement): void {
  const had = element.contains(document.activeElement);
  takeAway();
  if (had) next().focus({ preventScroll: true });
}
