/**
 * For what follows the pointer: one request at a time, and of those that come while it runs only the last. `done` hears of every
 * answer, in order; `failed` of every failure.
 */
export function latest<In, Out>(ask: (input: In) => Promise<Out>, done: (output: Out, input: In) => void, failed: (error: unknown) => void): (input: In) => void {
  let busy = false;
  let next: { input: In } | undefined;
  const run = async (input: In): Promise<void> => {
    busy = true;
    try {
      done(await ask(input), input);
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
      const follows = next;
      next = undefined;
      if (follows) void run(follows.input);
    }
  };
  return (input) => {
    if (busy) next = { input };
    else void run(input);
  };
}
