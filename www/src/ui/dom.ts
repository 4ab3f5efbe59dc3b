/** Small helpers for the DOM, so that the views read as what they show. */

/** An element of index.html by id. The build ships both together, so a missing one is a bug, not a state. */
export function byId<K extends keyof HTMLElementTagNameMap>(id: string, tag: K): HTMLElementTagNameMap[K] {
  const element = document.getElementById(id);
  if (element?.localName !== tag) throw new Error(`index.html has no <${tag} id="${id}">`);
  return element as HTMLElementTagNameMap[K];
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Sets text only where it differs: a live region speaks on every change. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A term and its description in a <dl>. */
export function pair(list: HTMLDListElement, term: string, ...description: (Node | string)[]): void {
  list.append(make('div', '', make('dt', '', term), make('dd', '', ...description)));
}

/** Draws a patch, or another picture, one canvas pixel a pixel; CSS enlarges it without smoothing. */
export function drawGrey(canvas: HTMLCanvasElement, grey: Uint8Array, width: number, height = width): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context || grey.length === 0) return;
  const image = context.createImageData(width, height);
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    const value = grey[pixel] ?? 0;
    image.data.set([value, value, value, 255], pixel * 4);
  }
  context.putImageData(image, 0, 0);
}

/** A picture that is walked about in with keys: only with that role do screen readers pass them on. `what` it is called beside its name. */
export function takesKeys(canvas: HTMLCanvasElement, what: string): void {
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'application');
  canvas.setAttribute('aria-roledescription', what);
}

/** At most once a frame, however often it is asked for. Hidden tabs get no frames, so a timer stands in there. */
export function oncePerFrame(draw: () => void): () => void {
  let scheduled = false;
  const run = (): void => {
    scheduled = false;
    draw();
  };
  return () => {
    if (scheduled) return;
    scheduled = true;
    if (document.hidden) setTimeout(run, 250);
    else requestAnimationFrame(run);
  };
}
