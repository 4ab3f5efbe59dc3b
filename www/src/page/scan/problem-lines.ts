/** Files that could not be read, in few lines: those of one reason share one, so that no other is crowded out. */
import type { FileProblem } from '../../shared/loader-messages.ts';
import { strings } from '../../strings/strings.ts';
import { asSentence } from '../../ui/numbers.ts';

/** Reasons that are told. */
const TOLD = 5;
/** Files of one reason that are named. */
const NAMED = 3;

/** A line for each reason, in the order of their coming: the names of the first files, and how many more have it. */
export function problemLines(problems: readonly FileProblem[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { name, message, hint } of problems) {
    const reason = [asSentence(message), hint].filter(Boolean).join(' ');
    const known = reasons.get(reason);
    if (known) known.push(name);
    else reasons.set(reason, [name]);
  }
  const all = [...reasons];
  const lines = all.slice(0, TOLD).map(([reason, names]) => `${strings.scan.andFiles(names.slice(0, NAMED).join(', '), names.length - NAMED)}: ${reason}`);
  const left = all.slice(TOLD).reduce((sum, [, names]) => sum + names.length, 0);
  return left > 0 ? [...lines, strings.scan.andMore(left)] : lines;
}
