/**
 * An engine's worker. scripts/build.mjs makes one script of it for each module: `#glue` is what wasm-bindgen wrote beside
 * that module. It is handed code and weights and asks for nothing itself, answers one message at a time, and holds no
 * state that matters: the page may terminate it at any moment and start a fresh one.
 */
import '../no-network.ts';
import * as glue from '#glue';
import { Threads, threadsHere } from './threads.ts';
import { answered, check, classify, isTrap, measure, predict, searchPart } from './compute.ts';
import type { Engine } from './compute.ts';
import { faultInTurn, faultNow } from './faults.ts';
import type { Fault } from '../../shared/faults.ts';
import { watchDevices } from './watch-gpu.ts';
import type { FromWorker, SearchedSlice, ToWorker } from '../../shared/engine-messages.ts';
import { tryInWorker } from '../leak-test.ts';
import { problemFrom } from '../../shared/problem.ts';
import type { HeatMap, NodulensModule } from '../../shared/wasm/engine-wasm.ts';

declare const self: DedicatedWorkerGlobalScope;

let engine: Engine | undefined;
/** None in a thread of another worker, and on WebGPU. */
let threads: Threads | undefined;

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
  const count = script ? threadsHere() : 1;
  if (script && count > 1) threads = new Threads({ script, module, weights }, count);
  const { wasm, classifier } = engine;
  return { kind: 'started', id, method: wasm.method(), networks: wasm.networks(), model: classifier.info(), threads: count };
}

function running(): Engine {
  if (!engine) throw new Error('The engine has not been started.');
  return engine;
}

/** Searches that are to end with what they have, and whom else to tell. */
const cancelled = new Set<number>();
const cancels = new Map<number, () => void>();

async function searchSlice({ id, slice, lungs, show }: Extract<ToWorker, { kind: 'search-slice' }>): Promise<SearchedSlice> {
  const began = performance.now();
  const own = running();
  // What the threads have found so far; each map holds its own part.
  const found: HeatMap[] = [];
  let far = { done: 0, total: 1 };
  // Whoever waits must hear that work goes on, by whichever thread.
  const alive = (): void => post({ kind: 'progress', id, ...far, map: undefined });
  const hear = (map: HeatMap | undefined): void => {
    if (map) found.push(map);
    alive();
  };
  const { parts, maps, cancel } = threads?.search({ slice, lungs }, show, hear) ?? { parts: 1, maps: [], cancel: () => undefined };
  cancels.set(id, cancel);
  // It may have been cancelled while it waited for its turn.
  if (cancelled.has(id)) cancel();
  let search;
  try {
    search = await searchPart(own, { slice, lungs, part: 0, parts }, () => cancelled.has(id), (growing, _, total) => {
      for (const map of found.splice(0)) growing.absorb(map.probability);
      const map = growing.map();
      far = { done: answered(map), total };
      post({ kind: 'progress', id, ...far, map: show ? map : undefined });
    });
    for (const [index, answer] of maps.entries()) {
      const map = await answer;
      if (map) search.absorb(map.probability);
      else if (!cancelled.has(id)) {
        const missing = await searchPart(own, { slice, lungs, part: index + 1, parts }, () => cancelled.has(id), alive);
        search.absorb(missing.map().probability);
        missing.free();
      }
    }
    const { done, total } = await search.step(own.classifier);
    return { map: search.map(), peaks: search.peaks(own.classifier), note: search.note(), milliseconds: performance.now() - began, whole: done === total, share: done / Math.max(1, total) };
  } finally {
    cancel();
    cancels.delete(id);
    search?.free();
  }
}

async function answer(message: Exclude<ToWorker, { kind: 'cancel' | 'fault' }>): Promise<FromWorker> {
  const { id } = message;
  switch (message.kind) {
    case 'start':
      return start(message);
    case 'enlist':
      engine = await instantiate(message.module, message.weights);
      return { kind: 'enlisted', id };
    case 'classify': {
      const { files, policy } = message;
      return { kind: 'classified', id, files: await (threads ? threads.classify(running(), files, policy) : classify(running(), files, policy)) };
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
      return { kind: 'measured', id, millisecondsPerPatch: await (threads ? threads.measure(running(), patches, batches) : measure(running(), patches, batches)) };
    }
    case 'spot': {
      const { classifier } = running();
      const { hu, width, height, pixelMm } = message.slice;
      const before = performance.now();
      const spot = await classifier.classifyAt(hu, width, height, pixelMm, ...message.pixel);
      return { kind: 'spotted', id, spot, milliseconds: performance.now() - before };
    }
    case 'search-slice':
      return { kind: 'slice-searched', id, searched: await searchSlice(message) };
    case 'search-part': {
      const search = await searchPart(running(), message, () => cancelled.has(id), (growing, done, total) => {
        post({ kind: 'progress', id, done, total, map: message.show ? growing.map() : undefined });
      });
      const map = search.map();
      search.free();
      return { kind: 'part-searched', id, map };
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
  if (message.kind === 'cancel') {
    cancelled.add(message.id);
    cancels.get(message.id)?.();
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
    } finally {
      cancelled.delete(message.id);
    }
  });
};

// A panic inside a future never reaches the promise that waits for it; it surfaces here instead.
self.addEventListener('unhandledrejection', (event: PromiseRejectionEvent) => {
  post({ kind: 'died', message: problemFrom(event.reason).message });
});
