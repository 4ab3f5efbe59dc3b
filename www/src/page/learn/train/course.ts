/** One training from its start to its end: steps in small helpings, so that it can be paused and cancelled at any time. */
import { WorkerDied } from '../../../shared/channel/worker-errors.ts';
import { problemOf } from '../../shell/problem-of.ts';
import type { Lab } from '../lab-client.ts';
import type { TrainingEpoch, TrainingSettings } from '../../../shared/wasm/lab-wasm.ts';
import type { Examples, Kernels, Trained } from '../../../shared/lab/train-tasks.ts';

/** Of a helping: often enough for a picture that moves. */
const MILLISECONDS = 150;

export type CourseState = 'running' | 'paused' | 'done' | 'cancelled' | 'failed';

export interface Order {
  settings: TrainingSettings;
  examples: Examples;
  /** File of the network to go on with; from the start without one. */
  from: string | undefined;
  /** For the card. */
  data: string;
}

export class Course {
  state: CourseState = 'running';
  readonly epochs: TrainingEpoch[] = [];
  step = 0;
  steps = 0;
  /** Patches held out. */
  held = 0;
  /** Computed so far, without pauses. */
  seconds = 0;
  /** The weights file after the last whole epoch. */
  weights: Uint8Array<ArrayBuffer> | undefined;
  problem = '';
  readonly order: Order;
  private readonly lab: Lab;
  private readonly changed: (kernels?: Kernels) => void;
  private go: (() => void) | undefined;

  /** `changed` is called after every helping and with every change of the state. */
  constructor(lab: Lab, order: Order, changed: (kernels?: Kernels) => void) {
    this.lab = lab;
    this.order = order;
    this.changed = changed;
  }

  /** Ends when it is done, cancelled or has failed; then `state` says which. */
  async run(began: (kernels: Kernels) => void): Promise<void> {
    const { settings, examples, from, data } = this.order;
    const date = new Date().toISOString().slice(0, 10);
    try {
      const { kernels, held } = await this.lab.ask('train-begin', { settings, examples, fresh: from === undefined }, from === undefined ? {} : { network: from });
      this.held = held;
      if (this.over()) return;
      began(kernels);
      while (this.step === 0 || this.step < this.steps) {
        if (this.state === 'paused') await new Promise<void>((resolve) => (this.go = resolve));
        if (this.over()) return;
        const before = performance.now();
        const trained = await this.lab.ask('train-steps', { milliseconds: MILLISECONDS, data, date });
        this.seconds += (performance.now() - before) / 1000;
        if (this.over()) return;
        this.take(trained);
      }
      this.state = 'done';
    } catch (error) {
      if (this.over()) return;
      this.state = 'failed';
      const { message, hint } = problemOf(error);
      // A worker that stopped is no reason to reload the page.
      this.problem = error instanceof WorkerDied ? message : [message, hint].filter(Boolean).join('. ');
    } finally {
      if (this.state !== 'failed') void this.lab.ask('train-end', undefined).catch(() => undefined);
      this.changed();
    }
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused';
    this.changed();
  }

  resume(): void {
    if (this.state === 'paused') this.state = 'running';
    this.go?.();
    this.changed();
  }

  cancel(): void {
    if (this.state === 'running' || this.state === 'paused') this.state = 'cancelled';
    this.go?.();
    this.changed();
  }

  /** What is left, seconds; unknown before the first steps. */
  get left(): number | undefined {
    return this.step === 0 ? undefined : (this.seconds / this.step) * (this.steps - this.step);
  }

  /** Patches learnt a second. */
  get speed(): number {
    const { examples, settings } = this.order;
    const epochs = this.steps > 0 ? (this.step / this.steps) * settings.epochs : 0;
    return this.seconds > 0 ? (epochs * (examples.labels.length - this.held)) / this.seconds : 0;
  }

  private over(): boolean {
    return this.state === 'cancelled';
  }

  private take({ step, steps, epochs, kernels, weights }: Trained): void {
    this.step = step;
    this.steps = steps;
    this.epochs.push(...epochs);
    this.weights = weights ?? this.weights;
    this.changed(kernels);
  }
}
