/**
 * The worker: the only file that names the WebAssembly module. It loads one engine, answers one message at a time, and
 * holds no state that matters: the page may terminate it at any moment and start a fresh one.
 */
import { fetchFile, problemFrom } from './fetch.ts';
import type { FileIn, FileOut, FromWorker, ScannedSlice, ToWorker } from './messages.ts';
import type { Classifier, KnownAnswerCheck, NodulensModule, Prediction, SizePolicy } from './wasm.ts';

declare const self: DedicatedWorkerGlobalScope;

interface Engine {
  wasm: NodulensModule;
  classifier: Classifier;
}

let engine: Engine | undefined;

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

/** After a trap the instance's memory is in an unknown state, whatever call it was. */
function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/** The weights, with progress: they are the largest part of a CPU start. */
async function fetchWeights(file: string, report: (loaded: number, total: number) => void): Promise<Uint8Array> {
  const response = await fetchFile(`./models/${file}`);
  // Content-Length counts compressed bytes where the server compresses; the server then sends this header too.
  const total = Number(response.headers.get('x-uncompressed-length') ?? (response.headers.has('content-encoding') ? 0 : response.headers.get('content-length')) ?? 0);
  if (!response.body) return new Uint8Array(await response.arrayBuffer());
  const parts: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    report(loaded, total);
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Code and weights travel at the same time; the module compiles while it streams. */
async function start(message: Extract<ToWorker, { kind: 'start' }>): Promise<FromWorker> {
  const folder = `./pkg/${message.engine}`;
  const code = fetchFile(`${folder}/nodulens_bg.wasm`);
  const weights = fetchWeights(message.weights, (loaded, total) => post({ kind: 'progress', id: message.id, loaded, total }));
  // Whichever fails first is reported; the other must not become an unhandled rejection.
  code.catch(() => undefined);
  weights.catch(() => undefined);
  const glue = new URL(`${folder}/nodulens.js`, import.meta.url).href;
  const wasm = (await import(glue)) as NodulensModule;
  await wasm.default({ module_or_path: code });
  const classifier = await wasm.Classifier.load(await weights);
  engine = { wasm, classifier };
  return { kind: 'started', id: message.id, method: wasm.method(), networks: wasm.networks(), model: classifier.info() };
}

function running(): Engine {
  if (!engine) throw new Error('The engine has not been started.');
  return engine;
}

/** One batch. A number that is not finite is an engine fault (a lost device, a bad shader), never a result. */
async function predict(classifier: Classifier, values: Float32Array): Promise<Prediction[]> {
  const predictions = await classifier.classify(values);
  for (const { probability } of predictions) {
    if (!Number.isFinite(probability)) throw new Error('The engine returned a probability that is not a number.');
  }
  return predictions;
}

/**
 * Decodes every file, then classifies those that decoded in one batch.
 * A file that cannot be decoded is answered with its own problem and never stops the others.
 */
async function classify(files: FileIn[], policy: SizePolicy): Promise<FileOut[]> {
  const { wasm, classifier } = running();
  const outcomes: FileOut[] = [];
  const decoded: { key: number; milliseconds: number; patch: ReturnType<NodulensModule['decodePatch']> }[] = [];
  for (const { key, bytes } of files) {
    const before = performance.now();
    try {
      const patch = wasm.decodePatch(new Uint8Array(bytes), policy);
      decoded.push({ key, patch, milliseconds: performance.now() - before });
    } catch (error) {
      if (isTrap(error)) throw error;
      outcomes.push({ key, ok: false, problem: problemFrom(error) });
    }
  }
  if (decoded.length === 0) return outcomes;

  const size = decoded[0]?.patch.values.length ?? 0;
  const values = new Float32Array(size * decoded.length);
  decoded.forEach(({ patch }, index) => values.set(patch.values, index * size));
  const before = performance.now();
  const predictions = await predict(classifier, values);
  const share = (performance.now() - before) / decoded.length;
  decoded.forEach(({ key, patch: { values: _, ...patch }, milliseconds }, index) => {
    const prediction = predictions[index];
    if (!prediction) throw new Error('The engine returned fewer predictions than patches.');
    outcomes.push({ key, ok: true, patch, prediction, milliseconds: milliseconds + share });
  });
  return outcomes;
}

/** The known inputs, over and over. */
function knownPatches(patches: number): Float32Array {
  const { wasm, classifier } = running();
  const inputs = classifier.knownAnswerInputs();
  const size = wasm.method().patchSize ** 2;
  const values = new Float32Array(size * patches);
  for (let at = 0; at < values.length; at += inputs.length) values.set(inputs.subarray(0, values.length - at), at);
  return values;
}

/**
 * The known inputs against the reference, in batches of these sizes and in the corner of a picture. Each has shaders of
 * its own: what passes here is compiled, too, so that no click waits for it. Answers with the worst.
 */
async function check(reference: Prediction[], batches: number[]): Promise<KnownAnswerCheck> {
  const { wasm, classifier } = running();
  const checks: KnownAnswerCheck[] = [];
  for (const patches of batches) {
    const ours = await predict(classifier, knownPatches(patches));
    const expected = ours.flatMap((_, at) => reference[at % reference.length] ?? []);
    checks.push(classifier.checkKnownAnswer(expected, ours));
  }
  const side = wasm.method().patchSize;
  const picture = new Float32Array(4 * side ** 2);
  const corner = knownPatches(1);
  for (let row = 0; row < side; row += 1) picture.set(corner.subarray(row * side, (row + 1) * side), row * 2 * side);
  const [no, yes] = (await classifier.denseLogits(picture, 2 * side, 2 * side)) ?? [];
  const [first] = reference;
  if (first && no !== undefined && yes !== undefined) checks.push(classifier.checkKnownAnswer([first], [{ ...first, logits: [no, yes] }]));
  const worst = (one: KnownAnswerCheck, other: KnownAnswerCheck): KnownAnswerCheck => (other.maxDifference > one.maxDifference ? other : one);
  return checks.find(({ ok }) => !ok) ?? checks.reduce(worst);
}

/** Warm time a patch at a batch of `patches`: the second of two runs, for the first one compiles shaders. */
async function measure(patches: number): Promise<number> {
  const { classifier } = running();
  const values = knownPatches(patches);
  await predict(classifier, values);
  const before = performance.now();
  await predict(classifier, values);
  return (performance.now() - before) / patches;
}

/** Scans that are to end with what they have. */
const halted = new Set<number>();

/** Lets the messages in that came meanwhile; a timer would wait 4 ms. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** How often the growing map is sent, milliseconds. */
const SHOW_EVERY = 120;

async function scanSlice({ id, slice, lungs, show }: Extract<ToWorker, { kind: 'scan-slice' }>): Promise<ScannedSlice> {
  const { wasm, classifier } = running();
  const began = performance.now();
  const scan = new wasm.SliceScan(classifier, slice.hu, slice.width, slice.height, slice.pixelMm, lungs);
  try {
    let shown = began;
    let progress = { done: 0, total: 1 };
    while (progress.done < progress.total && !halted.has(id)) {
      progress = await scan.step(classifier);
      const now = performance.now();
      if (now - shown > SHOW_EVERY) {
        shown = now;
        post({ kind: 'scanning', id, ...progress, map: show ? scan.map() : undefined });
        await breathe();
      }
    }
    const map = scan.map();
    const whole = progress.done === progress.total;
    return { map, peaks: scan.peaks(classifier), note: scan.note(), milliseconds: performance.now() - began, whole };
  } finally {
    halted.delete(id);
    scan.free();
  }
}

async function answer(message: Exclude<ToWorker, { kind: 'halt' }>): Promise<FromWorker> {
  const { id } = message;
  switch (message.kind) {
    case 'start':
      return start(message);
    case 'classify':
      return { kind: 'classified', id, files: await classify(message.files, message.policy) };
    case 'phantoms':
      return { kind: 'phantoms-made', id, phantoms: running().wasm.makePhantoms(message.seed, message.count) };
    case 'known-answer': {
      const { classifier } = running();
      return { kind: 'known-answer-given', id, predictions: await predict(classifier, classifier.knownAnswerInputs()) };
    }
    case 'check':
      return { kind: 'checked', id, check: await check(message.reference, message.batches) };
    case 'measure':
      return { kind: 'measured', id, millisecondsPerPatch: await measure(message.patches) };
    case 'spot': {
      const { classifier } = running();
      const { hu, width, height, pixelMm } = message.slice;
      const before = performance.now();
      const spot = await classifier.classifyAt(hu, width, height, pixelMm, ...message.pixel);
      return { kind: 'spotted', id, spot, milliseconds: performance.now() - before };
    }
    case 'scan-slice':
      return { kind: 'slice-scanned', id, scanned: await scanSlice(message) };
    case 'order':
      return { kind: 'ordered', id, order: [...running().wasm.sliceOrder(message.depth)] };
    case 'merge':
      return { kind: 'merged', id, findings: running().wasm.mergePeaks(message.peaks, message.geometry) };
    default: {
      const never: never = message;
      throw new Error(`Unknown message ${JSON.stringify(never)}`);
    }
  }
}

// One message at a time: `classify` is asynchronous, and a second call into the instance must not overlap it.
let queue: Promise<void> = Promise.resolve();

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.kind === 'halt') {
    halted.add(message.id);
    return;
  }
  queue = queue.then(async () => {
    try {
      post(await answer(message));
    } catch (error) {
      if (isTrap(error)) post({ kind: 'died', message: problemFrom(error).message });
      else post({ kind: 'failed', id: message.id, problem: problemFrom(error) });
    }
  });
};

// A panic inside a future never reaches the promise that waits for it; it surfaces here instead.
self.addEventListener('unhandledrejection', (event: PromiseRejectionEvent) => {
  post({ kind: 'died', message: problemFrom(event.reason).message });
});
