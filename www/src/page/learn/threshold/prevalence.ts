/** The share of nodules among the patches that somebody has: chosen once, the same in every view. */
import { button } from '../../../ui/button.ts';
import { sliderWithNumber } from '../../../ui/slider.ts';
import { setText } from '../../../ui/dom.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';

const LEAST = 0.001;
const MOST = 0.9;
const PRESETS = [0.5, 0.05, 0.0025];

let chosen = 0.05;
const listeners = new Set<() => void>();

/** In (0, 1). */
export const prevalence = (): number => chosen;

/** From an address; whatever is not possible is passed over. */
export function setPrevalence(value: number): void {
  if (!(value > 0 && value < 1) || value === chosen) return;
  chosen = Math.min(MOST, Math.max(LEAST, value));
  for (const listener of listeners) listener();
}

export function onPrevalence(listener: () => void): void {
  listeners.add(listener);
}

const logit = (share: number): number => Math.log(share / (1 - share));
const share = (position: number): number => 1 / (1 + Math.exp(-position));
/** Three digits. */
const short = (value: number): number => Number(value.toPrecision(3));

/** Slider, number and some shares to begin with. */
export class PrevalenceControl {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly number: HTMLInputElement;
  private readonly own = button('', () => setPrevalence(this.measured ?? chosen), 'preset');
  private readonly presets: [HTMLButtonElement, () => number | undefined][];
  private measured: number | undefined;

  constructor() {
    this.presets = [[this.own, () => this.measured], ...PRESETS.map((value): [HTMLButtonElement, () => number] => [button(text.preset(value), () => setPrevalence(value), 'preset'), () => value])];
    const made = sliderWithNumber(
      { name: text.prevalence, number: text.prevalencePercent, unit: ' %' },
      { slider: [logit(LEAST), logit(MOST), 'any'], number: [LEAST * 100, MOST * 100, 'any'] },
      {
        moved: (position) => setPrevalence(short(share(position))),
        typed: (percent) => {
          setPrevalence(percent / 100);
          this.draw();
        },
      },
      this.presets.map(([preset]) => preset),
    );
    this.element = made.element;
    this.slider = made.input;
    this.number = made.number;
    // By keys the slider goes in steps of a tenth.
    this.slider.addEventListener('keydown', (event) => {
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      setPrevalence(short(share(logit(chosen) + by * 0.1)));
    });
    this.own.hidden = true;
    onPrevalence(() => this.draw());
    this.draw();
  }

  /** The share in the data that the figures are from: one more to begin with. */
  measuredAt(value: number | undefined): void {
    this.measured = value;
    this.own.hidden = value === undefined;
    if (value !== undefined) setText(this.own, text.measuredShare(value));
    this.draw();
  }

  private draw(): void {
    this.slider.value = String(logit(chosen));
    this.slider.setAttribute('aria-valuetext', text.prevalenceIs(chosen));
    const percent = String(short(chosen * 100));
    if (this.number.value !== percent) this.number.value = percent;
    for (const [button, value] of this.presets) button.setAttribute('aria-pressed', String(Math.abs((value() ?? -1) - chosen) < 1e-9));
  }
}
