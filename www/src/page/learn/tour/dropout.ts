/** Step 6: units in front of the last layer are switched off, and the answer holds or does not. */
import { speakWhenRested } from '../../../ui/announce.ts';
import { slider } from '../../../ui/slider.ts';
import { button } from '../../../ui/button.ts';
import { probabilityBar } from '../../../ui/probability-bar.ts';
import { make, setText } from '../../../ui/dom.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { percent, wholePercent } from '../../../ui/numbers.ts';
import { latest } from '../one-request-at-a-time.ts';
import { Plot } from '../../../ui/plot/plot.ts';
import type { Dropped } from '../../../shared/wasm/inside-wasm.ts';
import { probabilityOf } from '../inside/scene.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

const DRAWS = 50;
/** Of the paper; where the slider begins. */
const FIRST_SHARE = 0.5;

export class DropoutStep extends TourStep {
  override readonly element = make('div', 'tour-dropout');
  private readonly units = make('canvas', 'tour-units');
  private readonly line = make('p', 'quiet');
  private readonly answer = make('p', 'tour-answer');
  private readonly bar = make('div');
  private readonly share = slider(text.share, [0, 0.95, 0.05], (share) => this.move(share, this.seed));
  private readonly plot = new Plot({
    title: text.drawsTitle,
    x: { label: text.drawsX, min: 0, max: DRAWS },
    y: { label: text.drawsY, min: 0, max: 1, format: wholePercent },
  });
  private now = FIRST_SHARE;
  private seed = 1;
  private readonly ask = latest(
    ({ stage, share, seed }: { stage: Stage; share: number; seed: number }) =>
      stage.lab.ask('dropped', { values: stage.scene.values, share, seeds: Array.from({ length: DRAWS }, (_, i) => seed + i) }, { network: stage.scene.file }),
    ({ answers }, { stage }) => this.draw(stage, answers),
    (error) => this.stage?.failed(error),
  );

  constructor() {
    super();
    speakWhenRested(this.answer);
    this.units.setAttribute('role', 'img');
    this.element.append(
      make('div', 'tour-controls', this.answer, this.bar, this.share.element, button(text.draw, () => this.move(this.now, this.seed + DRAWS)), this.units, this.line),
      this.plot.element);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    this.move(this.now, this.seed);
  }

  private move(share: number, seed: number): void {
    this.now = share;
    this.seed = seed;
    this.share.set(share, wholePercent(share));
    if (this.stage) this.ask({ stage: this.stage, share, seed });
  }

  private draw({ scene, ours }: Stage, answers: Dropped[]): void {
    const [first] = answers;
    if (!first) return;
    const { off, probability } = first;
    const known = /^dropout = ([\d.]+)$/m.exec(scene.info.card.settings ?? '')?.[1];
    ours(text.oursDropout(off.length, known === undefined ? '' : text.dropoutKnown(wholePercent(Number(known)))));
    const words = text.units(off.filter(Boolean).length, off.length);
    setText(this.line, words);
    setText(this.answer, text.answerLive(percent(probability)));
    this.bar.replaceChildren(probabilityBar(probability, scene.operating.threshold, probability >= scene.operating.threshold ? 'nodule' : 'no nodule'));
    this.dots(off, words);
    const all = probabilityOf(scene);
    this.plot.draw({
      series: [
        { name: text.drawsAll, kind: 'points', points: answers.map((answer, i) => [i + 0.5, answer.probability] as const) },
        { name: text.drawsNone, kind: 'line', points: [[0, all], [DRAWS, all]] },
      ],
      summary: text.answerLive(percent(probability)),
    });
  }

  /** A dot each: filled while it is on. */
  private dots(off: boolean[], words: string): void {
    const { units } = this;
    units.setAttribute('aria-label', words);
    const columns = 32;
    const size = 15;
    units.width = columns * size;
    units.height = Math.ceil(off.length / columns) * size;
    const context = units.getContext('2d');
    if (!context) return;
    const style = getComputedStyle(units);
    context.fillStyle = style.getPropertyValue('--accent') || style.color;
    context.strokeStyle = style.getPropertyValue('--line-2') || style.color;
    for (const [i, isOff] of off.entries()) {
      context.beginPath();
      context.arc(((i % columns) + 0.5) * size, (Math.floor(i / columns) + 0.5) * size, size * 0.34, 0, 2 * Math.PI);
      if (isOff) context.stroke();
      else context.fill();
    }
  }
}
