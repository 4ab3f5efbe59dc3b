/** Step 8: the curve that the weights file carries, and a threshold on it. */
import { speakWhenRested } from '../../../ui/announce.ts';
import { slider } from '../../../ui/slider.ts';
import { button } from '../../../ui/button.ts';
import { make, setText } from '../../../ui/dom.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { percent, wholePercent } from '../../../ui/numbers.ts';
import { linkTo } from '../address.ts';
import type { Kept, Operating } from '../../../shared/lab/evaluate-tasks.ts';
import { latest } from '../one-request-at-a-time.ts';
import { Plot } from '../../../ui/plot/plot.ts';
import type { Point } from '../../../ui/plot/plot-types.ts';
import { markOf } from '../threshold/curves.ts';
import { prevalence } from '../threshold/prevalence.ts';
import { keptOf } from '../threshold/threshold-view.ts';
import { probabilityOf } from '../inside/scene.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

interface Drawn {
  /** The network, and the part of it that answers. */
  file: string;
  kept: Kept;
  line: readonly Point[];
}

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
  private readonly body = make('div', 'tour-beside');
  private readonly slide = slider(text.threshold, [0, 1, 0.005], (threshold) => this.move(threshold));
  private threshold = 0;
  private drawn: Drawn | undefined;
  private readonly ask = latest(
    ({ stage, drawn, threshold }: { stage: Stage; drawn: Drawn; threshold: number }) =>
      stage.lab.ask('at-threshold', { card: drawn.kept, threshold, prevalence: prevalence() }),
    (found, { drawn }) => {
      if (found && drawn === this.drawn) this.draw(found, drawn.line);
    },
    (error) => this.stage?.failed(error),
  );

  constructor() {
    super();
    speakWhenRested(this.says);
    const more = make('a', '', text.rocMore);
    more.href = linkTo({ see: 'threshold' });
    this.controls.append(this.slide.element, button(text.rocFile, () => this.own()), this.says, this.patch, make('p', '', more));
    this.body.append(this.plot.element, this.controls);
    this.body.hidden = true;
    this.element.append(this.body);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const { scene: { file: network, head, info } } = stage;
    const file = `${network} ${head}`;
    const kept = keptOf(info, head);
    if (!kept) return this.nothing(stage);
    stage.ours(text.oursRoc(kept.metrics.part, kept.metrics.roc_auc.toFixed(3)));
    if (this.drawn?.file === file) return this.move(this.threshold);
    this.drawn = undefined;
    this.begin(stage, kept).catch((error: unknown) => stage.failed(error));
  }

  override forget(): void {
    super.forget();
    this.drawn = undefined;
  }

  /** Another network: its curve, and the threshold back at its own. */
  private async begin(stage: Stage, kept: Kept): Promise<void> {
    const { roc } = await stage.lab.ask('kept-curves', { card: kept });
    const { file, head } = stage.scene;
    if (this.stage?.scene.file !== file || this.stage.scene.head !== head) return;
    if (roc.length === 0) return this.nothing(this.stage);
    this.drawn = { file: `${file} ${head}`, kept, line: roc };
    this.body.hidden = false;
    this.own();
  }

  private nothing(stage: Stage): void {
    this.drawn = undefined;
    this.body.hidden = true;
    stage.ours(text.noRoc);
  }

  private own(): void {
    if (this.drawn) this.move(this.drawn.kept.metrics.threshold);
  }

  private move(threshold: number): void {
    const { stage, drawn } = this;
    if (!stage || !drawn) return;
    this.threshold = threshold;
    this.slide.set(threshold, percent(threshold));
    this.ask({ stage, drawn, threshold });
    const probability = probabilityOf(stage.scene);
    setText(this.patch, text.rocPatch(percent(probability), probability >= threshold));
  }

  private draw(found: Operating, line: readonly Point[]): void {
    const { fpr, recall } = markOf(found);
    if (fpr === null || recall === null) return;
    const says = text.rocSays(percent(recall), percent(fpr), found.exact);
    this.plot.draw({
      series: [{ name: text.rocCurve, points: line }, { name: text.rocHere, kind: 'points', points: [[fpr, recall]] }],
      summary: says,
    });
    setText(this.says, says);
  }
}
