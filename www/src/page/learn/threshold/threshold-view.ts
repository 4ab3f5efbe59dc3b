/** The view "Threshold and ROC": what another threshold would have done on the data that the weights file was measured on. */
import { make, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { strings } from '../../../strings/strings.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import { figuresOf } from '../../../shared/heads.ts';
import type { Head, ModelInfo } from '../../../shared/wasm/engine-wasm.ts';
import { radios } from '../../../ui/radios.ts';
import { rewrite } from '../address.ts';
import type { Address } from '../address.ts';
import type { Kept } from '../../../shared/lab/evaluate-tasks.ts';
import { latest } from '../one-request-at-a-time.ts';
import type { Shared, View } from '../view.ts';
import { Curves, markOf } from './curves.ts';
import { Figures } from './figures.ts';
import { PrevalenceControl, onPrevalence, prevalence, setPrevalence } from './prevalence.ts';
import { ThresholdControl } from './threshold-control.ts';

/** Browsers allow only so many changes of the address a second. */
const SETTLED_MILLISECONDS = 400;

/** What the figures of a part of a network are taken from, where its card has them. */
export function keptOf({ card }: ModelInfo, head: Head): Kept | undefined {
  const { roc, metrics, calibration } = figuresOf(card, head);
  return roc?.length && metrics && metrics.n > 0 ? { roc, metrics, ...(calibration ? { calibration } : {}) } : undefined;
}

export class ThresholdView implements View {
  readonly element = make('div', 'learn-view');
  private readonly shared: Shared;
  private readonly source = make('p', 'quiet');
  private readonly missing = make('p', 'problem');
  private readonly body = make('div', 'threshold-body');
  private readonly control = new ThresholdControl(() => this.ask());
  private readonly share = new PrevalenceControl();
  private readonly curves = new Curves();
  private readonly figures = new Figures();
  private readonly ask: () => void;
  private readonly heads = radios<Head>('threshold-head', text.seenLegend, { context: text.seenAround, patch: text.seenAlone }, (head) => this.see(head));
  /** Whose figures are shown, of a network that has two parts. */
  private head: Head = 'context';
  private info: ModelInfo | undefined;
  private kept: Kept | undefined;
  private visible = false;
  private wanted: number | undefined;
  private begun = 0;
  private settled: ReturnType<typeof setTimeout> | undefined;

  constructor(shared: Shared) {
    this.shared = shared;
    this.missing.hidden = true;
    this.body.hidden = true;
    this.body.append(make('div', 'controls', this.control.element, this.share.element), this.curves.element, this.figures.element);
    this.heads.element.hidden = true;
    this.element.append(make('p', '', text.lead), this.heads.element, this.source, this.missing, this.body);
    const draw = latest(
      async (card: Kept) => ({ card, share: prevalence(), found: await shared.lab.ask('at-threshold', { card, threshold: this.control.value, prevalence: prevalence() }) }),
      ({ card, found, share }) => {
        if (card !== this.kept) return;
        if (!found) return this.say(text.contradicts);
        this.curves.draw(markOf(found));
        this.figures.draw(found, share);
        this.body.hidden = false;
        this.body.dataset['threshold'] = String(found.threshold);
      },
      (error) => this.say(problemOf(error).message),
    );
    this.ask = () => {
      if (!this.kept || !this.visible) return;
      draw(this.kept);
      clearTimeout(this.settled);
      this.settled = setTimeout(() => this.keepAddress(), SETTLED_MILLISECONDS);
    };
    onPrevalence(() => this.ask());
  }

  show(address: Address): void {
    this.visible = true;
    const share = Number(address['prevalence']);
    if (share) setPrevalence(share);
    const wanted = Number(address['t']);
    this.wanted = wanted > 0 && wanted < 1 ? wanted : undefined;
    const head = address['seen'] === 'alone' ? 'patch' : 'context';
    const same = head === this.head || !this.info?.card.context;
    this.head = head;
    if (!same) this.kept = undefined;
    if (this.kept && this.info?.weightsSha256 === this.shared.network()?.info.weightsSha256) {
      if (this.wanted !== undefined) this.control.move(this.wanted);
      else this.ask();
    } else this.changed();
  }

  changed(): void {
    const info = this.shared.network()?.info;
    if (!info) return this.say(strings.lab.waiting);
    // Another engine says the same of the same network.
    const known = this.kept && this.info?.weightsSha256 === info.weightsSha256;
    if (known) this.info = info;
    if (!known) void this.begin(info);
    else this.ask();
  }

  hide(): void {
    this.visible = false;
    clearTimeout(this.settled);
  }

  forget(): void {
    this.info = undefined;
    this.kept = undefined;
  }

  private async begin(info: ModelInfo): Promise<void> {
    const begun = (this.begun += 1);
    this.info = info;
    this.kept = undefined;
    this.heads.element.hidden = !info.card.context;
    this.heads.check(this.head);
    const kept = keptOf(info, this.head);
    if (!kept) {
      this.share.measuredAt(undefined);
      return this.say(text.nothingKept);
    }
    const { metrics, roc } = kept;
    const at = { card: kept, threshold: metrics.threshold, prevalence: prevalence() };
    try {
      const [curves, own] = await Promise.all([this.shared.lab.ask('kept-curves', { card: kept }), this.shared.lab.ask('at-threshold', at)]);
      if (this.info !== info || this.begun !== begun) return;
      if (!own) return this.say(text.contradicts);
      this.missing.hidden = true;
      this.kept = kept;
      setText(this.source, text.source(metrics, roc.length));
      this.share.measuredAt(metrics.positives / metrics.n);
      this.curves.begin(curves.roc, curves.pr, markOf(own));
      this.control.begin(metrics.threshold, this.wanted);
      this.wanted = undefined;
      this.ask();
    } catch (error) {
      if (this.info === info) {
        this.info = undefined;
        this.say(problemOf(error).message);
      }
    }
  }

  /** The figures of the other part. */
  private see(head: Head): void {
    this.head = head;
    this.wanted = undefined;
    if (this.info) void this.begin(this.info);
  }

  private say(why: string): void {
    this.body.hidden = true;
    this.missing.hidden = false;
    setText(this.source, '');
    setText(this.missing, why);
  }

  private keepAddress(): void {
    if (!this.visible || document.hidden) return;
    rewrite({ see: 'threshold', ...(this.control.moved ? { t: String(Number(this.control.value.toFixed(4))) } : {}), ...(this.info?.card.context && this.head === 'patch' ? { seen: 'alone' } : {}), prevalence: String(prevalence()) });
  }
}
