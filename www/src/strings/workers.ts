/** Words that a worker needs, or that are said of workers: apart from the others, which would make every worker larger. */

/** Of any worker. */
export const workerFaults = {
  stopped: 'The worker stopped without saying why.',
  unreadable: 'A message of the worker could not be read.',
  noAnswer: (seconds: number) => `The worker gave no answer for ${seconds} s.`,
};

/** For the engines' workers. */
export const engineFaults = {
  notANumber: 'The engine returned a probability that is not a number.',
  fewer: 'The engine returned fewer predictions than patches.',
  deviceLost: (reason: string) => `The graphics device was lost (${reason}).`,
  deviceRefused: (reason: string) => `The graphics device refused its work: ${reason}`,
};

/** For the loader's worker. */
export const unreadableInScan = {
  code: 'unreadable',
  message: 'the file could not be read',
  hint: 'It may have been moved or changed: choose it again.',
};

/** For the lab's worker. */
export const trainingGone = 'the worker that trained is gone';
