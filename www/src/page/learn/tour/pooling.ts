/** Step 5: four numbers become one. */
import { slider } from '../../../ui/slider.ts';
import { make } from '../../../ui/dom.ts';
import { insideText } from '../../../strings/inside.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { Arithmetic } from '../inside/arithmetic.ts';
import { scaleOf } from '../inside/colours.ts';
import type { Made, Place } from '../../../shared/wasm/inside-wasm.ts';
import { Outlined } from '../inside/outlined.ts';
import { clamp, dimsAt } from '../inside/scene.ts';
import { latest } from '../latest.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

export class PoolingStep extends TourStep {
  override readonly element = make('div', 'tour-pooling');
  private readonly before = new Outlined();
  private readonly after: Outlined;
  private readonly arithmetic = new Arithmetic({ input: () => undefined, all: () => undefined });
  private readonly channels = slider(text.channel, [0, 0, 1], (channel) => this.choose({ ...this.place, channel }));
  private place: Place = { layer: 0, channel: 0, y: -1, x: -1 };
  private readonly ask = latest(
    ({ stage, place }: { stage: Stage; place: Place }) => stage.lab.ask('made', { values: stage.scene.values, place, input: undefined, most: 0 }, { network: stage.scene.file }),
    (made, { stage, place }) => this.draw(stage, place, made),
    (error) => this.stage?.failed(error),
  );

  constructor() {
    super();
    const at = ([x, y]: [number, number]): Place => ({ ...this.place, y, x });
    this.after = new Outlined({
      over: (spot) => this.stage && this.ask({ stage: this.stage, place: spot ? at(spot) : this.place }),
      chosen: (spot) => this.choose(at(spot)),
    });
    this.element.append(make('div', 'tour-controls', this.channels.element), make('div', 'pictures', this.before.element, this.after.element), this.arithmetic.element);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const { layers } = stage.scene;
    const pools = layers.flatMap(({ operation }, i) => (operation === 'max-pool' ? [i + 1] : []));
    const layer = pools[0] ?? 0;
    stage.ours(text.oursPooling(pools.length, insideText.shape(stage.scene.traced[layer - 1]?.shape ?? []), insideText.shape(stage.scene.traced[layer]?.shape ?? [])));
    const [channels, rows, columns] = dimsAt(stage.scene, layer);
    this.channels.input.max = String(channels - 1);
    const { y, x, channel } = this.place;
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

  private choose(place: Place): void {
    const { stage } = this;
    if (!stage) return;
    const [channels, rows, columns] = dimsAt(stage.scene, place.layer);
    this.place = { layer: place.layer, channel: clamp(place.channel, channels), y: clamp(place.y, rows), x: clamp(place.x, columns) };
    this.channels.set(this.place.channel, String(this.place.channel));
    this.ask({ stage, place: this.place });
  }

  private draw({ scene }: Stage, place: Place, made: Made): void {
    const { layer, channel, y, x } = place;
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
    this.arithmetic.show(made, { place, before: '', beforeIsMap: true, asked: undefined, all: false });
  }
}
