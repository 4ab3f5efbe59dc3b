/**
 * Keeps the page usable without a network: its own files, all of one build, each checked against the hash that the build
 * wrote here. A new build is fetched beside the old one and is used only when it is whole and the user asks for it (or no
 * page is open); so no page that it serves has files of two builds. Images and results never come near it: they are not requested.
 */
import { cachePrefix } from '../shared/offline-messages.ts';
import type { FetchedByServiceWorker, TakeOverAnswer, ToServiceWorker } from '../shared/offline-messages.ts';

declare const self: ServiceWorkerGlobalScope;

/** Written by scripts/precache.mjs. `files`: path below the scope -> SHA-256 (hex); empty in a build that is not to be kept. */
declare const PRECACHE: { version: string; policy: string; files: Record<string, string> };

const { version, policy, files } = PRECACHE;
const scope = new URL(self.registration.scope);
const prefix = cachePrefix(scope);
const cacheName = prefix + version;
const isKept = Object.keys(files).length > 0;
const PAGE = 'index.html';

/** The folder itself, because some hosts redirect from index.html to it. */
const urlOf = (path: string): URL => new URL(path === PAGE ? './' : path, scope);

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The same answer over bytes that are unpacked already; headers such as the policy stay. */
function plain(response: Response, bytes: ArrayBuffer): Response {
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'transfer-encoding', 'vary']) headers.delete(name);
  headers.set('content-length', String(bytes.byteLength));
  return new Response(bytes, { status: 200, headers });
}

/** The file as this build has it, or an error that says which one is not. */
async function genuine(path: string, response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  const bytes = await response.arrayBuffer();
  if ((await sha256(bytes)) !== files[path]) throw new Error(`${path} is not the file of this build`);
  return plain(response, bytes);
}

/**
 * A server that still sends another build's policy would make a kept page that cannot run. None at all will do, for the
 * page has it in itself; who may frame the page is the server's affair.
 */
function fits(sent: string | null): boolean {
  const directives = (sent ?? policy).split(/;\s*/).filter((directive) => directive && !directive.startsWith('frame-ancestors'));
  return directives.join('; ') === policy;
}

/** What is asked for from here is in no page's own record; each page that is open hears of it. */
async function fetchAndTell(request: URL | Request, options: RequestInit = {}): Promise<Response> {
  const address = request instanceof URL ? request.href : request.url;
  for (const page of await openPages()) page.postMessage({ kind: 'fetched', address } satisfies FetchedByServiceWorker);
  return fetch(request, options);
}

async function download(path: string): Promise<Response> {
  const response = await fetchAndTell(urlOf(path), { cache: 'no-cache', credentials: 'same-origin', priority: 'low' });
  if (!fits(response.headers.get('content-security-policy'))) throw new Error(`${path} comes with the policy of another build`);
  return genuine(path, response);
}

/** What an earlier build or an interrupted download left and is the same now. */
async function had(path: string, caches_: Cache[]): Promise<Response | undefined> {
  for (const cache of caches_) {
    const kept = await cache.match(urlOf(path));
    const same = kept && (await genuine(path, kept).catch(() => undefined));
    if (same) return same;
  }
  return undefined;
}

async function ownCaches(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(prefix));
}

/** Fails as a whole where one file fails; what is good stays for the next attempt. */
async function fill(): Promise<void> {
  if (!isKept) return;
  const cache = await caches.open(cacheName);
  const others = await Promise.all((await ownCaches()).map((name) => caches.open(name)));
  try {
    // One after the other: the page may be at work.
    for (const path of Object.keys(files)) {
      // The page's headers may have changed though its text has not, so it is always asked for.
      const response = (path === PAGE ? undefined : await had(path, others)) ?? (await download(path));
      await cache.put(urlOf(path), response);
    }
  } catch (error) {
    // No room: then the part that is there must not take up the rest.
    if (error instanceof DOMException && error.name === 'QuotaExceededError') await caches.delete(cacheName);
    throw error;
  }
}

/** From here on this build answers; the others go. A build that is not to be kept ends itself. */
async function takeOver(): Promise<void> {
  for (const name of await ownCaches()) if (name !== cacheName || !isKept) await caches.delete(name);
  if (!isKept) await self.registration.unregister();
}

/** Pages of ours that are open, whoever serves them. */
async function openPages(): Promise<readonly WindowClient[]> {
  const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return all.filter(({ url }) => url.startsWith(scope.href));
}

async function answerTakeOver(port: MessagePort | undefined): Promise<void> {
  const pages = (await openPages()).length;
  const answer: TakeOverAnswer = { coming: pages <= 1, others: Math.max(0, pages - 1) };
  port?.postMessage(answer);
  // Another page would go on with files of two builds.
  if (answer.coming) await self.skipWaiting();
}

/** Which of our files is asked for. A page's address may carry a query: it never leaves the page. */
function pathOf(request: Request): string | undefined {
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.pathname.startsWith(scope.pathname)) return undefined;
  const path = url.pathname.slice(scope.pathname.length) || PAGE;
  if (url.search !== '' && request.mode !== 'navigate') return undefined;
  return Object.hasOwn(files, path) ? path : undefined;
}

async function answer(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(urlOf(path));
  if (kept) return kept;
  // Something is missing that was there: storage was emptied. With the page itself gone, too, the server is as good as
  // it was before we came; otherwise the open page gets the file of its own build, or none.
  if (!(await cache.match(urlOf(PAGE)))) {
    await self.registration.unregister();
    return fetchAndTell(request);
  }
  return download(path).catch(() => Response.error());
}

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
self.addEventListener('message', (event) => {
  const { kind } = event.data as ToServiceWorker;
  if (kind === 'take-over') event.waitUntil(answerTakeOver(event.ports[0]));
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (new URL(request.url).origin !== scope.origin) {
    event.respondWith(Response.error());
    return;
  }
  const path = pathOf(request);
  if (path !== undefined) event.respondWith(answer(path, request));
});
