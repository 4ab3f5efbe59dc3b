/** The code that the page does not start with: loaded when it has nothing else to do, and at the latest when it is wanted or before sealing. */
type Later = typeof import('./later.ts');

let loaded: Promise<Later> | undefined;

export function loadLater(): Promise<Later> {
  if (!loaded) {
    loaded = import('./later.ts');
    loaded.catch(() => (loaded = undefined));
  }
  return loaded;
}
