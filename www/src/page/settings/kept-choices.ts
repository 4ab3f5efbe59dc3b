/**
 * What the page keeps on this computer: nothing of the user's unless they say so, and then only the choice of engine and
 * network. A browser that refuses storage, or has none left, costs nothing but that.
 */
import type { EnginePreference } from '../engines/choose-engine.ts';

const KEY = 'nodulens-choices';

export interface Choices {
  engine?: EnginePreference;
  network?: string;
}

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
    const kept = storage();
    kept?.setItem(KEY, JSON.stringify(choices));
    return kept !== undefined;
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
