/** What the engines can be in, answer, and fail with. */
import type { EngineWorker } from './engine-client.ts';
import type { FileOut } from '../../shared/engine-messages.ts';
import type { Problem } from '../../shared/problem.ts';
import type { OfferedModel } from '../assets/model-list.ts';
import type { ModelInfo } from '../../shared/wasm/engine-wasm.ts';

export type CpuState =
  | { phase: 'loading'; loaded: number; total: number }
  | { phase: 'ready' }
  | { phase: 'failed'; problem: Problem };

export interface Outcome {
  file: FileOut;
  /** Which engine answered, as it is shown and exported. */
  engine: string;
  /** Which network answered. */
  model: ModelInfo;
  /** Who answered: whether it can be believed is asked later (`Engines.verify`). */
  worker: EngineWorker;
}

/** A worker that is ready, and what it computes with. */
export interface Live {
  worker: EngineWorker;
  model: ModelInfo;
}

/** A network on its way in; the one in use works until it is there. */
export interface Switching {
  model: OfferedModel;
  loaded: number;
  total: number;
}

/** The CPU engine cannot be started, or keeps dying: the run pauses, nothing is lost. */
export class EngineUnavailable extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}
