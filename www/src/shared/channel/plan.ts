/** What a channel is told of its worker, and what may be said with a request. */
import type { Policy } from './policies.ts';

export interface Message {
  kind: string;
}

/** What a request needs that a worker must have been told before: once for each worker. */
export interface Ahead {
  key: string;
  message: object;
}

export interface Plan<Ask> {
  /** As developer tools show the worker. */
  name: string;
  /** The script, and what a fresh worker is told first. Asked for again with every fresh worker. */
  load(): Promise<{ script: string; first?: object }>;
  policy: Policy;
  /** How long the worker may say nothing while it is at work on this, milliseconds. */
  silence(request: Ask): number;
  /** The same once its answer is no longer wanted. */
  abandoned?: number;
  ahead?(request: Ask): Promise<Ahead> | undefined;
  /** Nothing to do for so long, and the worker ends, milliseconds; never where nothing is said. */
  idle?(): number | undefined;
  /** Called once, before those that wait are rejected, where the channel ends by itself. */
  gone?(reason: Error): void;
  /** What is said where a fresh worker does not come to the same state. */
  changed?: string;
  /** For tests. */
  spawn?(script: string, name: string): Worker;
}

export interface AskOptions<Answer, Progress = unknown> {
  /** The answer is no longer wanted: rejects at once. */
  signal?: AbortSignal;
  /** Ends the work early; it is answered with what there is. */
  cancel?: AbortSignal;
  transfer?: Transferable[];
  /** Told right before it. */
  before?: object;
  onProgress?: (message: Progress) => void;
  /** It makes the worker's state: a fresh worker is given it again. By what its answer is known to be the same. */
  state?: (answer: Answer) => string;
}
