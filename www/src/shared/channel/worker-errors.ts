/** With what a request to a worker fails. */
import type { Problem } from '../problem.ts';

/** The worker is gone or its instance is unusable; the work it held may be tried elsewhere. */
export class WorkerDied extends Error {}

/** The worker is in order and answered with a typed error. */
export class RequestFailed extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}
