/** The list of display windows: presets, the model's own, the file's, and what was dragged. */
import { byId } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import { strings } from '../../strings/strings.ts';
import type { SeriesInfo } from '../../shared/wasm/loader-wasm.ts';
import type { SliceViewer } from './slice-viewer.ts';
import { PRESETS } from './display-window.ts';
import type { DisplayWindow } from './display-window.ts';

const OWN = 'own';

export class WindowChoice {
  private readonly select = byId('window', 'select');
  private readonly choices = new Map<string, DisplayWindow>();
  private readonly viewer: SliceViewer;
  private readonly engines: Engines;
  private listed = '';

  constructor(viewer: SliceViewer, engines: Engines) {
    this.viewer = viewer;
    this.engines = engines;
    this.select.addEventListener('change', () => {
      const chosen = this.choices.get(this.select.value);
      if (chosen) viewer.setWindow(chosen);
    });
    document.addEventListener('keydown', (event) => this.key(event));
  }

  /** Another series: its own window is offered, the lung's is taken. */
  open({ window }: SeriesInfo): void {
    this.choices.clear();
    this.choices.set('lung', PRESETS.lung).set('mediastinum', PRESETS.mediastinum).set('bone', PRESETS.bone);
    if (window) this.choices.set('file', { center: window[0], width: window[1] });
    this.addModel();
    this.viewer.setWindow(PRESETS.lung);
    this.draw();
  }

  /** The file's window is the patient's, too. */
  clear(): void {
    this.choices.clear();
    this.listed = '';
    this.select.replaceChildren();
    this.viewer.window = { ...PRESETS.lung };
  }

  private addModel(): void {
    const { method } = this.engines;
    if (!method || this.choices.size === 0) return;
    const { windowHighHu: high, windowLowHu: low } = method;
    this.choices.set('model', { center: (low + high) / 2, width: high - low });
  }

  draw(): void {
    this.addModel();
    if (this.choices.size === 0) return;
    const { center, width } = this.viewer.window;
    const chosen = [...this.choices].find(([, choice]) => choice.center === center && choice.width === width)?.[0] ?? OWN;
    const listed = [...this.choices.keys(), chosen === OWN ? `${OWN} ${center}/${width}` : ''].join();
    if (listed !== this.listed) {
      this.listed = listed;
      const names = strings.scan.window;
      const option = (id: string, window: DisplayWindow): HTMLOptionElement => new Option(strings.scan.presetText(names[id as keyof typeof names], window), id);
      this.select.replaceChildren(...[...this.choices].map(([id, window]) => option(id, window)), ...(chosen === OWN ? [option(OWN, this.viewer.window)] : []));
    }
    this.select.value = chosen;
  }

  /** 1, 2, 3 ... while the viewer has the focus. */
  private key(event: KeyboardEvent): void {
    if (document.activeElement?.id !== 'slice' || event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = /^[1-9]$/.test(event.key) ? [...this.choices.values()][Number(event.key) - 1] : undefined;
    if (chosen) this.viewer.setWindow(chosen);
  }
}
