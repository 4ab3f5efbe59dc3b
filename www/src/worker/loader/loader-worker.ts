/**
 * The loader's worker: files in, slices out. It holds the volumes, so it lives as long as the scan is open; a new scan
 * gets a new worker, and with it a memory that is empty again. The engine is elsewhere: reading a scan that is broken on
 * purpose cannot hurt it.
 */
import '../no-network.ts';
import * as glue from '#glue';
import { tryInWorker } from '../leak-test.ts';
import { takeInTurn } from '../in-turn.ts';
import { unreadableInScan } from '../../strings/workers.ts';
import type { FileProblem, FromLoader, NamedBlob, Opened, ToLoader } from '../../shared/loader-messages.ts';
import type { Loader, LoaderModule } from '../../shared/wasm/loader-wasm.ts';

declare const self: DedicatedWorkerGlobalScope;

let loader: Loader | undefined;

function post(message: FromLoader, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

let module: WebAssembly.Module | undefined;
let loaded: Promise<LoaderModule> | undefined;

async function load(): Promise<LoaderModule> {
  if (!module) throw new Error('The loader has not been started.');
  const wasm = glue as unknown as LoaderModule;
  await wasm.default({ module_or_path: module });
  return wasm;
}

const wasm = (): Promise<LoaderModule> => (loaded ??= load());

function open(): Loader {
  if (!loader) throw new Error('No scan is open.');
  return loader;
}

/** One file after the other: never more than one raw file in memory, and one that fails stops no other. */
async function openFiles(id: number, files: NamedBlob[]): Promise<Opened> {
  const opening = new (await wasm()).Loader();
  const unreadable: FileProblem[] = [];
  for (const [done, { name, blob }] of files.entries()) {
    post({ kind: 'progress', id, done, total: files.length });
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(await blob.arrayBuffer());
    } catch {
      unreadable.push({ name, ...unreadableInScan });
      continue;
    }
    opening.add(name, bytes);
  }
  post({ kind: 'progress', id, done: files.length, total: files.length });
  const opened = opening.finish();
  loader = opening;
  return { ...opened, problems: [...unreadable, ...opened.problems] };
}

/** The example is drawn slice by slice, so that its progress can be shown. */
async function openExample(id: number, seed: number): Promise<Opened> {
  const opening = new (await wasm()).Loader();
  const total = opening.beginExample(seed);
  for (let done = 0; done < total; done += 1) {
    if (done % 4 === 0) post({ kind: 'progress', id, done, total });
    opening.drawExample(done);
  }
  const opened = opening.finish();
  loader = opening;
  return opened;
}

async function answer(message: Exclude<ToLoader, { kind: 'start' }>): Promise<void> {
  const { id } = message;
  switch (message.kind) {
    case 'open':
      return post({ kind: 'opened', id, opened: await openFiles(id, message.files) });
    case 'example':
      return post({ kind: 'opened', id, opened: await openExample(id, message.seed) });
    case 'picture': {
      const { center, width, pixelMm } = message.reading;
      return post({ kind: 'picture-read', id, ...open().readPicture(message.picture, center, width, pixelMm) });
    }
    case 'slice': {
      const hu = open().slice(message.series, message.plane, message.index);
      return post({ kind: 'sliced', id, hu }, [hu.buffer]);
    }
    case 'acquired': {
      const hu = open().acquired(message.series, message.z);
      return post({ kind: 'acquired-slice', id, hu }, [hu.buffer]);
    }
    case 'lungs': {
      const { inside, share } = open().lungs(message.series, message.index);
      return post({ kind: 'lungs-found', id, inside, share }, [inside.buffer]);
    }
    case 'export': {
      const bytes = open().exportFindings(message.series, message.format, message.request, message.maps);
      return post({ kind: 'exported', id, bytes }, [bytes.buffer]);
    }
    case 'try-network':
      return post({ kind: 'network-tried', id, attempts: await tryInWorker(message.own) });
    default: {
      const never: never = message;
      throw new Error(`Unknown message ${JSON.stringify(never)}`);
    }
  }
}

takeInTurn<ToLoader>({
  atOnce(message) {
    if (message.kind === 'start') module = message.module;
    return message.kind === 'start';
  },
  inTurn: (message) => (message.kind === 'start' ? Promise.resolve() : answer(message)),
});
