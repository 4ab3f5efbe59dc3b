/**
 * What the three kinds of worker have in common: one message after the other, for a second call into an instance must not
 * overlap the first; cancelling, which is not queued; and the end where the instance has trapped.
 */
import type { CancelMessage, Ending } from '../shared/channel/wire.ts';
import { problemFrom } from '../shared/problem.ts';

declare const self: DedicatedWorkerGlobalScope;

/** After a trap the instance's memory is in an unknown state, whatever call it was. */
export const isTrap = (error: unknown): boolean => error instanceof WebAssembly.RuntimeError;

/** Lets in the messages that have come; a timer would wait 4 ms. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

export interface Handlers<M> {
  /** Whether the message was dealt with at once, out of its turn. */
  atOnce?(message: M): boolean;
  /** In its turn; what it throws is the answer, where the message has an id. */
  inTurn(message: M): Promise<void>;
  /** A request is to end soon. It is answered all the same. */
  cancelled?(id: number): void;
}

/** Requests that are to end with what they have: asked for while they run, or before. */
const cancelled = new Set<number>();
export const isCancelled = (id: number): boolean => cancelled.has(id);

/** The instance must not be used again. */
export const died = (error: unknown): void => self.postMessage({ kind: 'died', message: problemFrom(error).message } satisfies Ending);

export function takeInTurn<M extends { kind: string }>(handlers: Handlers<M>): void {
  let queue: Promise<void> = Promise.resolve();
  self.onmessage = ({ data }: MessageEvent<M | CancelMessage>) => {
    if (data.kind === 'cancel') {
      const { id } = data as CancelMessage;
      cancelled.add(id);
      handlers.cancelled?.(id);
      return;
    }
    const message = data as M;
    if (handlers.atOnce?.(message)) return;
    queue = queue.then(async () => {
      const id = 'id' in message ? (message.id as number) : undefined;
      try {
        await handlers.inTurn(message);
      } catch (error) {
        if (isTrap(error)) died(error);
        else if (id !== undefined) self.postMessage({ kind: 'failed', id, problem: problemFrom(error) } satisfies Ending);
      } finally {
        if (id !== undefined) cancelled.delete(id);
      }
    });
  };
  // A panic inside a future never reaches the promise that waits for it; it surfaces here instead.
  self.addEventListener('unhandledrejection', (event: PromiseRejectionEvent) => died(event.reason));
}
