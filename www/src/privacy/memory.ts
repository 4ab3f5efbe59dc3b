/**
 * What the page keeps on this computer: nothing of the user's unless they say so, and then only the choice of engine and
 * network. A browser that refuses storage, or has none left, costs nothing but that.
 */
import type { EnginePreference } from '../engine-choice.ts';

const KEY = 'nodulens-choices';

export interface Choices {
  engine?: EnginePreference;
  network?: string;
}

// Sealing takes these away (seal.ts); forgetting must still work.
const kept = 'caches' in globalThis ? globalThis.caches : undefined;
const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };

/** Absent where the browser refuses: a private window of some, or storage turned off. */
function storage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

const PREFERENCES: readonly unknown[] = ['automatic', 'cpu', 'webgpu', 'reference'] satisfies EnginePreference[];

/** What was kept, or undefined where nothing is. Whatever cannot be read counts as nothing. */
export function remembered(): Choices | undefined {
  try {
    const text = storage()?.getItem(KEY);
    if (!text) return undefined;
    const { engine, network } = JSON.parse(text) as Record<string, unknown>;
    return {
      ...(PREFERENCES.includes(engine) ? { engine: engine as EnginePreference } : {}),
      ...(typeof network === 'string' ? { network } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Whether it was kept: a full or forbidden storage says no. */
export function remember(choices: Choices): boolean {
  try {
    const place = storage();
    place?.setItem(KEY, JSON.stringify(choices));
    return place !== undefined;
  } catch {
    return false;
  }
}

export function forgetChoices(): void {
  try {
    storage()?.removeItem(KEY);
  } catch {
    // Where nothing can be removed nothing was kept.
  }
}

/** All that this page's address has in the browser: choices, and the page's own files kept for use without a network. */
export async function forgetStorage(): Promise<void> {
  forgetChoices();
  const settle = async (work: () => Promise<unknown>): Promise<void> => void (await work().catch(() => undefined));
  await settle(async () => {
    const scope = new URL('.', document.baseURI).href;
    const registrations = (await serviceWorker?.getRegistrations()) ?? [];
    await Promise.all(registrations.filter((each) => each.scope === scope).map((each) => each.unregister()));
  });
  await settle(async () => {
    const names = (await kept?.keys()) ?? [];
    await Promise.all(names.filter((name) => name.startsWith('nodulens')).map((name) => kept?.delete(name)));
  });
}
