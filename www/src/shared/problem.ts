/** Errors as the page shows them; for the page and for the workers. */

/** What went wrong and what to do: the shape in which every error of the crate and of the page is shown. */
export interface Problem {
  /** Stable, kebab-case. */
  code: string;
  /** What is wrong. */
  message: string;
  /** What the user can do; may be empty. */
  hint: string;
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
