/**
 * The page's own files. Only the page asks for them; workers are handed what they need. A single-file build carries them
 * inside (scripts/single-file.mjs); then nothing is asked for at all. A failure says which file, why, and what to do.
 */
import { SILENCE } from '../../shared/channel/silence.ts';
import { Watchdog } from '../../shared/channel/watchdog.ts';
import { strings } from '../../strings/strings.ts';

const text = strings.fetch;

export class FetchError extends Error {
  readonly code = 'fetch-failed';
  readonly hint: string;
  constructor(path: string, why: string, hint: string) {
    super(text.failed(path.split('/').pop() ?? path, why));
    this.hint = hint;
  }
}

export async function fetchFile(path: string): Promise<Response> {
  const inside = document.getElementById(`file:${path}`);
  if (inside) return unpacked(inside);
  const quiet = new AbortController();
  const watchdog = new Watchdog(SILENCE.download, () => quiet.abort());
  let response: Response;
  try {
    response = await fetch(new URL(path, document.baseURI), { signal: quiet.signal });
  } catch {
    watchdog.stop();
    throw new FetchError(path, text.noAnswer, text.serverHint);
  }
  if (!response.ok) {
    watchdog.stop();
    throw new FetchError(path, `HTTP ${response.status}`, text.incompleteHint);
  }
  void listen(response.clone(), watchdog);
  return response;
}

/** Listens to a copy of the body: the other one belongs to the caller, or to the browser, which compiles while it streams. */
async function listen({ body }: Response, watchdog: Watchdog): Promise<void> {
  const reader = body?.getReader();
  try {
    while (reader && !(await reader.read()).done) watchdog.feed(SILENCE.download);
  } catch {
    // The caller hears of it from its own copy.
  } finally {
    watchdog.stop();
  }
}

/** All of it, as `read` takes it. A connection that breaks or hangs is an error of this file. */
export async function fetchWhole<T>(path: string, read: (response: Response) => Promise<T>): Promise<T> {
  const response = await fetchFile(path);
  try {
    return await read(response);
  } catch (error) {
    throw error instanceof FetchError ? error : new FetchError(path, text.broke, text.serverHint);
  }
}

/** All of it, with progress. */
export function fetchBytes(path: string, report: (loaded: number, total: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  return fetchWhole(path, async (response) => {
    // Content-Length counts compressed bytes where the server compresses; the server then sends this header too.
    const total = Number(response.headers.get('x-uncompressed-length') ?? (response.headers.has('content-encoding') ? 0 : response.headers.get('content-length')) ?? 0);
    const reader = response.body?.getReader();
    if (!reader) return new Uint8Array(await response.arrayBuffer());
    const parts: Uint8Array[] = [];
    let loaded = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      loaded += part.value.length;
      report(loaded, total);
    }
    if (total > 0 && loaded < total) throw new FetchError(path, text.broke, text.serverHint);
    const bytes = new Uint8Array(loaded);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  });
}

/** A file inside the page: gzip, as base64, or the name of another that is the same. */
function unpacked(element: HTMLElement): Response {
  const same = document.getElementById(`file:${element.dataset['same'] ?? ''}`);
  if (same) return unpacked(same);
  const text = atob(element.textContent);
  const packed = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const type = element.dataset['type'] ?? '';
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')), { headers: { 'content-type': type } });
}
