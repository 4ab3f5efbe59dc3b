/**
 * An engine's worker. scripts/build.mjs makes one script of it for each module: `#glue` is what wasm-bindgen wrote beside
 * that module. It is handed code and weights and asks for nothing itself, answers one message at a time, and holds no
 * state that matters: the page may terminate it at any moment and start a fresh one.
 */
import '../no-network.ts';
import * as glue from '#glue';
import { Crew, threadsHere } from './threads.ts';
import { answered, check, classify, isTrap, measure, predict, scanPart } from './compute.ts';
import type { Engine } from './compute.ts';
import { faultInTurn, faultNow } from './faults.ts';
import type { Fault } from '../../shared/faults.ts';
import { watchDevices } from './watch-gpu.ts';
import type { FromWorker, ScannedSlice, ToWorker } from '../../shared/engine-messages.ts';
import { tryInWorker } from '../leak-test.ts';
import { problemFrom } from '../../shared/problem.ts';
import type { HeatMap, NodulensModule } from '../../shared/wasm/engine-wasm.ts';

declare const self: DedicatedWorkerGlobalScope;

let engine: Engine | undefined;
/** None in a thread of another worker's crew, and on WebGPU. */
let crew: Crew | undefined;

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

async function instantiate(module: WebAssembly.Module, weights: Uint8Array): Promise<Engine> {
  const wasm = glue as unknown as NodulensModule;
  await wasm.default({ module_or_path: module });
  return { wasm, classifier: await wasm.Classifier.load(weights) };
}

async function start({ id, module, weights, script }: Extract<ToWorker, { kind: 'start' }>): Promise<FromWorker> {
  engine = await instantiate(module, weights);
  const threads = script ? threadsHere() : 1;
  if (script && threads > 1) crew = new Crew({ script, module, weights }, threads);
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

async function answer(message: Exclude<ToWorker, { kind: 'halt' | 'fault' }>): Promise<FromWorker> {
  const { id } = message;
  switch (message.kind) {
    case 'start':
      return start(message);
    case 'enlist':
      engine = await instantiate(message.module, message.weights);
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
    case 'try-network':
      return { kind: 'network-tried', id, attempts: await tryInWorker(message.own) };
    default: {
      const never: never = message;
      throw new Error(`Unknown message ${JSON.stringify(never)}`);
    }
  }
}

/** A fault that was asked for, until its turn. */
let coming: Fault | undefined;

watchDevices((reason) => post({ kind: 'died', message: reason }));

// One message at a time: `classify` is asynchronous, and a second call into the instance must not overlap it.
let queue: Promise<void> = Promise.resolve();

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.kind === 'halt') {
    halted.add(message.id);
    halts.get(message.id)?.();
    return;
  }
  if (message.kind === 'fault') {
    faultNow(message.fault);
    coming = message.fault;
    return;
  }
  queue = queue.then(async () => {
    try {
      if (coming && engine) {
        const fault = coming;
        coming = undefined;
        faultInTurn(fault, engine);
      }
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
