/** Step 4: a map of the first convolution before and behind ReLU. */
import { speakWhenRested } from '../../../ui/announce.ts';
import { slider } from '../../../ui/slider.ts';
import { make, setText } from '../../../ui/dom.ts';
import { figure, insideText } from '../../../strings/inside.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { evenly } from '../inside/colour-scales.ts';
import { Outlined } from '../inside/outlined.ts';
import { clamp, dimsAt } from '../inside/scene.ts';
import type { Histogram } from '../../../shared/wasm/inside-wasm.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

const LAYER = 1;
/** Only its zeros are of interest. */
const BINS = 1;

export class ReluStep extends TourStep {
  override readonly element = make('div', 'tour-relu');
  private readonly before = this.map();
  private readonly after = this.map();
  private readonly line = make('p', 'tour-answer');
  private readonly channels = slider(text.channel, [0, 0, 1], (channel) => this.choose(channel));
  private channel = 0;
  private spot: [number, number] | undefined;
  private values = new Float32Array();
  private turn = 0;

  constructor() {
    super();
    speakWhenRested(this.line);
    this.element.append(make('div', 'tour-controls', this.channels.element), make('div', 'pictures', this.before.element, this.after.element), this.line);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const [channels] = dimsAt(stage.scene, LAYER);
    this.channels.input.max = String(channels - 1);
    this.choose(clamp(this.channel, channels));
  }

  override forget(): void {
    super.forget();
    this.values = new Float32Array();
    this.before.forget();
    this.after.forget();
  }

  private map(): Outlined {
    return new Outlined({ over: (at) => this.point(at ?? this.spot), chosen: (at) => this.point((this.spot = at)) });
  }

  private choose(channel: number): void {
    const { stage } = this;
    if (!stage) return;
    this.channel = channel;
    this.channels.set(channel, String(channel));
    const turn = (this.turn += 1);
    const { scene, lab } = stage;
    const asked = async (): Promise<void> => {
      const [{ values }, found] = await Promise.all([
        lab.ask('beforeRelu', { values: scene.values, layer: LAYER, channel }, { network: scene.file }),
        lab.ask('histogram', { values: scene.values, layer: LAYER, channel, bins: BINS }, { network: scene.file }),
      ]);
      if (turn === this.turn) this.draw(stage, values, found);
    };
    asked().catch((error: unknown) => stage.failed(error));
  }

  private draw({ scene, ours }: Stage, values: Float32Array<ArrayBuffer>, { zeros, total }: Histogram): void {
    const [, rows, columns] = dimsAt(scene, LAYER);
    this.values = values;
    const scale = evenly(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);
    this.before.show(values, 0, [rows, columns], scale, text.reluBefore);
    this.after.show(scene.traced[LAYER]?.values ?? [], this.channel * rows * columns, [rows, columns], { palette: 'size', low: 0, high: scale.high }, text.reluAfter);
    this.before.say(text.reluBefore);
    this.after.say(text.reluAfter);
    ours(text.oursRelu(insideText.share(zeros / total)));
    this.point((this.spot ??= [Math.floor(columns / 2), Math.floor(rows / 2)]));
  }

  private point(at: [number, number] | undefined): void {
    if (!at || !this.stage) return;
    const { scene } = this.stage;
    const [, rows, columns] = dimsAt(scene, LAYER);
    const [x, y] = [clamp(at[0], columns), clamp(at[1], rows)];
    const rect = { left: x, top: y, right: x + 1, bottom: y + 1 };
    this.before.outline(rect);
    this.after.outline(rect);
    const after = scene.traced[LAYER]?.values[(this.channel * rows + y) * columns + x] ?? NaN;
    setText(this.line, text.reluPlace(figure(this.values[y * columns + x] ?? NaN), figure(after)));
  }
}
