/**
 * Scripts of the workers, compiled modules and weights: fetched once by the page, kept, and handed to the workers. So a
 * worker needs no network, a worker that died is replaced without a server, and a sealed page (seal.ts) goes on. Workers start
 * from blob: addresses, which makes them inherit the page's own policy on any server.
 */
import { FetchError, fetchBytes, fetchFile, fetchWhole } from './fetch-file.ts';
import { PARTS, isThere, partThere } from './parts.ts';
import type { Part } from './parts.ts';
import { strings } from '../../strings/strings.ts';

/** What a worker starts from. */
export interface Code {
  /** blob: address of its script. */
  script: string;
  module: WebAssembly.Module;
}

/** How names of the user's own files begin; no file in models/ has a colon. */
const OWN = 'own:';
let nextOwn = 0;

type Progress = (loaded: number, total: number) => void;

let sealed = false;
const codes = new Map<Part, Promise<Code>>();
const weights = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
/** Files that came from the user: in memory alone, and never asked of a server. */
const own = new Set<string>();

/** Remembers what succeeds; whoever asks after a failure gets a new attempt. */
function once<K, V>(kept: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = kept.get(key);
  if (known) return known;
  const made = make();
  kept.set(key, made);
  made.catch(() => {
    if (kept.get(key) === made) kept.delete(key);
  });
  return made;
}

/** The browser cannot run the engine at all; no retry will help. */
export class Unsupported extends Error {
  readonly code = 'browser-unsupported';
  readonly hint = strings.engine.browsers;
}

/** An empty function that adds four numbers at once: a browser without SIMD says no. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

function supported(): void {
  if (typeof WebAssembly !== 'object') throw new Unsupported(strings.engine.noWasm);
  if (!WebAssembly.validate(SIMD)) throw new Unsupported(strings.engine.noSimd);
}

/** Compiles while it streams; a server that sends another type than application/wasm only makes it slower. */
async function compile(part: Part): Promise<WebAssembly.Module> {
  const path = `./pkg/${part}/nodulens_bg.wasm`;
  const response = await fetchFile(path);
  const streams = response.headers.get('content-type')?.startsWith('application/wasm');
  try {
    return await (streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer()));
  } catch (error) {
    throw new FetchError(path, error instanceof WebAssembly.CompileError ? strings.fetch.damaged : strings.fetch.broke, strings.fetch.incompleteHint);
  }
}

async function script(part: Part): Promise<string> {
  const bytes = await fetchWhole(`./worker-${part}.js`, (response) => response.arrayBuffer());
  return URL.createObjectURL(new Blob([bytes], { type: 'text/javascript' }));
}

/** Script and module of an engine or of the loader. */
export function code(part: Part): Promise<Code> {
  return once(codes, part, async () => {
    supported();
    await partThere(part);
    // The reference is an engine inside the lab's module.
    const module = part === 'reference' ? code('lab').then((lab) => lab.module) : compile(part);
    const [url, compiled] = await Promise.all([script(part), module]);
    return { script: url, module: compiled };
  });
}

/** A file in models/, or one of the user's. `report` hears of it only where it is fetched now. */
export function weightsOf(file: string, report: Progress = () => undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (file.startsWith(OWN) && !own.has(file)) return Promise.reject(new FetchError(file, strings.weights.gone, strings.weights.goneHint));
  return once(weights, file, () => fetchBytes(`./models/${file}`, report));
}

/** Keeps the user's weights and says by which name they are asked for from now on. */
export function holdOwn(bytes: Uint8Array<ArrayBuffer>): string {
  const file = `${OWN}${(nextOwn += 1)}`;
  own.add(file);
  weights.set(file, Promise.resolve(bytes));
  return file;
}

export function dropOwn(file: string): void {
  if (own.delete(file)) weights.delete(file);
}

/** What did not start is fetched again the next time: it may have been mended. */
export function forget(part: Part, file: string | undefined): void {
  if (sealed) return;
  codes.delete(part);
  if (file !== undefined && !own.has(file)) weights.delete(file);
}

/** Fetches what the page may still need, keeps it, and asks for nothing ever again. */
export async function holdEverything(files: string[], views: () => Promise<unknown>, report: Progress): Promise<void> {
  // What the server is still building cannot be had; asked for later, it says so.
  await Promise.all(PARTS.map((part) => partThere(part).catch(() => undefined)));
  const waiting: Promise<unknown>[] = [...PARTS.filter(isThere).map(code), ...files.map((file) => weightsOf(file)), views()];
  let done = 0;
  await Promise.all(waiting.map((each) => each.then(() => report((done += 1), waiting.length))));
  sealed = true;
}
