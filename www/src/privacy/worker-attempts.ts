/** The self-test's part inside a worker. */
import type { Attempt } from './attempt.ts';

const FUNCTIONS = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'WebTransport', 'importScripts'];

const gone = (name: string): boolean => typeof (globalThis as Record<string, unknown>)[name] !== 'function';

/** Which of them are still there, and whether foreign code could be loaded. */
export async function tryInWorker(): Promise<Attempt[]> {
  const attempts: Attempt[] = FUNCTIONS.map((name) => ({ id: `in-worker-${name}`, result: gone(name) ? 'taken-away' : 'got-out' }));
  const reported = new Promise<boolean>((resolve) => {
    addEventListener('securitypolicyviolation', () => resolve(true), { once: true });
    setTimeout(() => resolve(false), 400);
  });
  const foreign: string = 'https://nodulens.invalid/module.js?image=patient';
  import(foreign).catch(() => undefined);
  attempts.push({ id: 'in-worker-import', result: (await reported) ? 'refused-by-policy' : 'got-out' });
  return attempts;
}
