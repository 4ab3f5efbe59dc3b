/**
 * What the lab's worker can be asked for, by name: what goes in and what comes out. Plain data only. Each view has its tasks
 * in a file of its own, types (`*-tasks.ts`) beside code (`*-work.ts`); they come together here and in lab-worker.ts.
 */
import type { Attempt } from '../leak-attempt.ts';
import type { Decision, DecodedPatch, ModelInfo, PhantomLabel, SizePolicy, SliceIn } from '../wasm/engine-wasm.ts';
import type { InsideTasks } from './inside-tasks.ts';
import type { LabModule, LabNetwork, LayerInfo } from '../wasm/lab-wasm.ts';
import type { EvaluateTasks } from './evaluate-tasks.ts';
import type {} from '../wasm/evaluate-wasm.ts';
import type { TrainTasks } from './train-tasks.ts';
import type { WhyTasks } from './why-tasks.ts';

export interface Task<In, Out> {
  in: In;
  out: Out;
}

/** Model values of one patch and how it looks. */
export interface PatchValues {
  values: Float32Array<ArrayBuffer>;
  /** 8 bits, row-major. */
  grey: Uint8Array<ArrayBuffer>;
}

export type CommonTasks = {
  /** The network itself: layers and what its weights file says. */
  network: Task<undefined, { layers: LayerInfo[]; info: ModelInfo }>;
  /** A patch file, as the engines read it. */
  picture: Task<{ bytes: ArrayBuffer; policy: SizePolicy }, DecodedPatch>;
  /** The patch around a pixel of a slice, as the engines cut it. */
  spot: Task<{ slice: SliceIn; pixel: [number, number] }, PatchValues>;
  /** A synthetic patch. */
  phantom: Task<{ seed: number }, PatchValues & { label: PhantomLabel; name: string }>;
  /** The self-test of privacy (privacy/worker-attempts.ts); `own`: a file of this page's server, which must be out of reach. */
  'try-network': Task<{ own: string | undefined }, { attempts: Attempt[] }>;
  /** Answers for so many patches. */
  classify: Task<{ values: Float32Array<ArrayBuffer> }, { probabilities: number[]; decisions: Decision[] }>;
};

export type Tasks = CommonTasks &
  EvaluateTasks &
  InsideTasks &
  TrainTasks &
  WhyTasks;

export type TaskName = keyof Tasks;

/** What the code of a task is given beside its input. */
export interface Bench {
  wasm: LabModule;
  /** The network that was named with the request. */
  network(): LabNetwork;
  /** Tells the page how far it is, and lets messages in that came meanwhile. Throws where the request was cancelled. */
  progress(done: number, total: number, partial?: unknown): Promise<void>;
}

export type Work<K extends keyof T, T = Tasks> = T[K] extends Task<infer In, infer Out> ? (input: In, bench: Bench) => Out | Promise<Out> : never;

/** The code of some tasks. */
export type Works<T> = { [K in keyof T]: Work<K, T> };

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
  | { kind: 'failed'; id: number; problem: import('../engine-messages.ts').Problem }
  | { kind: 'died'; message: string };
