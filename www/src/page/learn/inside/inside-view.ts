/** The view "Inside the network": what each layer makes of the patch, and the numbers behind each number. */
import { speakWhenRested } from '../../../ui/announce.ts';
import { button } from '../../../ui/button.ts';
import { make, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { insideText as text } from '../../../strings/inside.ts';
import { asSentence, percent } from '../../../ui/numbers.ts';
import { modelName } from '../../../strings/networks.ts';
import { looksAround } from '../../../shared/heads.ts';
import { rewrite } from '../address.ts';
import type { Address } from '../address.ts';
import type { Shared, View } from '../view.ts';
import { Diagram } from './diagram.ts';
import type { Unit } from '../../../shared/wasm/inside-wasm.ts';
import { LayerPanel, SHOWS } from './layer-panel.ts';
import type { PanelState } from './layer-panel.ts';
import { NumberPanel } from './number-panel.ts';
import { beforeOf, costOf, dimsAt, layerAt, probabilityOf, sceneOf, within } from './scene.ts';
import type { Scene } from './scene.ts';
import { TwoNetworks } from './two-networks.ts';
import { TwoPatches } from './two-patches.ts';
import type { With } from './two-patches.ts';

/** Until an address says otherwise: the second convolution's first map, in its middle. */
const FIRST = { layer: 1, channel: 0 };

interface State extends PanelState {
  /** The other patch. */
  other: With;
  /** Id of the other network. */
  beside: string;
}

export class Inside implements View {
  readonly element = make('div', 'learn-view inside');
  private readonly status = make('p', 'quiet inside-status');
  private readonly body = make('div', 'inside-body');
  private readonly note = make('p', 'quiet');
  private readonly about = make('p', 'inside-patch');
  private readonly where = make('h4');
  private readonly sentence = make('p', 'inside-sentence');
  private readonly answer = make('p', 'inside-answer');
  private readonly previous = button(text.previous);
  private readonly next = button(text.next);
  private readonly diagram = new Diagram((layer) => this.go({ unit: { ...this.state.unit, layer } }));
  private readonly panel: LayerPanel;
  private readonly number: NumberPanel;
  private readonly patches: TwoPatches;
  private readonly networks: TwoNetworks;
  private readonly shared: Shared;
  private scene: Scene | undefined;
  private state: State = { unit: { ...FIRST, y: -1, x: -1 }, show: 'maps', scaling: 'shared', input: undefined, other: '', beside: '' };
  /** The layer that the address names, until the network is there to find it in. */
  private named: string | undefined;
  /** The address says more than which view. */
  private detailed = false;
  private visible = false;
  private turn = 0;

  constructor(shared: Shared) {
    this.shared = shared;
    const { lab } = shared;
    const failed = (error: unknown): void => this.failed(error);
    this.panel = new LayerPanel(lab, { over: (unit) => this.over(unit), chosen: (unit) => this.go({ unit }) }, (change) => this.go(change));
    this.number = new NumberPanel(lab, { over: (unit) => this.over(unit), chosen: (unit) => this.go({ unit }), input: (input) => this.go({ input }), failed });
    this.patches = new TwoPatches(shared, (other) => this.go({ other }), (unit) => this.go({ unit }), failed);
    this.networks = new TwoNetworks(shared, (beside) => this.go({ beside }), failed);
    this.status.setAttribute('role', 'status');
    this.previous.addEventListener('click', () => this.step(-1));
    this.next.addEventListener('click', () => this.step(1));
    const title = make('h4', '', text.diagramTitle);
    const told = make('div', 'inside-told', this.where, this.sentence, this.answer);
    speakWhenRested(told);
    this.body.append(
      make('div', 'inside-head', title, this.note, this.about), this.diagram.element,
      make('div', 'inside-step', this.previous, told, this.next),
      make('div', 'inside-split', this.panel.element, this.number.element),
      this.patches.element, this.networks.element,
    );
    this.body.hidden = true;
    setText(this.status, text.loading);
    this.element.append(this.status, this.body);
  }

  show(address: Address): void {
    this.visible = true;
    const { layer, channel, y, x, view, scale, input, with: other, beside } = address;
    const { state } = this;
    const number = (given: string | undefined, otherwise: number): number => (given === undefined || !/^\d{1,6}$/.test(given) ? otherwise : Number(given));
    this.named = layer;
    this.detailed = Object.keys(address).length > 1;
    state.unit = { layer: this.layerNamed(layer) ?? state.unit.layer, channel: number(channel, layer ? 0 : state.unit.channel), y: number(y, layer ? -1 : state.unit.y), x: number(x, layer ? -1 : state.unit.x) };
    state.show = SHOWS.find((show) => show === view) ?? (layer ? 'maps' : state.show);
    state.scaling = scale === 'own' ? 'own' : 'shared';
    state.input = input === undefined || !/^\d{1,6}$/.test(input) ? undefined : Number(input);
    // A link says it all, but for a row of the results, which no link can name.
    if (other === 'nodule' || other === 'plain') state.other = other;
    else if (layer && (state.other === 'nodule' || state.other === 'plain')) state.other = '';
    if (layer) state.beside = beside ?? '';
    if (this.scene && this.scene.file === this.shared.network()?.file) this.placed();
    void this.refresh();
  }

  changed(): void {
    void this.refresh();
  }

  hide(): void {
    this.visible = false;
  }

  forgetPatch(): void {
    this.forget();
  }

  forget(): void {
    this.turn += 1;
    this.scene = undefined;
    this.body.hidden = true;
    setText(this.about, '');
    this.state.other = '';
    this.panel.forget();
    this.number.forget();
    this.patches.forget();
    this.networks.forget();
    setText(this.status, text.loading);
    // The worker ends first.
    if (this.visible) queueMicrotask(() => void this.refresh());
  }

  /** The network and the patch as they are now. */
  private async refresh(): Promise<void> {
    const network = this.shared.network();
    if (!network) return;
    const turn = (this.turn += 1);
    try {
      const subject = await this.shared.subject();
      if (turn !== this.turn || (this.scene?.values === subject.values && this.scene.file === network.file)) return;
      const scene = await sceneOf(this.shared, network.file, subject);
      if (turn !== this.turn) return;
      this.scene = scene;
      if (this.named !== undefined) this.state.unit.layer = this.layerNamed(this.named) ?? this.state.unit.layer;
      setText(this.status, '');
      this.body.hidden = false;
      this.placed();
    } catch (error) {
      if (turn === this.turn) this.failed(error);
    }
  }

  private failed(error: unknown): void {
    const { message, hint } = problemOf(error);
    setText(this.status, `${asSentence(message)} ${hint}`);
  }

  private layerNamed(name: string | undefined): number | undefined {
    const found = this.scene?.traced.findIndex((traced) => traced.name === name) ?? -1;
    return found < 0 ? undefined : found;
  }

  private step(by: number): void {
    this.go({ unit: { ...this.state.unit, layer: this.state.unit.layer + by } });
  }

  /** What was chosen on the page; the address follows. */
  private go(change: Partial<State>): void {
    const { scene, state } = this;
    if (!scene) return;
    const before = state.unit;
    Object.assign(state, change);
    if (state.unit.layer !== before.layer) {
      // Another layer has other maps.
      state.input = undefined;
      state.unit = { layer: state.unit.layer, channel: 0, y: -1, x: -1 };
      this.named = scene.traced[within(scene, state.unit).layer]?.name;
      this.draw();
    } else if (change.unit) this.move();
    else this.draw();
    this.write();
  }

  /** Drawn; an address that names a unit that is not there names the one that is shown from now on. */
  private placed(): void {
    this.draw();
    if (this.detailed) this.write();
  }

  private write(): void {
    const { scene, state: { unit, show, scaling, input, other, beside } } = this;
    if (!scene || !this.visible) return;
    this.detailed = true;
    const map = dimsAt(scene, unit.layer)[1] > 1;
    rewrite({
      see: 'inside',
      layer: scene.traced[unit.layer]?.name ?? text.input,
      channel: String(unit.channel),
      ...(map ? { y: String(unit.y), x: String(unit.x) } : {}),
      ...(show === 'maps' ? {} : { view: show }),
      ...(scaling === 'own' ? { scale: scaling } : {}),
      ...(input === undefined ? {} : { input: String(input) }),
      ...(other === 'nodule' || other === 'plain' ? { with: other } : {}),
      ...(this.shared.engines.models.some(({ id }) => id === beside) ? { beside } : {}),
    });
  }

  /** A unit that was not given is the middle. */
  private settled(scene: Scene): void {
    const unit = within(scene, this.state.unit);
    const [, rows, columns] = dimsAt(scene, unit.layer);
    if (this.state.unit.y < 0) unit.y = Math.floor(rows / 2);
    if (this.state.unit.x < 0) unit.x = Math.floor(columns / 2);
    this.state.unit = unit;
    const inputs = dimsAt(scene, beforeOf(scene, unit.layer) ?? 0)[0];
    if (this.state.input !== undefined && this.state.input >= inputs) this.state.input = undefined;
  }

  private draw(): void {
    const { scene, state } = this;
    if (!scene) return;
    this.settled(scene);
    const { layer } = state.unit;
    const { layers, parameters, macs } = costOf(scene);
    setText(this.note, text.diagramNote(modelName(scene.info), looksAround(scene.info) && scene.head === 'patch', layers, parameters, macs));
    setText(this.about, text.about(scene.name, percent(probabilityOf(scene)), looksAround(scene.info) ? scene.head : undefined));
    this.diagram.show(scene, layer);
    setText(this.where, text.place(layer, scene.layers.length, scene.traced[layer]?.name ?? ''));
    setText(this.sentence, text.sentence(layerAt(scene, layer), (layerAt(scene, layer)?.before ?? []).map((before) => scene.traced[before] ?? { name: '', shape: [] })));
    this.answer.hidden = layer < scene.layers.length;
    setText(this.answer, text.answer(percent(probabilityOf(scene))));
    this.previous.disabled = layer === 0;
    this.next.disabled = layer === scene.layers.length;
    this.panel.show(scene, state).catch((error: unknown) => this.failed(error));
    this.number.show(scene, state.unit, state.input);
    this.patches.show(scene, state);
    this.networks.show(scene, state.beside);
  }

  /** Another number of the same layer. */
  private move(): void {
    const { scene, state } = this;
    if (!scene) return;
    this.settled(scene);
    this.panel.choose(state.unit);
    this.patches.choose(state.unit);
    this.number.show(scene, state.unit, state.input);
  }

  /** The pointer shows a unit; the chosen one comes back when it leaves. */
  private over(unit: Unit | undefined): void {
    const { scene, state } = this;
    if (scene) this.number.show(scene, unit ?? state.unit, state.input);
  }
}
