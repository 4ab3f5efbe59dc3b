/** The code of the views: not part of what the page starts with, loaded when the first of them is opened and before sealing. */
type Code = typeof import('./views.ts');

let loaded: Promise<Code> | undefined;

export function loadViews(): Promise<Code> {
  if (!loaded) {
    loaded = import('./views.ts');
    loaded.catch(() => (loaded = undefined));
  }
  return loaded;
}
