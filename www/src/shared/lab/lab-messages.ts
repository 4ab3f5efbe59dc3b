/** What page and lab worker say to each other. Every request carries an `id`, and its answer (or its failure) the same one. */
import type { CancelMessage, Ending } from '../channel/wire.ts';
import type { TaskName } from './lab-tasks.ts';

export type LabAsk = { kind: 'ask'; task: TaskName; input: unknown; network: string | undefined };
export type LabAnswer = { kind: 'answered'; output: unknown };
export type LabProgress = { kind: 'progress'; id: number; done: number; total: number; partial: unknown };

export type ToLab =
  | { kind: 'start'; module: WebAssembly.Module }
  /** A weights file by a name; requests then name it. */
  | { kind: 'load'; network: string; weights: Uint8Array }
  | (LabAsk & { id: number })
  | CancelMessage;

export type FromLab = (LabAnswer & { id: number }) | LabProgress | Ending;
