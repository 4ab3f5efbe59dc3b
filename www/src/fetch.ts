/** The page's own files, for the page and for the worker: a failure says which file, why, and what to do. */
import type { Problem } from './messages.ts';

export class FetchError extends Error {
  readonly code = 'fetch-failed';
  readonly hint: string;
  constructor(url: URL, why: string, hint: string) {
    super(`${url.pathname.split('/').pop() ?? url.href} could not be loaded (${why}).`);
    this.hint = hint;
  }
}

export async function fetchFile(path: string): Promise<Response> {
  const url = new URL(path, import.meta.url);
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new FetchError(url, 'no answer', 'Check that the server of this page still runs, then try again.');
  }
  if (!response.ok) {
    throw new FetchError(url, `HTTP ${response.status}`, 'The page is not complete on its server. Build it again.');
  }
  return response;
}

/** An error of the crate carries `code` and `hint`; anything else is a fault of ours and is named as such. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Error) {
    const { code, hint } = error as Error & { code?: unknown; hint?: unknown };
    return {
      code: typeof code === 'string' ? code : 'engine-error',
      message: error.message || error.name,
      hint: typeof hint === 'string' ? hint : '',
    };
  }
  return { code: 'engine-error', message: String(error), hint: '' };
}
