/** The same layer on two patches, side by side, and the difference. */
import { make, setText } from '../../../ui/dom.ts';
import { insideText as text } from '../../../strings/inside.ts';
import { percent } from '../../../ui/numbers.ts';
import type { Shared } from '../view.ts';
import { evenly, scaleOf } from './colour-scales.ts';
import { MapGrid } from './grid.ts';
import type { Unit } from '../../../shared/wasm/inside-wasm.ts';
import type { PanelState } from './layer-panel.ts';
import { isPicture, probabilityOf, sceneOf } from './scene.ts';
import type { PatchToSee, Scene } from './scene.ts';

/** A synthetic patch, a row of the results ("row 12"; never in the address), or none. */
export type With = '' | 'nodule' | 'plain' | `row ${number}`;

const SEED = 7;

export class TwoPatches {
  readonly element = make('section', 'compare');
  private readonly select = make('select');
  private readonly body = make('div', 'compare-maps');
  private readonly parts = [this.part(), this.part(), this.part()] as const;
  private readonly shared: Shared;
  private readonly failed: (error: unknown) => void;
  private readonly chosenUnit: (unit: Unit) => void;
  private readonly missing = make('p', 'quiet');
  private scene: Scene | undefined;
  private state: (PanelState & { other: With }) | undefined;
  private other: { key: string; scene: Promise<Scene> } | undefined;
  private listed = '';

  constructor(shared: Shared, chosen: (other: With) => void, chosenUnit: (unit: Unit) => void, failed: (error: unknown) => void) {
    this.shared = shared;
    this.failed = failed;
    this.chosenUnit = chosenUnit;
    this.select.addEventListener('change', () => chosen(this.select.value as With));
    // Rows come and go; the list is made when it is looked at.
    this.select.addEventListener('focus', () => this.list());
    this.missing.hidden = true;
    this.body.append(this.missing, ...this.parts.map(({ element }) => element));
    this.element.append(make('h4', '', text.patchesTitle), make('p', 'quiet', text.patchesNote), make('label', 'field', text.patchesWith, this.select), this.body);
    this.list();
  }

  show(scene: Scene, state: PanelState & { other: With }): void {
    this.scene = scene;
    this.state = state;
    this.list();
    this.select.value = state.other;
    if (this.select.value !== state.other) this.select.value = state.other = '';
    this.body.hidden = state.other === '';
    if (state.other !== '') this.draw(scene, state.other).catch((error: unknown) => this.failed(error));
  }

  choose(unit: Unit): void {
    for (const { grid } of this.parts) grid.choose(unit);
  }

  forget(): void {
    this.other = undefined;
    this.scene = undefined;
    for (const { grid, caption } of this.parts) {
      grid.forget();
      setText(caption, '');
    }
    this.list();
  }

  private part(): { element: HTMLElement; grid: MapGrid; caption: HTMLElement } {
    const grid = new MapGrid({ chosen: (unit) => this.chosenUnit(unit) });
    const caption = make('figcaption');
    return { element: make('figure', '', caption, grid.element), grid, caption };
  }

  private list(): void {
    const rows = this.shared.results.rows.filter(({ state }) => state === 'done').slice(0, 200);
    const listed = rows.map(({ key }) => key).join();
    if (listed === this.listed && this.select.options.length > 0) return;
    this.listed = listed;
    const kept = this.select.value;
    const choices: [With, string][] = [['', text.patchesNone], ['nodule', text.patchesNodule], ['plain', text.patchesPlain], ...rows.map(({ key, name }): [With, string] => [`row ${key}`, name])];
    this.select.replaceChildren(...choices.map(([value, words]) => {
      const option = make('option', '', words);
      option.value = value;
      return option;
    }));
    this.select.value = kept;
  }

  private patch(other: With): Promise<PatchToSee> {
    if (other === 'nodule' || other === 'plain') return this.shared.lab.ask('drawn', { seed: SEED, nodule: other === 'nodule' });
    const row = this.shared.results.get(Number(other.slice('row '.length)));
    if (!row) return Promise.reject(new Error('that row is gone'));
    return this.shared.subjectOf(row);
  }

  private async draw(scene: Scene, other: With): Promise<void> {
    const key = `${scene.file} ${other}`;
    if (this.other?.key !== key) this.other = { key, scene: this.patch(other).then((patch) => sceneOf(this.shared, scene.file, patch)) };
    const asked = this.other;
    const second = await asked.scene.catch((error: unknown) => {
      if (this.other === asked) this.other = undefined;
      throw error;
    });
    const { state } = this;
    if (scene !== this.scene || asked !== this.other || !state) return;
    const { unit } = state;
    const a = scene.traced[unit.layer];
    if (!a) return;
    // By its name: where only one of them is seen with its surroundings, their layers are counted differently.
    const b = second.traced.find(({ name }) => name === a.name);
    this.missing.hidden = b !== undefined;
    for (const { element } of this.parts) element.hidden = !b;
    setText(this.missing, b ? '' : text.patchesOther(second.name, a.name));
    if (!b) return;
    const difference = b.values.map((value, i) => value - (a.values[i] ?? 0));
    const both = Float32Array.from([...a.values, ...b.values]);
    const scale = scaleOf(both, isPicture(scene, unit.layer));
    const largest = difference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const captions = [text.thisPatch(scene.name, percent(probabilityOf(scene))), text.otherPatch(second.name, percent(probabilityOf(second))), text.difference];
    for (const [i, { grid, caption }] of this.parts.entries()) {
      setText(caption, captions[i] ?? '');
      const traced = [a, b, { ...a, values: difference }][i] ?? a;
      grid.show({ traced, layer: unit.layer, scale: i === 2 ? evenly(largest || 1) : scale, label: captions[i] ?? '' });
      grid.choose(unit);
    }
  }
}
