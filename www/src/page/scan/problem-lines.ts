/** Files that could not be read, in few lines: those of one reason share one, so that no other is crowded out. */
import type { FileProblem } from '../../shared/loader-messages.ts';
import { strings } from '../../strings/strings.ts';
import { asSentence } from '../../ui/numbers.ts';

/** Reasons that are told. */
const TOLD = 5;

/** A line for each reason, in the order of their coming: the first file's name, and how many more have it. */
export function problemLines(problems: readonly FileProblem[]): string[] {
  const reasons = new Map<string, { first: string; files: number }>();
  for (const { name, message, hint } of problems) {
    const reason = [asSentence(message), hint].filter(Boolean).join(' ');
    const known = reasons.get(reason);
    if (known) known.files += 1;
    else reasons.set(reason, { first: name, files: 1 });
  }
  const all = [...reasons];
  const lines = all.slice(0, TOLD).map(([reason, { first, files }]) => `${strings.scan.andFiles(first, files - 1)}: ${reason}`);
  const left = all.slice(TOLD).reduce((sum, [, { files }]) => sum + files, 0);
  return left > 0 ? [...lines, strings.scan.andMore(left)] : lines;
}
