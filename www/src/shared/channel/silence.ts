/**
 * How long each worker, and each download, may give no sign of life before it is given up, in milliseconds. Generous: a busy
 * laptop must not lose a healthy worker.
 */
export const SILENCE = {
  /** Of a download: from one piece to the next. */
  download: 60_000,
  /** Starting an engine: its code is compiled first. */
  start: 120_000,
  cpu: { base: 20_000, perPatch: 500 },
  // A software adapter needs seconds for a patch and compiles every shader first.
  webgpu: { base: 120_000, perPatch: 15_000 },
  /** A thread of the CPU engine, once it has joined. */
  thread: { base: 10_000, perPatch: 500 },
  loader: 120_000,
  lab: 60_000,
};
