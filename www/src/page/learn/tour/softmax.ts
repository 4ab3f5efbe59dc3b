/** Step 7: two logits become two shares, at a temperature. */
import { slider } from '../../../ui/slider.ts';
import { button } from '../../../ui/button.ts';
import { make } from '../../../ui/dom.ts';
import { figure } from '../../../strings/inside.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { probabilityBar } from '../../../ui/probability-bar.ts';
import { latest } from '../one-request-at-a-time.ts';
import { Arithmetic } from '../inside/arithmetic.ts';
import { figuresOf } from '../../../shared/heads.ts';
import { temperatureOf } from '../inside/scene.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

/** From bold to careful, in powers of ten: 0.1 to 10. */
const POWER: [number, number, number] = [-1, 1, 0.02];

export class SoftmaxStep extends TourStep {
  override readonly element = make('div', 'tour-softmax');
  private readonly arithmetic = new Arithmetic({ input: () => undefined, all: () => undefined });
  private readonly bar = make('div');
  private readonly slide = slider(text.temperature, POWER, (power) => this.move(10 ** power));
  private temperature = 0;
  /** The network, and the part of it, that it was set for. */
  private file = '';
  private readonly ask = latest(
    ({ stage, temperature }: { stage: Stage; temperature: number }) => {
      const [no = NaN, yes = NaN] = stage.scene.traced.at(-2)?.values ?? [];
      return stage.lab.ask('softmax', { logits: [no, yes], temperature });
    },
    ({ classes }, { stage, temperature }) => {
      const { threshold, temperature: own } = stage.scene.operating;
      const { share } = classes[1];
      const nowhere = { left: 0, top: 0, right: 0, bottom: 0 };
      const field = { before: nowhere, beforeClipped: nowhere, input: nowhere, inputClipped: nowhere };
      this.arithmetic.show({ operation: 'softmax', value: share, field, temperature, classes }, { unit: { layer: 0, channel: 1, y: 0, x: 0 }, before: '', beforeIsMap: false, asked: undefined, all: false, temperature: temperature === own ? temperatureOf(stage.scene) : 'moved' });
      this.bar.replaceChildren(probabilityBar(share, threshold, share >= threshold ? 'nodule' : 'no nodule'));
    },
    (error) => this.stage?.failed(error),
  );

  constructor() {
    super();
    this.element.append(make('div', 'tour-controls', this.slide.element, button(text.fromFile, () => this.own()), this.bar), this.arithmetic.element);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const { head, info: { card }, operating: { temperature } } = stage.scene;
    stage.ours(text.oursSoftmax(figure(temperature, 3), figuresOf(card, head).calibration?.part));
    // Another network has another temperature, and so has another part of it.
    const of = `${stage.scene.file} ${head}`;
    if (this.file !== of) this.own();
    else this.move(this.temperature);
    this.file = of;
  }

  private own(): void {
    if (this.stage) this.move(this.stage.scene.operating.temperature);
  }

  private move(temperature: number): void {
    this.temperature = temperature;
    this.slide.set(Math.log10(temperature), figure(temperature, 2));
    if (this.stage) this.ask({ stage: this.stage, temperature });
  }
}
