/** Step 2: the patch through another window, and what the network then says. */
import { speakWhenRested } from '../../../ui/announce.ts';
import { slider } from '../../../ui/slider.ts';
import { button } from '../../../ui/button.ts';
import { probabilityBar } from '../../../ui/probability-bar.ts';
import { make, setText } from '../../../ui/dom.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { percent } from '../../../ui/numbers.ts';
import { latest } from '../one-request-at-a-time.ts';
import { PICTURE } from '../inside/colour-scales.ts';
import { Outlined } from '../inside/outlined.ts';
import { dimsAt } from '../inside/scene.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

/** What a person may choose, HU. */
const LEVEL: [number, number, number] = [-1000, 400, 10];
const WIDTH: [number, number, number] = [50, 2000, 10];
/** Windows of radiologists' workstations: level, width. */
const LUNG: [number, number] = [-600, 1000];
const SOFT: [number, number] = [40, 400];

export class WindowStep extends TourStep {
  override readonly element = make('div', 'tour-window');
  private readonly picture = new Outlined();
  private readonly answer = make('p', 'tour-answer');
  private readonly bar = make('div');
  private readonly ends = make('p', 'quiet');
  private readonly level = slider(text.level, LEVEL, (value) => this.move(value, this.width));
  private readonly widths = slider(text.width, WIDTH, (value) => this.move(this.center, value));
  private center = 0;
  private width = 0;
  private readonly ask = latest(
    ({ stage, center, width }: { stage: Stage; center: number; width: number }) => stage.lab.ask('rewindow', { values: stage.scene.values, center, width }, { network: stage.scene.file }),
    ({ values, probability }, { stage }) => this.draw(stage, values, probability),
    (error) => this.stage?.failed(error),
  );

  constructor() {
    super();
    speakWhenRested(this.answer);
    const presets = make('div', 'actions',
      button(text.presetModel, () => this.own()),
      button(text.presetLung, () => this.move(...LUNG)),
      button(text.presetSoft, () => this.move(...SOFT)));
    this.element.append(
      make('div', 'tour-beside', this.picture.element, make('div', 'tour-controls', this.answer, this.bar, this.level.element, this.widths.element, this.ends, presets)),
      make('p', 'quiet', text.windowNote));
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const { method } = stage.shared.engines;
    if (method) stage.ours(text.oursWindow(method.windowLowHu, method.windowHighHu));
    if (this.width === 0) this.own();
    else this.move(this.center, this.width);
  }

  override forget(): void {
    super.forget();
    this.picture.forget();
  }

  private own(): void {
    const method = this.stage?.shared.engines.method;
    if (method) this.move((method.windowLowHu + method.windowHighHu) / 2, method.windowHighHu - method.windowLowHu);
  }

  private move(center: number, width: number): void {
    this.center = center;
    this.width = width;
    this.level.set(center, text.hu(center));
    this.widths.set(width, text.hu(width));
    setText(this.ends, text.windowEnds(text.hu(center - width / 2), text.hu(center + width / 2)));
    if (this.stage) this.ask({ stage: this.stage, center, width });
  }

  private draw({ scene }: Stage, values: Float32Array, probability: number): void {
    const [, rows, columns] = dimsAt(scene, 0);
    this.picture.show(values, 0, [rows, columns], PICTURE, text.windowPicture);
    setText(this.answer, text.answerLive(percent(probability)));
    this.bar.replaceChildren(probabilityBar(probability, scene.operating.threshold, probability >= scene.operating.threshold ? 'nodule' : 'no nodule'));
  }
}
