/**
 * Imported first in every worker: takes away what could reach a network or a storage, before any other line runs. Workers
 * are handed everything that they need; a bug or a library in one of them finds nothing to send with. The policy that
 * they inherit from the page (scripts/csp.mjs) stands behind this.
 */
const NOT_NEEDED = [
  'fetch', 'fetchLater', 'XMLHttpRequest', 'WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'RTCPeerConnection', 'RTCDataChannel', 'BroadcastChannel',
  'SharedWorker', 'importScripts', 'indexedDB', 'caches', 'cookieStore', 'Notification', 'PushManager',
];

export function takeAway(scope: object, names: readonly string[]): void {
  for (const name of names) {
    for (let holder: object | null = scope; holder; holder = Object.getPrototypeOf(holder) as object | null) {
      if (Object.hasOwn(holder, name)) Reflect.deleteProperty(holder, name);
    }
    // Nothing can be put back, and whoever asks finds that there is none.
    Object.defineProperty(scope, name, { value: undefined, configurable: false, writable: false, enumerable: false });
  }
}

takeAway(globalThis, NOT_NEEDED);
