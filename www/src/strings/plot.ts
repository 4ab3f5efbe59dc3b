/** Words that every plot has. */
import { count } from '../ui/numbers.ts';

export const plotText = {
  numbers: 'The numbers as a table',
  shortened: (most: number): string => `Long series: about ${count(most)} of their points are shown.`,
  range: (low: string, high: string): string => `(${low} to ${high})`,
  weight: (n: number): string => `of ${count(n)}`,
};
