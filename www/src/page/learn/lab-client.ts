/**
 * The lab's worker. One that stops is replaced by a fresh one, which is asked once more; what stops two is refused. It holds
 * nothing that could not be given to a fresh one, but for a network in training.
 */
import { SILENCE } from '../../shared/channel/silence.ts';
import { retry } from '../../shared/channel/policies.ts';
import { WorkerChannel } from '../../shared/channel/worker-channel.ts';
import { WorkerDied } from '../../shared/channel/worker-errors.ts';
import type { Ahead } from '../../shared/channel/plan.ts';
import type { LabAnswer, LabAsk, LabProgress, ToLab } from '../../shared/lab/lab-messages.ts';
import type { TaskName, Tasks } from '../../shared/lab/lab-tasks.ts';
import { strings } from '../../strings/strings.ts';
import { code, weightsOf } from '../assets/code-and-weights.ts';

const IDLE_MILLISECONDS = 5 * 60_000;

export interface LabOptions {
  /** File of the network that is asked (models/, or one that the user has loaded). */
  network?: string;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number, partial: unknown) => void;
}

export class Lab {
  /** A training is under way, which would be lost: the worker stays, also while it is paused. */
  inTraining = false;
  private readonly channel = new WorkerChannel<LabAsk, LabAnswer, LabProgress>({
    name: 'nodulens-lab',
    policy: retry,
    load: async () => {
      const { script, module } = await code('lab');
      return { script, first: { kind: 'start', module } satisfies ToLab };
    },
    silence: () => SILENCE.lab,
    ahead: ({ network }) => (network === undefined ? undefined : this.weights(network)),
    idle: () => (this.inTraining ? undefined : IDLE_MILLISECONDS),
  });

  /** Rejects with `RequestFailed`, `WorkerDied`, or the signal's reason. */
  async ask<K extends TaskName>(task: K, input: Tasks[K]['in'], { network, signal, onProgress }: LabOptions = {}): Promise<Tasks[K]['out']> {
    const { output } = await this.channel.ask({ kind: 'ask', task, input, network }, {
      ...(signal ? { signal } : {}),
      ...(onProgress ? { onProgress: ({ done, total, partial }: LabProgress) => onProgress(done, total, partial) } : {}),
    });
    return output as Tasks[K]['out'];
  }

  /** Ends the worker and all that waits. A later request starts a fresh one. */
  end(reason = new WorkerDied(strings.lab.ended)): void {
    this.channel.clear(reason);
  }

  /** A fresh worker for all that waits. */
  renew(): void {
    this.channel.renew();
  }

  private async weights(network: string): Promise<Ahead> {
    return { key: network, message: { kind: 'load', network, weights: await weightsOf(network) } satisfies ToLab };
  }
}
