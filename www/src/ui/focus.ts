/** The focus of somebody who works with keys: a button that goes away must not throw it back to the top of the document. */

/** Does what takes `element` away; where the focus was in it, it goes to `next`. */
export function keepFocus(element: Element, takeAway: () => void, next: () => HTMLElement): void {
  const had = element.contains(document.activeElement);
  takeAway();
  if (had) next().focus({ preventScroll: true });
}

/** Without asking for a layout: this is looked at with every change of the document. */
const canTake = (element: Element): boolean => element.isConnected && !element.closest('[hidden]') && !element.matches(':disabled');

/**
 * The net below all of it: whatever was focused and was hidden, disabled or removed, the focus goes to the nearest section that is
 * still there, or to the first of `others` that is.
 */
export function catchLostFocus(others: readonly HTMLElement[]): void {
  let path: Element[] = [];
  const look = (): void => {
    const [last] = path;
    const { activeElement } = document;
    if (!last || canTake(last) || (activeElement && activeElement !== document.body && activeElement !== last)) return;
    const next = path.slice(1).find((element) => element.matches('section[tabindex]') && canTake(element)) ?? others.find(canTake);
    path = [];
    (next as HTMLElement | undefined)?.focus({ preventScroll: true });
  };
  addEventListener('focusin', ({ target }) => {
    path = [];
    for (let element = target as Element | null; element && element !== document.body; element = element.parentElement) path.push(element);
  });
  addEventListener('focusout', ({ target, relatedTarget }) => {
    // Left on purpose, by a click beside it. What was taken away loses the focus, too, but cannot have it.
    if (!relatedTarget && target === path[0] && document.hasFocus() && canTake(target as Element)) path = [];
  });
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['hidden', 'disabled'] });
}
