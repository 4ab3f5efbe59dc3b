/**
 * An engine's worker. scripts/build.mjs makes one script of it for each module: `#glue` is what wasm-bindgen wrote beside
 * that module. It is handed code and weights and asks for nothing itself, answers one message at a time, and holds no
 * state that matters: the page may terminate it at any moment and start a fresh one.
 */
import '../no-network.ts';
import * as glue from '#glue';
import { died, isCancelled, takeInTurn } from '../in-turn.ts';
import { Threads, threadsHere } from './threads.ts';
import { classify } from './classify-patches.ts';
import { predict } from './engine.ts';
import type { Engine } from './engine.ts';
import { faultInTurn, faultNow } from './faults.ts';
import type { Fault } from '../../shared/faults.ts';
import { check, measure } from './known-inputs.ts';
import { cancelSearch, searchPart, searchSlice } from './search-slice.ts';
import { watchDevices } from './watch-gpu.ts';
import type { FromWorker, Recipe, ToWorker } from '../../shared/engine-messages.ts';
import { tryInWorker } from '../leak-test.ts';
import type { NodulensModule } from '../../shared/wasm/engine-wasm.ts';

declare const self: DedicatedWorkerGlobalScope;

let engine: Engine | undefined;
/** None in a thread of another worker, and on WebGPU. */
let threads: Threads | undefined;

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

async function instantiate({ module, weights, reference }: Recipe): Promise<Engine> {
  const wasm = glue as unknown as NodulensModule;
  await wasm.default({ module_or_path: module });
  return { wasm, classifier: await (reference ? wasm.Classifier.loadReference(weights) : wasm.Classifier.load(weights)) };
}

async function start({ id, script, module, weights, reference }: Extract<ToWorker, { kind: 'start' }>): Promise<FromWorker> {
  const recipe = { module, weights, reference };
  engine = await instantiate(recipe);
  const count = script ? threadsHere() : 1;
  if (script && count > 1) threads = new Threads({ script, ...recipe }, count);
  const { wasm, classifier } = engine;
  return { kind: 'started', id, method: wasm.method(), networks: wasm.networks(), model: classifier.info(), threads: count };
}

function running(): Engine {
  if (!engine) throw new Error('The engine has not been started.');
  return engine;
}

async function answer(message: Exclude<ToWorker, { kind: 'cancel' | 'fault' }>): Promise<FromWorker> {
  const { id } = message;
  switch (message.kind) {
    case 'start':
      return start(message);
    case 'enlist':
      engine = await instantiate(message);
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
      return { kind: 'slice-searched', id, searched: await searchSlice(message, running(), threads, post) };
    case 'search-part': {
      const search = await searchPart(running(), message, () => isCancelled(id), (growing, done, total) => {
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

watchDevices((reason) => died(new Error(reason)));

takeInTurn<Exclude<ToWorker, { kind: 'cancel' }>>({
  atOnce(message) {
    if (message.kind !== 'fault') return false;
    faultNow(message.fault);
    coming = message.fault;
    return true;
  },
  async inTurn(message) {
    if (message.kind === 'fault') return;
    if (coming && engine) {
      const fault = coming;
      coming = undefined;
      faultInTurn(fault, engine);
    }
    post(await answer(message));
  },
  cancelled: cancelSearch,
});
