/**
 * Faults on purpose, to see that nothing is lost: `?fault=NAME@N` in the page's address makes an engine's worker fail at the
 * N-th piece of work that it gets (a chunk of patches, a slice). The page says that it is on. docs/faults.md lists them.
 */
import { FAULTS } from '../../shared/faults.ts';
import type { Fault } from '../../shared/faults.ts';

interface Due {
  fault: Fault;
  /** Pieces of work until then. */
  left: number;
}

function read(search: string): Due | undefined {
  const [name, at] = (new URLSearchParams(search).get('fault') ?? '').split('@');
  const fault = FAULTS.find((each) => each === name);
  return fault && { fault, left: Math.max(1, Number(at) || 1) };
}

let due = read(location.search);

/** What the address asks for, until it has happened. */
export const faultAskedFor = (): Fault | undefined => due?.fault;

/** To be asked once for each piece of work: the fault that is due. It happens once. */
export function faultNow(): Fault | undefined {
  if (!due) return undefined;
  due.left -= 1;
  if (due.left > 0) return undefined;
  const { fault } = due;
  due = undefined;
  return fault;
}
