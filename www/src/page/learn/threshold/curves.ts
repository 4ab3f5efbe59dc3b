/** ROC and precision-recall side by side, with where a threshold stands on them. */
import { make } from '../../../ui/dom.ts';
import { percent, wholePercent } from '../../../ui/numbers.ts';
import { strings } from '../../../strings/strings.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import type { Operating } from '../../../shared/lab/evaluate-tasks.ts';
import { Plot } from '../../../ui/plot/plot.ts';
import type { Point, Series } from '../../../ui/plot/plot-types.ts';

const axis = (label: string): { label: string; min: number; max: number; format: (value: number) => string } => ({ label, min: 0, max: 1, format: wholePercent });

/** Where one threshold stands. */
export interface Mark {
  fpr: number | null;
  recall: number | null;
  precision: number | null;
}

export const markOf = ({ recall, specificity, precision }: Operating): Mark => ({
  fpr: specificity.value === null ? null : 1 - specificity.value,
  recall: recall.value,
  precision: precision.value,
});

export class Curves {
  readonly element: HTMLElement;
  private readonly roc = new Plot({ title: text.roc, x: axis(text.fpr), y: axis(strings.card.recall), diagonal: text.chance });
  private readonly pr = new Plot({ title: text.pr, x: axis(strings.card.recall), y: axis(text.precision) });
  private rocLine: readonly Point[] = [];
  private prLine: readonly Point[] = [];
  private own: Mark | undefined;

  constructor() {
    this.element = make('div', 'plots', this.roc.element, this.pr.element);
  }

  /** `own`: where the file's threshold stands. */
  begin(roc: readonly Point[], pr: readonly Point[], own: Mark | undefined): void {
    [this.rocLine, this.prLine, this.own] = [roc, pr, own];
  }

  draw(now: Mark): void {
    const points = (x: number | null | undefined, y: number | null | undefined): readonly Point[] => (x == null || y == null ? [] : [[x, y]]);
    const series = (line: readonly Point[], of: (mark: Mark) => [number | null, number | null]): Series[] => [
      { name: text.allThresholds, points: line },
      ...(this.own ? [{ name: text.ownPoint, kind: 'points' as const, tone: 3 as const, points: points(...of(this.own)) }] : []),
      { name: text.thisThreshold, kind: 'points', tone: 2, points: points(...of(now)) },
    ];
    const say = (value: number | null): string => (value === null ? strings.none : percent(value));
    this.roc.draw({
      series: series(this.rocLine, ({ fpr, recall }) => [fpr, recall]),
      summary: text.rocSummary(say(now.recall), say(now.fpr)),
      guides: now.fpr === null || now.recall === null ? [] : [{ axis: 'x', at: now.fpr }, { axis: 'y', at: now.recall }],
    });
    this.pr.draw({
      series: series(this.prLine, ({ recall, precision }) => [recall, precision]),
      summary: text.prSummary(say(now.recall), say(now.precision)),
      guides: now.recall === null || now.precision === null ? [] : [{ axis: 'x', at: now.recall }, { axis: 'y', at: now.precision }],
    });
  }
}
