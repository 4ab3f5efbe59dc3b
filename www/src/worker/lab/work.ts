/** The code of a task, and what it is given to work with. */
import type { Tasks } from '../../shared/lab/lab-tasks.ts';
import type { Task } from '../../shared/lab/task.ts';
import type { LabModule, LabNetwork } from '../../shared/wasm/lab-wasm.ts';

/** What the code of a task is given beside its input. */
export interface Bench {
  wasm: LabModule;
  /** The network that was named with the request. */
  network(): LabNetwork;
  /** Tells the page how far it is, and lets in the messages that have come. Throws where the request was cancelled. */
  progress(done: number, total: number, partial?: unknown): Promise<void>;
}

export type Work<K extends keyof T, T = Tasks> = T[K] extends Task<infer In, infer Out> ? (input: In, bench: Bench) => Out | Promise<Out> : never;

/** The code of some tasks. */
export type Works<T> = { [K in keyof T]: Work<K, T> };
