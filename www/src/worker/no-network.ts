/**
 * Imported first in every worker: takes away what could reach a network or a storage, before any other line runs. Workers
 * are handed everything that they need; a bug or a library in one of them finds nothing to send with. The policy that
 * they inherit from the page (scripts/csp.mjs) stands behind this.
 */
import { takeAway } from '../shared/take-away.ts';

const NOT_NEEDED = [
  'fetch', 'fetchLater', 'XMLHttpRequest', 'WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'RTCPeerConnection', 'RTCDataChannel', 'BroadcastChannel',
  'SharedWorker', 'importScripts', 'indexedDB', 'caches', 'cookieStore', 'Notification', 'PushManager',
  'BackgroundFetchManager', 'SyncManager', 'PeriodicSyncManager', 'ServiceWorkerRegistration', 'FontFace', 'TCPSocket', 'UDPSocket',
  'webkitRequestFileSystem', 'webkitRequestFileSystemSync', 'webkitResolveLocalFileSystemURL', 'webkitResolveLocalFileSystemSyncURL',
];

takeAway(globalThis, NOT_NEEDED);
// Files of the page's own, which would stay when it is closed.
takeAway(navigator, ['storage', 'serviceWorker', 'usb', 'serial', 'hid', 'bluetooth']);
