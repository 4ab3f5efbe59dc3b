/** What the engines can be in, answer, and fail with. */
import { RequestFailed } from '../../shared/channel/worker-errors.ts';
import type { EngineWorker } from './engine-client.ts';
import type { FileOut } from '../../shared/engine-messages.ts';
import type { Problem } from '../../shared/problem.ts';
import type { OfferedModel } from '../assets/model-list.ts';
import { problemFrom } from '../../shared/problem.ts';
import { strings } from '../../strings/strings.ts';
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

/** As it is shown: the crate's and the page's own errors with their hint, anything else with a general one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RequestFailed) return error.problem;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return problemFrom(error);
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'engine-stopped', message, hint: strings.engine.reloadHint };
}
