/** What runs, on which adapter, and why; and the switch between them. */
import { byId, make, pair, setText } from '../../ui/dom.ts';
import { isPart } from '../assets/parts.ts';
import type { Adapter, EnginePreference } from '../engines/choose-engine.ts';
import type { Engines } from '../engines/engines.ts';
import type { EngineId } from '../../shared/engine-messages.ts';
import { strings } from '../../strings/strings.ts';

const text = strings.engine;

export class EnginePanel {
  private readonly summary = byId('engine-summary', 'span');
  private readonly facts = byId('engine-facts', 'dl');
  private readonly note = byId('engine-note', 'p');
  private readonly status = byId('engine-status', 'p');
  private readonly inputs = document.querySelectorAll<HTMLInputElement>('input[name=engine]');
  private shows = '';
  private spoken: EngineId | undefined;
  private readonly engines: Engines;

  constructor(engines: Engines) {
    this.engines = engines;
    for (const input of this.inputs) {
      input.addEventListener('change', () => engines.prefer(input.value as EnginePreference));
      if ((input.value === 'webgpu' || input.value === 'reference') && !isPart(input.value)) input.disabled = true;
    }
  }

  draw(): void {
    const { engines } = this;
    const { choice, cpu, adapter } = engines;
    const ready = cpu.phase === 'ready' || engines.model !== undefined;
    const runs = ready ? text.name[choice.engine] : cpu.phase === 'failed' ? text.failed : strings.run.preparing;
    setText(this.summary, ready ? runs : cpu.phase === 'loading' ? text.loading(cpu.loaded, cpu.total) : text.failed);
    const engine = choice.engine === 'cpu' ? engines.model?.engine : engines.gpuEngine;
    const threads = choice.engine === 'cpu' ? `, ${text.threads(engines.threads)}` : '';
    const runsFully = ready && engine ? engine + threads : runs;

    const shows = [runsFully, adapterText(adapter), choice.why].join('\n');
    if (shows !== this.shows) {
      this.shows = shows;
      this.facts.replaceChildren();
      pair(this.facts, text.runs, make('strong', '', runsFully));
      pair(this.facts, text.adapter, adapterText(adapter));
      pair(this.facts, text.why, choice.why);
    }
    // Spoken when the engine changes, not with every megabyte of its loading.
    if (ready && this.spoken !== choice.engine) {
      if (this.spoken) setText(this.status, `${runsFully}. ${choice.why}`);
      this.spoken = choice.engine;
    }
    const notes = [
      ...(engines.notSwitched ? [text.notSwitched(engines.notSwitched)] : []),
      ...(engines.replaced > 0 ? [text.replaced(engines.replaced)] : []),
    ];
    this.note.hidden = notes.length === 0;
    setText(this.note, notes.join(' '));
    // A choice that came to nothing is taken back.
    for (const input of this.inputs) input.checked = input.value === engines.preference;
  }
}

function adapterText(adapter: Adapter): string {
  switch (adapter.kind) {
    case 'asking':
      return text.adapterAsking;
    case 'no-webgpu':
      return text.adapterNoWebGpu;
    case 'none':
      return text.adapterNone;
    case 'software':
      return text.adapterSoftware(adapter.name);
    case 'hardware':
      return text.adapterHardware(adapter.name);
  }
}
