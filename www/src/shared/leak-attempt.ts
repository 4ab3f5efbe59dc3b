/** What became of a way out that the self-test tried. Page and workers share it. */

/** What a leak would look like. */
export const DATA = '?image=patient';

/** Exactly what the self-test has tried to reach: these, and no others, are in its table and not among the page's requests. */
export const attempted = new Set<string>();

/** `cannot-refuse`: known without trying, which would leave the page. */
export type Result = 'refused-by-policy' | 'taken-away' | 'stopped' | 'cannot-refuse' | 'got-out';

export interface Attempt {
  /** Names its text in strings.ts. */
  id: string;
  result: Result;
}

/** Each way once, however many workers tried it: one that got out speaks for all. */
export function worstOfEach(attempts: Attempt[]): Attempt[] {
  const byId = new Map<string, Attempt>();
  for (const attempt of attempts) {
    if (!byId.has(attempt.id) || attempt.result === 'got-out') byId.set(attempt.id, attempt);
  }
  return [...byId.values()];
}
