/**
 * The loader's worker, which holds the volumes of an open scan. A new scan gets a new one, and cancelling ends it. One that
 * stops while its scan is open is replaced: the new one opens the same files again and goes on with what was asked.
 */
import { SILENCE } from '../../shared/channel/silence.ts';
import { replay } from '../../shared/channel/policies.ts';
import { WorkerChannel } from '../../shared/channel/worker-channel.ts';
import type { AnyLoaderAnswer, AnyLoaderAsk, LoaderAnswer, LoaderAsk, LoaderRequest, OpeningProgress } from '../../shared/loader-messages.ts';
import { strings } from '../../strings/strings.ts';
import { code } from '../assets/code-and-weights.ts';

const IDLE_MILLISECONDS = 10 * 60_000;

/** What the worker's state is made by. */
const MAKES_STATE: ReadonlySet<LoaderRequest> = new Set(['open', 'example', 'picture']);

/** By what an answer that opens something is known again: a file that has changed or gone gives another. */
function printOf(answer: AnyLoaderAnswer): string {
  const series = answer.kind === 'opened' ? answer.opened.series : answer.kind === 'picture-read' ? [answer.series] : [];
  return JSON.stringify(series.map(({ info, geometry }) => [info.sha256, info.files, geometry]));
}

export class LoaderWorker {
  private readonly channel = new WorkerChannel<AnyLoaderAsk, AnyLoaderAnswer, OpeningProgress>({
    name: 'nodulens-loader',
    policy: replay,
    load: async () => {
      const { script, module } = await code('loader');
      return { script, first: { kind: 'start', module } };
    },
    silence: () => SILENCE.loader,
    // The user's files may be gone by the time that they would have to be opened again.
    idle: () => (this.holdsFiles ? undefined : IDLE_MILLISECONDS),
    changed: strings.scan.changed,
  });
  private holdsFiles = false;

  get alive(): boolean {
    return this.channel.alive;
  }

  /** Rejects with `WorkerDied`, `RequestFailed`, or what `end` was given. */
  ask<K extends LoaderRequest>(request: LoaderAsk<K> & { kind: K }, onProgress?: (done: number, total: number) => void): Promise<LoaderAnswer<K>> {
    if (request.kind === 'open') this.holdsFiles = true;
    // The answer is of the kind that belongs to the request (AnswerKind).
    return this.channel.ask(request as unknown as AnyLoaderAsk, {
      ...(onProgress ? { onProgress: ({ done, total }: OpeningProgress) => onProgress(done, total) } : {}),
      ...(MAKES_STATE.has(request.kind) ? { state: printOf } : {}),
    }) as unknown as Promise<LoaderAnswer<K>>;
  }

  /** Ends the worker and whatever it was doing. */
  end(reason: Error): void {
    this.channel.end(reason);
  }

  /** A fresh worker that knows what the one before knew; for a page that has been sealed, under its policy. */
  renew(): void {
    this.channel.renew();
  }
}
