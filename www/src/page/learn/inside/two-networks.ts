/** The network in use and another one, on the same patch. */
import { button } from '../../../ui/button.ts';
import { head, scrollRegion } from '../../../ui/tables.ts';
import { make, setText } from '../../../ui/dom.ts';
import type { OfferedModel } from '../../assets/model-list.ts';
import { insideText as text } from '../../../strings/inside.ts';
import { bytes, count, percent } from '../../../ui/numbers.ts';
import { modelName, networkName } from '../../../strings/networks.ts';
import type { Shared } from '../view.ts';
import { scaleOf } from './colour-scales.ts';
import { MapGrid } from './grid.ts';
import { looksAround } from '../../../shared/heads.ts';
import { strings } from '../../../strings/strings.ts';
import { costOf, dimsAt, isPicture, probabilityOf, sceneOf } from './scene.ts';
import type { Scene } from './scene.ts';

export class TwoNetworks {
  readonly element = make('section', 'compare');
  private readonly offers = make('div', 'actions');
  private readonly status = make('p', 'quiet');
  private readonly body = make('div', 'networks');
  private readonly rows = make('tbody');
  private readonly heads = [head('col'), head('col')] as const;
  private readonly halves = [new Half('inside-first'), new Half('inside-second')] as const;
  private readonly shared: Shared;
  private readonly chosen: (beside: string) => void;
  private readonly failed: (error: unknown) => void;
  private offered = '';
  /** Files of the networks that were in use or asked for: a link alone fetches nothing. */
  private readonly known = new Set<string>();
  private turn = 0;

  constructor(shared: Shared, chosen: (beside: string) => void, failed: (error: unknown) => void) {
    this.shared = shared;
    this.chosen = chosen;
    this.failed = failed;
    this.status.setAttribute('role', 'status');
    const corner = make('td');
    const scroll = scrollRegion(make('table', 'figures', make('caption', 'visually-hidden', text.networksTable), make('thead', '', make('tr', '', corner, ...this.heads)), this.rows), text.networksTable);
    this.body.append(scroll, make('div', 'compare-maps two', ...this.halves.map(({ element }) => element)));
    this.body.hidden = true;
    this.element.append(make('h4', '', text.networksTitle), make('p', 'quiet', text.networksNote), this.offers, this.status, this.body);
  }

  show(scene: Scene, beside: string): void {
    const others = this.shared.engines.models.filter(({ file }) => file !== scene.file);
    const linked = others.find(({ id }) => id === beside);
    this.known.add(scene.file);
    const other = linked && (linked.own || this.known.has(linked.file)) ? linked : undefined;
    this.offer(others, other);
    this.body.hidden = !other;
    const turn = (this.turn += 1);
    if (!other) return setText(this.status, linked ? text.networksLinked(networkName(linked.id, linked.name)) : '');
    setText(this.status, text.networksLoading(networkName(other.id, other.name)));
    this.compare(scene, other, turn).catch((error: unknown) => {
      if (turn !== this.turn) return;
      setText(this.status, '');
      this.body.hidden = true;
      this.failed(error);
    });
  }

  forget(): void {
    this.turn += 1;
    this.body.hidden = true;
    for (const half of this.halves) half.forget();
  }

  /** The weights of another network are large: they are fetched when they are asked for. */
  private offer(others: OfferedModel[], other: OfferedModel | undefined): void {
    const key = `${others.map(({ id }) => id).join()} ${other?.id ?? ''}`;
    if (key === this.offered) return;
    this.offered = key;
    const focused = this.offers.contains(document.activeElement);
    this.offers.replaceChildren(...(other ? [undefined] : others).map((model) => {
      const offer = button(model ? text.networksLoad(networkName(model.id, model.name), bytes(model.bytes ?? 0)) : text.networksUnload);
      offer.dataset['beside'] = model?.id ?? '';
      offer.addEventListener('click', () => {
        if (model) this.known.add(model.file);
        this.chosen(model?.id ?? '');
      });
      return offer;
    }));
    if (focused) this.offers.querySelector('button')?.focus();
  }

  private async compare(scene: Scene, { file }: OfferedModel, turn: number): Promise<void> {
    const second = await sceneOf(this.shared, file, scene);
    if (turn !== this.turn) return;
    setText(this.status, '');
    const both = [scene, second];
    const names = namesOf(scene, second);
    for (const [i, head] of this.heads.entries()) setText(head, names[i] ?? '');
    const lines: [string, (one: Scene) => string][] = [
      [text.networksLayers, (one) => count(costOf(one).layers)],
      [text.networksParameters, (one) => count(costOf(one).parameters)],
      [text.networksMacs, (one) => count(costOf(one).macs)],
      [text.networksProbability, (one) => percent(probabilityOf(one))],
      [text.networksThreshold, ({ operating }) => percent(operating.threshold)],
    ];
    this.rows.replaceChildren(...lines.map(([name, of]) => {
      const first = make('th', '', name);
      first.scope = 'row';
      return make('tr', '', first, ...both.map((one) => make('td', '', of(one))));
    }));
    for (const [i, half] of this.halves.entries()) half.show(both[i] ?? scene, names[i] ?? '');
  }
}

/** Two that were trained here may have one name. */
function namesOf(...both: [Scene, Scene]): string[] {
  const names = both.map(({ info, head }) => (looksAround(info) ? `${modelName(info)}, ${strings.seen[head]}` : modelName(info)));
  return names[0] === names[1] ? both.map(({ info }, i) => `${names[i] ?? ''}, ${info.modelId}`) : names;
}

/** One of the two: a layer of its own choice. */
class Half {
  readonly element = make('figure');
  private readonly caption = make('figcaption');
  private readonly select = make('select');
  private readonly grid = new MapGrid({ chosen: (unit) => this.grid.choose(unit) });
  private scene: Scene | undefined;
  private name = '';
  private layer = 1;

  constructor(id: string) {
    this.select.id = id;
    this.select.addEventListener('change', () => {
      this.layer = Number(this.select.value);
      this.draw();
    });
    this.element.append(this.caption, make('label', 'field', text.networksLayer, this.select), this.grid.element);
  }

  show(scene: Scene, name: string): void {
    const changed = this.scene?.file !== scene.file;
    this.scene = scene;
    this.name = name;
    if (changed) {
      this.layer = 1;
      this.select.replaceChildren(...scene.traced.map(({ name, shape }, i) => {
        const option = make('option', '', `${name} (${text.shape(shape)})`);
        option.value = String(i);
        return option;
      }));
      this.select.value = '1';
    }
    this.draw();
  }

  forget(): void {
    this.scene = undefined;
    this.grid.forget();
  }

  private draw(): void {
    const traced = this.scene?.traced[this.layer];
    if (!this.scene || !traced) return;
    const label = text.networksMaps(this.name, traced.name);
    setText(this.caption, label);
    this.grid.show({ traced, layer: this.layer, scale: scaleOf(traced.values, isPicture(this.scene, this.layer)), label });
    const [, rows, columns] = dimsAt(this.scene, this.layer);
    this.grid.choose({ layer: this.layer, channel: 0, y: Math.floor(rows / 2), x: Math.floor(columns / 2) });
  }
}
