/**
 * Weights of the user's own: checked in the lab's worker, offered as one more network, used at once. Their bytes live in
 * code-and-weights.ts, in memory alone, so that every worker that follows gets them, and go when everything is forgotten.
 */
import { dropOwn, holdOwn } from '../assets/code-and-weights.ts';
import { RequestFailed } from '../../shared/channel/worker-errors.ts';
import { byId, setText } from '../../ui/dom.ts';
import { problemOf } from '../shell/problem-of.ts';
import type { Engines } from '../engines/engines.ts';
import type { Lab } from '../learn/lab-client.ts';
import type { Problem } from '../../shared/problem.ts';
import type { OfferedModel } from '../assets/model-list.ts';
import { asSentence, bytes } from '../../ui/numbers.ts';
import { networkName } from '../../strings/networks.ts';
import { strings } from '../../strings/strings.ts';
import type { ModelInfo } from '../../shared/wasm/engine-wasm.ts';

const text = strings.weights;

/** The largest network has 20 MB in half precision; a file of twice single precision is no weights file of ours. */
const LARGEST_BYTES = 128 * 1024 * 1024;

/** `inUse`: another network may have been chosen since. */
export type Offered = { ok: true; model: OfferedModel; info: ModelInfo; inUse: boolean } | { ok: false; problem: Problem };

export class OwnWeights {
  private readonly engines: Engines;
  private readonly lab: Lab;
  private readonly notify: (text: string) => void;
  private readonly used: () => void;
  private readonly byHash = new Map<string, { model: OfferedModel; info: ModelInfo }>();
  private generation = 0;

  /** `used` is called when they are in use. */
  constructor(engines: Engines, lab: Lab, notify: (text: string) => void, used: () => void) {
    this.engines = engines;
    this.lab = lab;
    this.notify = notify;
    this.used = used;
    const input = byId('input-weights', 'input');
    byId('load-weights', 'button').addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])].map((file) => ({ name: file.name, blob: file }));
      input.value = '';
      void this.open(files);
    });
  }

  /** Files that were chosen or dropped: one after the other; the last that fits is in use afterwards. */
  async open(files: { name: string; blob: Blob }[]): Promise<void> {
    const { generation } = this;
    this.show(undefined);
    for (const { name, blob } of files) {
      if (generation !== this.generation) return;
      const base = name.slice(name.lastIndexOf('/') + 1);
      const refuse = (problem: Problem): void => this.show(base, problem);
      if (blob.size > LARGEST_BYTES) {
        refuse({ code: 'weights-too-large', message: text.tooLarge(bytes(blob.size), bytes(LARGEST_BYTES)), hint: text.tooLargeHint });
        continue;
      }
      let content: ArrayBuffer;
      try {
        content = await blob.arrayBuffer();
      } catch {
        refuse({ code: 'file-unreadable', message: text.unreadable, hint: text.unreadableHint });
        continue;
      }
      const button = byId('load-weights', 'button');
      button.setAttribute('aria-busy', 'true');
      const offered = generation === this.generation ? await this.offer(new Uint8Array(content), base) : undefined;
      button.removeAttribute('aria-busy');
      // Everything has been forgotten: nothing is said of it either.
      if (!offered || generation !== this.generation) return;
      if (offered.ok) this.notify(offered.inUse ? text.inUse(offered.model.name) : text.offered(offered.model.name));
      else refuse(offered.problem);
    }
  }

  /**
   * Checks a weights file or a safetensors file, offers it as a network and uses it. What is in use stays where it does not fit.
   * `from` is what the page says it came from: a file's name, or where it was made.
   */
  async offer(content: Uint8Array<ArrayBuffer>, from: string): Promise<Offered> {
    const { generation } = this;
    let opened: { weights: Uint8Array<ArrayBuffer>; info: ModelInfo };
    try {
      opened = await this.lab.ask('open-weights', { bytes: content });
    } catch (error) {
      return { ok: false, problem: error instanceof RequestFailed ? error.problem : problemOf(error) };
    }
    if (generation !== this.generation) return { ok: false, problem: { code: 'forgotten', message: text.gone, hint: text.goneHint } };
    const { weights, info } = opened;
    const known = this.byHash.get(info.weightsSha256);
    if (known) return this.use(known.model, known.info);
    const file = holdOwn(weights);
    const model: OfferedModel = {
      id: file.replace(':', '-'),
      file,
      name: info.card.title || text.untitled(info.network),
      bytes: info.weightsBytes,
      own: { network: info.network, from },
    };
    this.byHash.set(info.weightsSha256, { model, info });
    this.engines.offer(model);
    return this.use(model, info);
  }

  forget(): void {
    this.generation += 1;
    const files = [...this.byHash.values()].map(({ model }) => model.file);
    this.byHash.clear();
    this.show(undefined);
    for (const file of files) dropOwn(file);
    void this.engines.forgetOwn();
  }

  private async use(model: OfferedModel, info: ModelInfo): Promise<Offered> {
    await this.engines.use(model.id);
    const { current, notLoaded, cpu } = this.engines;
    if (current === model && cpu.phase !== 'failed') {
      this.used();
      return { ok: true, model, info, inUse: true };
    }
    // Another network has been chosen: it stays on offer.
    if (notLoaded?.model !== model) return { ok: true, model, info, inUse: false };
    this.byHash.delete(info.weightsSha256);
    this.engines.withdraw(model);
    dropOwn(model.file);
    return { ok: false, problem: notLoaded.problem };
  }

  private show(file: string | undefined, problem?: Problem): void {
    byId('weights-problem', 'div').hidden = !problem;
    if (!problem || file === undefined) {
      // The name of a file is in it.
      for (const id of ['weights-problem-what', 'weights-problem-hint']) setText(byId(id, 'p'), '');
      return;
    }
    const { current } = this.engines;
    setText(byId('weights-problem-what', 'p'), asSentence(text.refused(file, problem.message)));
    setText(byId('weights-problem-hint', 'p'), [problem.hint, current ? text.stays(networkName(current.id, current.name)) : ''].filter(Boolean).join(' '));
  }
}
