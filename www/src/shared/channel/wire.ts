/** What every worker hears and says, beside its own requests and answers; an answer carries the `id` of its request. */
import type { Problem } from '../problem.ts';

export type FromAnyWorker =
  | { kind: 'progress'; id: number }
  /** The request failed with a typed error; the worker is still in order. */
  | { kind: 'failed'; id: number; problem: Problem }
  /** The WebAssembly instance panicked: it must not be used again. */
  | { kind: 'died'; message: string };

/** What ends a request: everything but its progress. */
export type Ending = Exclude<FromAnyWorker, { kind: 'progress' }>;

/** Not queued: whatever works on that request ends as soon as it can, and answers all the same. */
export type CancelMessage = { kind: 'cancel'; id: number };

/** A message as its sender writes it; the channel adds the id. */
export type WithoutId<M> = M extends { id: number } ? Omit<M, 'id'> : never;
