/**
 * The lab's worker: looks into networks, explains answers, trains. It is handed code and weights, answers one request after
 * the other, and holds nothing that could not be given to a fresh one.
 */
import '../no-network.ts';
import * as glue from '#glue';
import { breathe, isCancelled, isTrap, takeInTurn } from '../in-turn.ts';
import type { CancelMessage } from '../../shared/channel/wire.ts';
import { commonWorks } from './common-work.ts';
import { evaluateWorks } from './evaluate-work.ts';
import { insideWorks } from './inside-work.ts';
import type { FromLab, ToLab } from '../../shared/lab/lab-messages.ts';
import type { Tasks } from '../../shared/lab/lab-tasks.ts';
import type { Bench, Works } from './work.ts';
import type { LabModule, LabNetwork } from '../../shared/wasm/lab-wasm.ts';
import { trainWorks } from './train-work.ts';
import { whyWorks } from './why-work.ts';

declare const self: DedicatedWorkerGlobalScope;

const works: Works<Tasks> = {
  ...commonWorks,
  ...evaluateWorks,
  ...insideWorks,
  ...trainWorks,
  ...whyWorks,
};

const networks = new Map<string, LabNetwork>();
/** Why a network is not there: told to whoever asks for it. */
const refused = new Map<string, unknown>();
let loading: Promise<LabModule> | undefined;

function post(message: FromLab): void {
  self.postMessage(message);
}

async function load(module: WebAssembly.Module): Promise<LabModule> {
  const wasm = glue as unknown as LabModule;
  await wasm.default({ module_or_path: module });
  return wasm;
}

async function wasm(): Promise<LabModule> {
  if (!loading) throw new Error('The lab has not been started.');
  return loading;
}

class Cancelled extends Error {}

async function answer({ id, task, input, network }: Extract<ToLab, { kind: 'ask' }>): Promise<unknown> {
  const bench: Bench = {
    wasm: await wasm(),
    network() {
      const found = networks.get(network ?? '');
      if (!found) throw refused.get(network ?? '') ?? new Error('The request names no network.');
      return found;
    },
    async progress(done, total, partial) {
      post({ kind: 'progress', id, done, total, partial });
      await breathe();
      if (isCancelled(id)) throw new Cancelled('cancelled');
    },
  };
  // Which input belongs to which task is in `Tasks`; the client checks it where it asks.
  const work = works[task] as (input: unknown, bench: Bench) => unknown;
  return work(input, bench);
}

takeInTurn<Exclude<ToLab, CancelMessage>>({
  async inTurn(message) {
    switch (message.kind) {
      case 'start':
        loading = load(message.module);
        return;
      case 'load':
        networks.get(message.network)?.free();
        try {
          networks.set(message.network, await (await wasm()).LabNetwork.load(message.weights));
        } catch (error) {
          if (isTrap(error)) throw error;
          refused.set(message.network, error);
        }
        return;
      case 'ask':
        // Whoever cancelled no longer waits, but the page counts on an end.
        if (isCancelled(message.id)) throw new Cancelled('cancelled');
        post({ kind: 'answered', id: message.id, output: await answer(message) });
    }
  },
});
