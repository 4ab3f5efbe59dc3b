/**
 * What a probability has meant: how often it came true on validation data, and what it would mean where nodules are rarer or
 * more frequent. For the view "Why this answer".
 *
 *     const meaning = new Meaning(shared.lab);
 *     section.append(meaning.element);
 *     meaning.draw(prediction, info);
 */
import { make, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { percent } from '../../../ui/numbers.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import { figuresOf } from '../../../shared/heads.ts';
import type { ModelInfo, Prediction } from '../../../shared/wasm/engine-wasm.ts';
import type { Meant } from '../../../shared/lab/evaluate-tasks.ts';
import type { Lab } from '../lab-client.ts';
import { latest } from '../one-request-at-a-time.ts';
import { Plot } from '../../../ui/plot/plot.ts';
import { PrevalenceControl, onPrevalence, prevalence } from '../threshold/prevalence.ts';
import { reliabilityAxes } from './reliability.ts';

interface Asked {
  prediction: Prediction;
  info: ModelInfo;
}

export class Meaning {
  readonly element: HTMLElement;
  private readonly cameTrue = make('p');
  private readonly shifted = make('p');
  private readonly called = make('p');
  private readonly body = make('div', 'meaning-body');
  private readonly share = new PrevalenceControl();
  private readonly plot = new Plot({ title: text.reliability, ...reliabilityAxes, diagonal: text.perfect });
  private readonly ask: (asked: Asked) => void;
  private asked: Asked | undefined;

  constructor(lab: Lab) {
    this.body.append(this.share.element, this.shifted, this.called, make('p', 'quiet', text.shiftNote), this.plot.element);
    this.body.hidden = true;
    this.element = make('div', 'meaning', this.cameTrue, this.body);
    this.ask = latest(
      async ({ prediction: { probability, head, threshold }, info }: Asked) => {
        const { metrics, calibration, roc } = figuresOf(info.card, head);
        const card = { ...(metrics ? { metrics } : {}), ...(calibration ? { calibration } : {}) };
        const share = prevalence();
        const meant = await lab.ask('meaning', { card, probability, prevalence: share });
        const there = metrics && roc && await lab.ask('at-threshold', { card: { roc, metrics }, threshold, prevalence: share });
        return { share, meant, ppv: there?.ppv };
      },
      ({ meant, share, ppv }, asked) => {
        if (asked !== this.asked) return;
        this.show(asked, meant, share);
        setText(this.called, ppv ? text.called(asked.prediction.threshold, share, ppv) : '');
      },
      (error) => setText(this.cameTrue, problemOf(error).message),
    );
    onPrevalence(() => {
      if (this.asked && this.element.isConnected) this.ask(this.asked);
    });
  }

  draw(prediction: Prediction, info: ModelInfo): void {
    this.asked = { prediction, info };
    this.ask(this.asked);
  }

  private show({ prediction: { probability, head }, info }: Asked, { cameTrue, learned, shifted, bins }: Meant, share: number): void {
    this.body.hidden = cameTrue === null || learned === null || shifted === null;
    if (cameTrue === null || learned === null || shifted === null) return setText(this.cameTrue, text.notCalibrated);
    const part = figuresOf(info.card, head).calibration?.part ?? '';
    setText(this.cameTrue, text.cameTrue(cameTrue, part));
    this.share.measuredAt(learned);
    setText(this.shifted, text.shifted(probability, learned, share, shifted));
    this.plot.draw({
      series: [{
        name: text.bins,
        kind: 'points',
        points: bins.map(([mean, { value }]) => [mean, value ?? 0]),
        ranges: bins.map(([, { ci95 }]) => ci95),
        weights: bins.map(([, { n }]) => n),
      }],
      guides: [{ axis: 'x', at: probability, label: percent(probability) }],
      summary: text.cameTrue(cameTrue, part),
    });
  }
}
