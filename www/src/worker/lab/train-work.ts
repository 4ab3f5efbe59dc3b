/** Training, inside a lab's worker. */
import { trainingGone } from '../../strings/workers.ts';
import type { Works } from './work.ts';
import type { Training, TrainingEpoch } from '../../shared/wasm/lab-wasm.ts';
import type { Kernels, TrainTasks } from '../../shared/lab/train-tasks.ts';

let training: Training | undefined;

function end(): void {
  training?.free();
  training = undefined;
}

function kernelsOf(running: Training): Kernels {
  return { values: running.kernels(), count: running.kernelCount() };
}

export const trainWorks: Works<TrainTasks> = {
  'phantom-values': ({ seed, count }, { wasm }) => ({ values: wasm.phantomValues(seed, count) }),
  'train-begin': ({ settings, examples: { values, labels, patients }, fresh }, { wasm, network }) => {
    end();
    const running = fresh ? wasm.trainSmall(settings, values, labels, patients) : network().train(settings, values, labels, patients);
    training = running;
    return { kernels: kernelsOf(running), held: running.held().length };
  },
  'train-steps': ({ milliseconds, data, date }) => {
    const running = training;
    // A worker that was replaced knows of no training.
    if (!running) throw new Error(trainingGone);
    const began = performance.now();
    const epochs: TrainingEpoch[] = [];
    let now;
    do {
      now = running.step();
      if (now.epoch) epochs.push(now.epoch);
    } while (performance.now() - began < milliseconds && now.step < now.steps);
    return { step: now.step, steps: now.steps, loss: now.loss, epochs, kernels: kernelsOf(running), weights: epochs.length > 0 ? running.weights(data, date) : undefined };
  },
  'train-end': () => {
    end();
    return undefined;
  },
};
