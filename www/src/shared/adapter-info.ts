/** What a graphics adapter says of itself, in Chromium 113 to 126 too: there it is asked for, and is no property yet. */

/** As little as is used here; page and workers have different types of it. */
interface Asked {
  readonly info?: unknown;
  requestAdapterInfo?(): Promise<object>;
}

const NOTHING = { vendor: '', architecture: '', device: '', description: '' };

/** From here on it has `info`, whatever the browser; where that tells nothing, empty. */
export async function completeInfo(adapter: Asked): Promise<void> {
  if (adapter.info) return;
  const info = await adapter.requestAdapterInfo?.().catch(() => undefined);
  Object.defineProperty(adapter, 'info', { value: info ?? NOTHING, configurable: true });
}
