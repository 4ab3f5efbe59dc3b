/** Step 8: the curve that the weights file carries, and a threshold on it. */
import { make, setText } from '../../dom.ts';
import { tourText as text, wholePercent } from '../../strings-tour.ts';
import { percent } from '../../strings.ts';
import { linkTo } from '../address.ts';
import { Plot } from '../plot.ts';
import type { Point } from '../plot.ts';
import { probabilityOf } from '../inside/scene.ts';
import { TourStep, button, slider } from './step.ts';
import type { Stage } from './step.ts';

export class RocStep extends TourStep {
  override readonly element = make('div', 'tour-roc');
  private readonly plot = new Plot({
    title: text.rocTitle,
    x: { label: text.rocX, min: 0, max: 1, format: wholePercent },
    y: { label: text.rocY, min: 0, max: 1, format: wholePercent },
    diagonal: text.rocChance,
  });
  private readonly says = make('p', 'tour-answer');
  private readonly patch = make('p');
  private readonly controls = make('div', 'tour-controls');
  private readonly slide = slider(text.threshold, [0, 1, 0.005], (threshold) => this.move(threshold));
  private threshold = 0;
  private curve: [number, number, number][] = [];
  private points: readonly Point[] = [];

  constructor() {
    super();
    this.says.setAttribute('role', 'status');
    const more = make('a', '', text.rocMore);
    more.href = linkTo({ see: 'threshold' });
    this.controls.append(this.slide.element, button(text.rocFile, () => this.own()), this.says, this.patch, make('p', '', more));
    this.element.append(make('div', 'tour-beside', this.plot.element, this.controls));
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const { roc = [], metrics } = stage.scene.info.card;
    this.element.hidden = roc.length === 0;
    if (roc.length === 0) return stage.ours(text.noRoc);
    stage.ours(metrics ? text.oursRoc(metrics.part, metrics.roc_auc.toFixed(3)) : '');
    if (this.curve !== roc) this.points = roc.map(([alarms, found]) => [alarms, found] as const);
    this.curve = roc;
    if (this.threshold === 0) this.own();
    else this.move(this.threshold);
  }

  private own(): void {
    if (this.stage) this.move(this.stage.scene.info.threshold);
  }

  private move(threshold: number): void {
    const { stage } = this;
    if (!stage) return;
    this.threshold = threshold;
    this.slide.set(threshold, percent(threshold));
    // Thresholds fall along the curve: the last that is not below this one is where the curve stands now.
    const [alarms, found] = this.curve.filter(([, , at]) => at >= threshold).at(-1) ?? [0, 0];
    this.plot.draw({
      series: [{ name: text.rocCurve, kind: 'steps', points: this.points }, { name: text.rocHere, kind: 'points', points: [[alarms, found]] }],
      summary: text.rocSays(percent(found), percent(alarms)),
    });
    setText(this.says, text.rocSays(percent(found), percent(alarms)));
    const probability = probabilityOf(stage.scene);
    setText(this.patch, text.rocPatch(percent(probability), probability >= threshold));
  }
}
