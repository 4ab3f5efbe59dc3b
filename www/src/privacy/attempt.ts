/** What became of a way out that the self-test tried. Types only; page and workers share them. */

/** `cannot-refuse`: known without trying, which would leave the page. */
export type Result = 'refused-by-policy' | 'taken-away' | 'stopped' | 'cannot-refuse' | 'got-out';

export interface Attempt {
  /** Names its text in strings.ts. */
  id: string;
  result: Result;
}
