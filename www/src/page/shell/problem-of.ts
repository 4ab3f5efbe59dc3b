/** Errors as the page shows them, whoever they come from. */
import { RequestFailed } from '../../shared/channel/worker-errors.ts';
import { problemFrom } from '../../shared/problem.ts';
import type { Problem } from '../../shared/problem.ts';
import { strings } from '../../strings/strings.ts';

/** As it is shown: the crate's and the page's own errors with their hint, anything else with a general one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RequestFailed) return error.problem;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return problemFrom(error);
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'engine-stopped', message, hint: strings.engine.reloadHint };
}
