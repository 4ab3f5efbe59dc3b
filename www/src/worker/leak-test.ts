/** The self-test's part inside a worker. */
import { DATA } from '../shared/leak-attempt.ts';
import type { Attempt } from '../shared/leak-attempt.ts';

const FUNCTIONS = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'WebTransport', 'importScripts'];

const gone = (name: string): boolean => typeof (globalThis as Record<string, unknown>)[name] !== 'function';

/** Whether the policy refuses foreign code: data could stand in its address. */
async function importRefused(address: string): Promise<boolean> {
  const reported = new Promise<boolean>((resolve) => {
    const hear = ({ blockedURI }: SecurityPolicyViolationEvent): void => {
      if (address.startsWith(blockedURI.split('?')[0] ?? '')) resolve(true);
    };
    addEventListener('securitypolicyviolation', hear as (event: Event) => void);
    setTimeout(() => {
      removeEventListener('securitypolicyviolation', hear as (event: Event) => void);
      resolve(false);
    }, 400);
  });
  import(address).catch(() => undefined);
  return reported;
}

/** Which functions are still there, and whether code could be loaded from elsewhere; from `own`, too, where that is given. */
export async function tryInWorker(own: string | undefined): Promise<Attempt[]> {
  const attempts: Attempt[] = FUNCTIONS.map((name) => ({ id: `in-worker-${name}`, result: gone(name) ? 'taken-away' : 'got-out' }));
  const imports = { import: 'https://nodulens.invalid/module.js', ...(own ? { 'own-import': own } : {}) };
  for (const [id, address] of Object.entries(imports)) {
    const refused = await importRefused(address + DATA);
    attempts.push({ id: `in-worker-${id}`, result: refused ? 'refused-by-policy' : 'got-out' });
  }
  return attempts;
}
