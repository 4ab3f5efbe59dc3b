/** Step 5: four numbers become one. */
import { slider } from '../../../ui/slider.ts';
import { make } from '../../../ui/dom.ts';
import { insideText } from '../../../strings/inside.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { Arithmetic } from '../inside/arithmetic.ts';
import { scaleOf } from '../inside/colour-scales.ts';
import type { Made, Unit } from '../../../shared/wasm/inside-wasm.ts';
import { Outlined } from '../inside/outlined.ts';
import { clamp, dimsAt } from '../inside/scene.ts';
import { latest } from '../one-request-at-a-time.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

export class PoolingStep extends TourStep {
  override readonly element = make('div', 'tour-pooling');
  private readonly before = new Outlined();
  private readonly after: Outlined;
  private readonly arithmetic = new Arithmetic({ input: () => undefined, all: () => undefined });
  private readonly channels = slider(text.channel, [0, 0, 1], (channel) => this.choose({ ...this.unit, channel }));
  private unit: Unit = { layer: 0, channel: 0, y: -1, x: -1 };
  private readonly ask = latest(
    ({ stage, unit }: { stage: Stage; unit: Unit }) => stage.lab.ask('made', { values: stage.scene.values, unit, input: undefined, most: 0 }, { network: stage.scene.file }),
    (made, { stage, unit }) => this.draw(stage, unit, made),
    (error) => this.stage?.failed(error),
  );

  constructor() {
    super();
    const at = ([x, y]: [number, number]): Unit => ({ ...this.unit, y, x });
    this.after = new Outlined({
      over: (spot) => this.stage && this.ask({ stage: this.stage, unit: spot ? at(spot) : this.unit }),
      chosen: (spot) => this.choose(at(spot)),
    });
    this.element.append(make('div', 'tour-controls', this.channels.element), make('div', 'pictures', this.before.element, this.after.element), this.arithmetic.element);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const { layers } = stage.scene;
    // Of the patch's layers.
    const around = layers.findIndex(({ operation }) => operation === 'surroundings');
    const pools = layers.slice(0, around < 0 ? layers.length : around).flatMap(({ operation }, i) => (operation === 'max-pool' ? [i + 1] : []));
    const layer = pools[0] ?? 0;
    stage.ours(text.oursPooling(pools.length, insideText.shape(stage.scene.traced[layer - 1]?.shape ?? []), insideText.shape(stage.scene.traced[layer]?.shape ?? [])));
    const [channels, rows, columns] = dimsAt(stage.scene, layer);
    this.channels.input.max = String(channels - 1);
    const { y, x, channel } = this.unit;
    if (y >= 0) return this.choose({ layer, channel, y, x });
    // Where there is most to see: the largest number of the first map.
    const map = stage.scene.traced[layer]?.values.subarray(0, rows * columns) ?? new Float32Array();
    const largest = map.indexOf(Math.max(...map));
    this.choose({ layer, channel, y: Math.floor(largest / columns), x: largest % columns });
  }

  override forget(): void {
    super.forget();
    this.before.forget();
    this.after.forget();
  }

  private choose(unit: Unit): void {
    const { stage } = this;
    if (!stage) return;
    const [channels, rows, columns] = dimsAt(stage.scene, unit.layer);
    this.unit = { layer: unit.layer, channel: clamp(unit.channel, channels), y: clamp(unit.y, rows), x: clamp(unit.x, columns) };
    this.channels.set(this.unit.channel, String(this.unit.channel));
    this.ask({ stage, unit: this.unit });
  }

  private draw({ scene }: Stage, unit: Unit, made: Made): void {
    const { layer, channel, y, x } = unit;
    for (const [picture, at, words, rect] of [
      [this.before, layer - 1, text.poolBefore, made.field.beforeClipped],
      [this.after, layer, text.poolAfter, { left: x, top: y, right: x + 1, bottom: y + 1 }],
    ] as const) {
      const [, rows, columns] = dimsAt(scene, at);
      const values = scene.traced[at]?.values ?? new Float32Array();
      const offset = channel * rows * columns;
      picture.show(values, offset, [rows, columns], scaleOf(values.subarray(offset, offset + rows * columns), at === 0), words);
      picture.outline(rect);
      picture.say(words);
    }
    this.arithmetic.show(made, { unit, before: '', beforeIsMap: true, asked: undefined, all: false });
  }
}
