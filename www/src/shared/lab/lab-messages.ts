/** What page and lab worker say to each other. Every request carries an `id`, and its answer (or its failure) the same one. */
import type { Problem } from '../problem.ts';
import type { TaskName } from './lab-tasks.ts';

export type ToLab =
  | { kind: 'start'; module: WebAssembly.Module }
  /** A weights file by a name; requests then name it. */
  | { kind: 'load'; network: string; weights: Uint8Array }
  | { kind: 'ask'; id: number; task: TaskName; input: unknown; network: string | undefined }
  /** Not queued. */
  | { kind: 'cancel'; id: number };

export type FromLab =
  | { kind: 'answered'; id: number; output: unknown }
  | { kind: 'progress'; id: number; done: number; total: number; partial: unknown }
  | { kind: 'failed'; id: number; problem: Problem }
  | { kind: 'died'; message: string };
