/** What becomes of those that wait when their worker stops: three ways, of which a channel is given one. */

/** A request as a policy sees it. */
export interface Interrupted {
  /** Workers that stopped while it was the one at work. */
  tries: number;
}

/**
 * `waiting`: in the order in which they were delivered; the first is the one at work. `hasState`: the worker held something that
 * can be made again. Answers with those that go on, on a fresh worker; the others are refused. Nothing: the channel ends.
 */
export type Policy = <T extends Interrupted>(waiting: readonly T[], hasState: boolean) => readonly T[] | undefined;

/** A request that stops so many workers is not tried again. */
const TRIES = 2;

/** Whoever owns the channel starts another: the engines. */
export const die: Policy = () => undefined;

/** A fresh worker is asked once more: the lab. */
export const retry: Policy = ([first, ...others]) => {
  if (!first) return others;
  first.tries += 1;
  return first.tries < TRIES ? [first, ...others] : others;
};

/** As `retry`, once there is a state to go on from; whoever makes the state decides for itself: the loader. */
export const replay: Policy = (waiting, hasState) => (hasState ? retry(waiting, hasState) : undefined);
