/** What the page does not start with: the views of "See why, and learn" and the leak test, in one file. */
// First here as in main.ts: whatever is loaded runs behind it.
import './privacy/guard.ts';
export { makeViews } from './learn/views.ts';
export { attemptText, tryEverything } from './privacy/leak-test.ts';
