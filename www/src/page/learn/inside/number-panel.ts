/** One number of a layer: where it lies, what it was made from, and which part of the patch can change it. */
import { make, setText } from '../../../ui/dom.ts';
import { figure, insideText as text } from '../../../strings/inside.ts';
import { latest } from '../one-request-at-a-time.ts';
import type { Lab } from '../lab-client.ts';
import { Arithmetic, FIRST_TERMS } from './arithmetic.ts';
import { PICTURE, scaleOfLayer } from './colour-scales.ts';
import type { Made, Unit, Rect } from '../../../shared/wasm/inside-wasm.ts';
import { Outlined } from './outlined.ts';
import { beforeOf, clamp, dimsAt, isPicture, layerAt, temperatureOf, valueAt } from './scene.ts';
import type { Scene } from './scene.ts';

export interface NumberEvents {
  over(unit: Unit | undefined): void;
  chosen(unit: Unit): void;
  /** Another input channel, or the strongest. */
  input(channel: number | undefined): void;
  failed(error: unknown): void;
}

interface Asked {
  scene: Scene;
  unit: Unit;
  input: number | undefined;
  all: boolean;
}

export class NumberPanel {
  readonly element = make('section', 'number-panel');
  private readonly headline = make('p', 'number-headline');
  private readonly reaches = make('p', 'quiet');
  private readonly patch = new Outlined();
  private readonly before = new Outlined();
  private readonly own: Outlined;
  private readonly arithmetic: Arithmetic;
  private readonly fields: Record<'channel' | 'y' | 'x', HTMLInputElement>;
  private readonly labels: Record<'channel' | 'y' | 'x', HTMLLabelElement>;
  private readonly ask: (asked: Asked) => void;
  private scene: Scene | undefined;
  private unit: Unit = { layer: 0, channel: 0, y: 0, x: 0 };
  private input: number | undefined;
  private all = false;

  constructor(lab: Lab, events: NumberEvents) {
    const at = ([x, y]: [number, number]): Unit => ({ ...this.unit, y, x });
    this.own = new Outlined({ over: (spot) => events.over(spot && at(spot)), chosen: (spot) => events.chosen(at(spot)) });
    this.own.describedBy(text.mapsHelpId);
    this.arithmetic = new Arithmetic({
      input: (channel) => events.input(channel),
      all: (all) => {
        this.all = all;
        if (this.scene) this.show(this.scene, this.unit, this.input);
      },
    });
    const field = (key: 'channel' | 'y' | 'x'): HTMLInputElement => {
      const input = make('input');
      input.type = 'number';
      input.min = '0';
      input.addEventListener('change', () => events.chosen({ ...this.unit, [key]: clamp(Number(input.value), Number(input.max) + 1) }));
      return input;
    };
    this.fields = { channel: field('channel'), y: field('y'), x: field('x') };
    this.labels = {
      channel: make('label', 'field', make('span'), this.fields.channel),
      y: make('label', 'field', make('span', '', text.row), this.fields.y),
      x: make('label', 'field', make('span', '', text.column), this.fields.x),
    };
    this.ask = latest(
      ({ scene, unit, input, all }) => lab.ask('made', { values: scene.values, unit, input, most: all ? 1_000_000 : FIRST_TERMS }, { network: scene.file }),
      (made, asked) => this.draw(made, asked),
      (error) => events.failed(error),
    );
    this.element.append(
      make('h4', '', text.numberTitle),
      make('div', 'fields', ...Object.values(this.labels)),
      this.headline, this.reaches,
      make('div', 'pictures', this.patch.element, this.before.element, this.own.element),
      this.arithmetic.element,
    );
  }

  show(scene: Scene, unit: Unit, input: number | undefined): void {
    this.scene = scene;
    if (unit.layer !== this.unit.layer) this.all = false;
    this.unit = unit;
    this.input = input;
    this.maps(scene, unit);
    this.ask({ scene, unit, input, all: this.all });
  }

  forget(): void {
    this.scene = undefined;
    for (const picture of [this.patch, this.before, this.own]) picture.forget();
  }

  /** What is there without asking. */
  private maps(scene: Scene, unit: Unit): void {
    const { layer, channel, y, x } = unit;
    const [channels, rows, columns] = dimsAt(scene, layer);
    const traced = scene.traced[layer];
    if (!traced) return;
    const map = rows * columns > 1;
    this.labels.y.hidden = this.labels.x.hidden = !map;
    setText(this.labels.channel.firstElementChild as HTMLElement, map ? text.channel : text.unit);
    for (const [key, there, value] of [['channel', channels, channel], ['y', rows, y], ['x', columns, x]] as const) {
      const field = this.fields[key];
      field.max = String(there - 1);
      if (document.activeElement !== field || field.value !== String(value)) field.value = String(value);
    }
    const value = figure(valueAt(scene, unit));
    setText(this.headline, `${text.headline(traced.name, unit, map, channels)} = ${value}`);
    this.own.element.hidden = !map;
    if (map) {
      this.own.show(traced.values, channel * rows * columns, [rows, columns], scaleOfLayer(traced.values, isPicture(scene, layer)), text.ownPicture(traced.name, unit, value));
      this.own.outline({ left: x, top: y, right: x + 1, bottom: y + 1 });
      this.own.say(text.own(traced.name, channel));
    }
  }

  private draw(made: Made, { scene, unit, input, all }: Asked): void {
    if (scene !== this.scene) return;
    const { layer } = unit;
    const position = beforeOf(scene, layer);
    const before = position === undefined ? undefined : scene.traced[position];
    const { field } = made;
    const { surroundings } = field;
    // The input is the patch, or what lies around it where that alone counts.
    const picture = surroundings && field.inputClipped.right === 0 ? scene.layers.findIndex(({ operation }) => operation === 'surroundings') + 1 : 0;
    const reached = picture > 0 && surroundings ? surroundings : field.inputClipped;
    this.patch.element.hidden = position === undefined;
    const [, height, width] = dimsAt(scene, picture);
    this.patch.show(scene.traced[picture]?.values ?? scene.values, 0, [height, width], PICTURE, text.patchPicture(picture > 0));
    this.patch.outline(reached);
    this.patch.say(text.patchField(reached, [width, height], picture > 0, Boolean(surroundings) && picture === 0));
    const [, rows, columns] = position === undefined ? [1, 1, 1] : dimsAt(scene, position);
    const map = rows * columns > 1;
    // In front of the first layers stand the pictures themselves.
    this.before.element.hidden = !map || position === undefined || isPicture(scene, position);
    if (before && position !== undefined && map) {
      const channel = made.operation === 'convolution' ? made.input : made.operation === 'dense' ? (made.terms[0]?.channel ?? 0) : unit.channel;
      this.before.show(before.values, channel * rows * columns, [rows, columns], scaleOfLayer(before.values, isPicture(scene, position)), text.beforePicture(before.name, channel));
      this.before.outline(field.beforeClipped);
      this.before.say(text.before(before.name, channel));
    }
    this.reaches.hidden = position === undefined || made.operation === 'join' || made.operation === 'sum';
    setText(this.reaches, text.reaches(size(field.beforeClipped, ['convolution', 'dense', 'softmax'].includes(made.operation) ? (before?.shape ?? []) : []), size(reached, []), picture > 0, Boolean(surroundings) && picture === 0));
    const names = (layerAt(scene, layer)?.before ?? []).map((one) => scene.traced[one]?.name ?? '');
    this.arithmetic.show(made, { unit, before: made.operation === 'join' ? (scene.traced[made.layer]?.name ?? '') : (before?.name ?? ''), names, beforeIsMap: map, asked: input, all, temperature: temperatureOf(scene) });
  }
}

/** "3 × 3", or all features. */
function size({ left, top, right, bottom }: Rect, shape: number[]): string {
  const [only] = shape;
  if (shape.length > 0 && right - left === 1 && bottom - top === 1 && only !== undefined) return String(only);
  return shape.length === 3 ? `${right - left} × ${bottom - top} × ${only ?? 1}` : `${right - left} × ${bottom - top}`;
}
