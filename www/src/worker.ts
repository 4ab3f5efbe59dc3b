/**
 * The worker: the only file that names the WebAssembly module. It loads one engine, answers one message at a time, and
 * holds no state that matters: the page may terminate it at any moment and start a fresh one.
 */
import { Crew, threadsHere } from './crew.ts';
import { answered, check, classify, isTrap, measure, predict, scanPart } from './engine-work.ts';
import type { Engine } from './engine-work.ts';
import { fetchFile, problemFrom } from './fetch.ts';
import type { FromWorker, ScannedSlice, ToWorker } from './messages.ts';
import type { HeatMap, NodulensModule } from './wasm.ts';

declare const self: DedicatedWorkerGlobalScope;

let engine: Engine | undefined;
/** None in a thread of another worker's crew, and on WebGPU. */
let crew: Crew | undefined;

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
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

/** Compiles while it streams; a server that sends another type than application/wasm only makes it slower. */
async function compile(response: Promise<Response>): Promise<WebAssembly.Module> {
  const streams = (await response).headers.get('content-type')?.startsWith('application/wasm');
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await (await response).arrayBuffer());
}

async function instantiate(folder: string, module: WebAssembly.Module, weights: Promise<Uint8Array> | Uint8Array): Promise<Engine> {
  const glue = new URL(`./pkg/${folder}/nodulens.js`, import.meta.url).href;
  const wasm = (await import(glue)) as NodulensModule;
  await wasm.default({ module_or_path: module });
  return { wasm, classifier: await wasm.Classifier.load(await weights) };
}

/** Code and weights travel at the same time. */
async function start({ id, folder, weights: file }: Extract<ToWorker, { kind: 'start' }>): Promise<FromWorker> {
  const code = compile(fetchFile(`./pkg/${folder}/nodulens_bg.wasm`));
  const weights = fetchWeights(file, (loaded, total) => post({ kind: 'progress', id, loaded, total }));
  // Whichever fails first is reported; the other must not become an unhandled rejection.
  code.catch(() => undefined);
  weights.catch(() => undefined);
  engine = await instantiate(folder, await code, weights);
  const threads = folder === 'webgpu' ? 1 : threadsHere();
  if (threads > 1) crew = new Crew({ folder, module: await code, weights: await weights }, threads);
  const { wasm, classifier } = engine;
  return { kind: 'started', id, method: wasm.method(), networks: wasm.networks(), model: classifier.info(), threads };
}

function running(): Engine {
  if (!engine) throw new Error('The engine has not been started.');
  return engine;
}

/** Scans that are to end with what they have, and whom else to tell. */
const halted = new Set<number>();
const halts = new Map<number, () => void>();

async function scanSlice({ id, slice, lungs, show }: Extract<ToWorker, { kind: 'scan-slice' }>): Promise<ScannedSlice> {
  const began = performance.now();
  const own = running();
  // What the threads have found so far; each map holds its own part.
  const found: HeatMap[] = [];
  let far = { done: 0, total: 1 };
  // Whoever waits must hear that work goes on, by whichever thread.
  const alive = (): void => post({ kind: 'scanning', id, ...far, map: undefined });
  const hear = (map: HeatMap | undefined): void => {
    if (map) found.push(map);
    alive();
  };
  const { parts, maps, halt } = crew?.scan({ slice, lungs }, show, hear) ?? { parts: 1, maps: [], halt: () => undefined };
  halts.set(id, halt);
  // It may have been halted while it waited for its turn.
  if (halted.has(id)) halt();
  let scan;
  try {
    scan = await scanPart(own, { slice, lungs, part: 0, parts }, () => halted.has(id), (growing, _, total) => {
      for (const map of found.splice(0)) growing.absorb(map.probability);
      const map = growing.map();
      far = { done: answered(map), total };
      post({ kind: 'scanning', id, ...far, map: show ? map : undefined });
    });
    for (const [index, answer] of maps.entries()) {
      const map = await answer;
      if (map) scan.absorb(map.probability);
      else if (!halted.has(id)) {
        const missing = await scanPart(own, { slice, lungs, part: index + 1, parts }, () => halted.has(id), alive);
        scan.absorb(missing.map().probability);
        missing.free();
      }
    }
    const { done, total } = await scan.step(own.classifier);
    return { map: scan.map(), peaks: scan.peaks(own.classifier), note: scan.note(), milliseconds: performance.now() - began, whole: done === total, share: done / Math.max(1, total) };
  } finally {
    halt();
    halted.delete(id);
    halts.delete(id);
    scan?.free();
  }
}

async function answer(message: Exclude<ToWorker, { kind: 'halt' }>): Promise<FromWorker> {
  const { id } = message;
  switch (message.kind) {
    case 'start':
      return start(message);
    case 'enlist':
      engine = await instantiate(message.folder, message.module, message.weights);
      return { kind: 'enlisted', id };
    case 'classify': {
      const { files, policy } = message;
      return { kind: 'classified', id, files: await (crew ? crew.classify(running(), files, policy) : classify(running(), files, policy)) };
    }
    case 'phantoms':
      return { kind: 'phantoms-made', id, phantoms: running().wasm.makePhantoms(message.seed, message.count) };
    case 'known-answer': {
      const { classifier } = running();
      return { kind: 'known-answer-given', id, predictions: await predict(classifier, classifier.knownAnswerInputs()) };
    }
    case 'check':
      return { kind: 'checked', id, check: await check(running(), message.reference, message.batches) };
    case 'measure': {
      const { patches, batches } = message;
      return { kind: 'measured', id, millisecondsPerPatch: await (crew ? crew.measure(running(), patches, batches) : measure(running(), patches, batches)) };
    }
    case 'spot': {
      const { classifier } = running();
      const { hu, width, height, pixelMm } = message.slice;
      const before = performance.now();
      const spot = await classifier.classifyAt(hu, width, height, pixelMm, ...message.pixel);
      return { kind: 'spotted', id, spot, milliseconds: performance.now() - before };
    }
    case 'scan-slice':
      return { kind: 'slice-scanned', id, scanned: await scanSlice(message) };
    case 'scan-part': {
      const scan = await scanPart(running(), message, () => halted.has(id), (growing, done, total) => {
        post({ kind: 'scanning', id, done, total, map: message.show ? growing.map() : undefined });
      });
      const map = scan.map();
      scan.free();
      halted.delete(id);
      return { kind: 'part-scanned', id, map };
    }
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
    halts.get(message.id)?.();
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
