// What a bench page can do: make engines, ask them for logits, time them. The driver calls `window.bench`.
import { makeOnnx } from './onnx.js';
import { makeOurs, makeOurWorkers } from './ours.js';
import { makeTfjs } from './tfjs.js';

const PATCH = 2500;
const SLICE = 512;
const floats = async (name) => new Float32Array(await (await fetch(`/data/${name}.f32`)).arrayBuffer());
const [inputs, slice] = await Promise.all(['inputs', 'slice'].map(floats));

const makers = { ours: makeOurs, workers: makeOurWorkers, onnx: makeOnnx, tfjs: makeTfjs };
const engines = new Map();
const find = (name) => engines.get(name) ?? (() => { throw new Error(`there is no engine ${name}`); })();
// The work that a series times: patches of a batch, or a whole slice.
const work = (name, batch) => {
  const engine = find(name);
  if (batch === 'slice') return () => engine.dense(slice, SLICE, SLICE);
  const values = inputs.subarray(0, batch * PATCH);
  return () => engine.logits(values);
};
const timed = async (run, calls) => {
  const began = performance.now();
  for (let i = 0; i < calls; i += 1) await run();
  return (performance.now() - began) / calls;
};

window.bench = {
  /** Makes an engine under a name; how long until it was ready, in ms. */
  async make(name, { maker, ...options }) {
    const began = performance.now();
    engines.set(name, await makers[maker](options));
    return performance.now() - began;
  },
  /** Logits of the first patches, two a patch; of the slice, two a place. */
  logits: async (name, batch) => Array.from(await work(name, batch)()),
  /** Runs until the optimizing compiler has had its time; returns how many calls fill `least` ms. */
  async warm(name, batch, { warmMs, least }) {
    const run = work(name, batch);
    const began = performance.now();
    let fastest = Infinity;
    for (let calls = 0; calls < 3 || performance.now() - began < warmMs; calls += 1) fastest = Math.min(fastest, await timed(run, 1));
    return Math.max(1, Math.ceil(least / fastest));
  },
  /** Mean ms of a call over so many calls. */
  sample: (name, batch, calls) => timed(work(name, batch), calls),
  /** Time and memory for so many patches in batches of 32. */
  async patches(name, count) {
    const engine = find(name);
    const whole = Math.floor(inputs.length / PATCH);
    const began = performance.now();
    for (let done = 0; done < count; ) {
      const batch = Math.min(32, count - done);
      const from = done % (whole - 31);
      await engine.logits(inputs.subarray(from * PATCH, (from + batch) * PATCH));
      done += batch;
    }
    return { ms: performance.now() - began, memory: engine.memory() };
  },
  /** The same for so many slices. */
  async slices(name, count) {
    const engine = find(name);
    const began = performance.now();
    for (let done = 0; done < count; done += 1) await engine.dense(slice, SLICE, SLICE);
    return { ms: performance.now() - began, memory: engine.memory() };
  },
  isolated: () => crossOriginIsolated,
};
