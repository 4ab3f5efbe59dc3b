/** What became of a way out that the self-test tried. Page and workers share it. */

/** What a leak would look like. */
export const DATA = '?image=patient';

/** `cannot-refuse`: known without trying, which would leave the page. */
export type Result = 'refused-by-policy' | 'taken-away' | 'stopped' | 'cannot-refuse' | 'got-out';

export interface Attempt {
  /** Names its text in strings.ts. */
  id: string;
  result: Result;
}
