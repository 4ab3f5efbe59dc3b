/** Step 3: one kernel of the first convolution slides over the patch. */
import { slider } from '../../../ui/slider.ts';
import { button } from '../../../ui/button.ts';
import { make, setText } from '../../../ui/dom.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { Arithmetic } from '../inside/arithmetic.ts';
import { PICTURE, scaleOf } from '../inside/colour-scales.ts';
import { Outlined } from '../inside/outlined.ts';
import type { Made, Unit } from '../../../shared/wasm/inside-wasm.ts';
import { clamp, dimsAt } from '../inside/scene.ts';
import { latest } from '../one-request-at-a-time.ts';
import { TourStep } from './step.ts';
import type { Slider } from '../../../ui/slider.ts';
import type { Stage } from './step.ts';

/** Layer 1 is the first one; both networks begin with a convolution. */
const LAYER = 1;
/** Places a frame while it slides by itself. */
const STRIDE = 3;

export class ConvolutionStep extends TourStep {
  override readonly element = make('div', 'tour-convolution');
  private readonly patch = new Outlined();
  private readonly map = new Outlined({ over: () => undefined, chosen: ([x, y]) => this.at(y, x) });
  private readonly arithmetic = new Arithmetic({ input: () => undefined, all: () => undefined });
  private readonly play = button(text.slide, () => this.toggle());
  private readonly kernels = slider(text.kernel, [0, 0, 1], (channel) => this.choose({ ...this.unit, channel }));
  private readonly positions: Slider = slider(text.position, [0, 0, 1], (value) => this.to(value));
  private unit: Unit = { layer: LAYER, channel: 0, y: 0, x: 0 };
  private begun = false;
  private running = 0;
  private readonly ask = latest(
    ({ stage, unit }: { stage: Stage; unit: Unit }) => stage.lab.ask('made', { values: stage.scene.values, unit, input: 0, most: 0 }, { network: stage.scene.file }),
    (made, { stage, unit }) => this.draw(stage, unit, made),
    (error) => this.stage?.failed(error),
  );

  constructor() {
    super();
    // Whoever asked for less motion moves the kernel by hand.
    this.play.hidden = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.element.append(
      make('div', 'tour-controls', this.kernels.element, this.positions.element, this.play),
      make('div', 'pictures', this.patch.element, this.map.element),
      this.arithmetic.element);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const layer = stage.scene.layers[LAYER - 1];
    stage.ours(text.oursConvolution(layer?.name ?? '', layer?.output_shape[0] ?? 0, layer?.kernel ?? 0, Boolean(layer?.padding)));
    const [channels, rows, columns] = dimsAt(stage.scene, LAYER);
    if (!this.begun) this.unit = { layer: LAYER, channel: 0, y: Math.floor(rows / 2), x: Math.floor(columns / 2) };
    this.begun = true;
    this.kernels.input.max = String(channels - 1);
    this.positions.input.max = String(rows * columns - 1);
    this.choose(this.unit);
  }

  override forget(): void {
    super.forget();
    this.patch.forget();
    this.map.forget();
  }

  override hide(): void {
    this.stop();
  }

  private choose(unit: Unit): void {
    const { stage } = this;
    if (!stage) return;
    const [channels, rows, columns] = dimsAt(stage.scene, LAYER);
    this.unit = { layer: LAYER, channel: clamp(unit.channel, channels), y: clamp(unit.y, rows), x: clamp(unit.x, columns) };
    this.kernels.set(this.unit.channel, String(this.unit.channel));
    this.positions.set(this.unit.y * columns + this.unit.x, `${this.unit.x}, ${this.unit.y}`);
    this.ask({ stage, unit: this.unit });
  }

  private at(y: number, x: number): void {
    this.stop();
    this.choose({ ...this.unit, y, x });
  }

  private to(value: number): void {
    const columns = this.stage ? dimsAt(this.stage.scene, LAYER)[2] : 1;
    this.at(Math.floor(value / columns), value % columns);
  }

  private toggle(): void {
    if (this.running) return this.stop();
    setText(this.play, text.stop);
    this.choose({ ...this.unit, y: 0, x: 0 });
    const slide = (): void => {
      const { stage, unit } = this;
      if (!stage) return this.stop();
      const [, rows, columns] = dimsAt(stage.scene, LAYER);
      const next = unit.y * columns + unit.x + STRIDE;
      if (next >= rows * columns) return this.stop();
      this.choose({ ...unit, y: Math.floor(next / columns), x: next % columns });
      this.running = requestAnimationFrame(slide);
    };
    this.running = requestAnimationFrame(slide);
  }

  private stop(): void {
    cancelAnimationFrame(this.running);
    const ran = this.running !== 0;
    this.running = 0;
    setText(this.play, text.slide);
    if (ran && this.stage) this.ask({ stage: this.stage, unit: this.unit });
  }

  private draw({ scene }: Stage, unit: Unit, made: Made): void {
    const [, height, width] = dimsAt(scene, 0);
    const [, rows, columns] = dimsAt(scene, LAYER);
    this.patch.show(scene.values, 0, [height, width], PICTURE, text.conPatch);
    this.patch.outline(made.field.input);
    this.patch.say(text.conPatch);
    const offset = unit.channel * rows * columns;
    const values = (scene.traced[LAYER]?.values ?? new Float32Array()).slice(offset, offset + rows * columns);
    const scale = scaleOf(values);
    // While it slides, only what has been computed is there.
    if (this.running) values.fill(NaN, unit.y * columns + unit.x + 1);
    this.map.show(values, 0, [rows, columns], scale, text.conMap(unit.channel));
    this.map.outline({ left: unit.x, top: unit.y, right: unit.x + 1, bottom: unit.y + 1 });
    this.map.say(text.conMap(unit.channel));
    this.arithmetic.show(made, { unit, before: '', beforeIsMap: true, asked: 0, all: false });
  }
}
