/** The threshold as slider and number, with a way back to the file's own. */
import { button } from '../../../ui/button.ts';
import { sliderWithNumber } from '../../../ui/slider.ts';
import { setText } from '../../../ui/dom.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';

export class ThresholdControl {
  readonly element: HTMLElement;
  /** Exactly the file's until it is moved. */
  value = 0.5;
  private own = 0.5;
  private readonly slider: HTMLInputElement;
  private readonly number: HTMLInputElement;
  private readonly back = button('', () => this.move(this.own), 'preset');
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
    const move = (value: number): void => this.move(value);
    const made = sliderWithNumber(
      { name: text.threshold, number: text.thresholdNumber },
      { slider: [0.001, 0.999, 0.001], number: [0.001, 0.999, 'any'] },
      { moved: move, typed: move },
      [this.back],
    );
    this.element = made.element;
    this.slider = made.input;
    this.number = made.number;
  }

  /** The file's threshold, which is where it begins. */
  begin(own: number, value = own): void {
    this.own = own;
    setText(this.back, text.ownThreshold(own));
    this.value = value > 0 && value < 1 ? value : own;
    this.draw();
  }

  get moved(): boolean {
    return this.value !== this.own;
  }

  move(value: number): void {
    if (value > 0 && value < 1) this.value = value;
    this.draw();
    this.changed();
  }

  private draw(): void {
    this.slider.value = String(this.value);
    this.slider.setAttribute('aria-valuetext', text.thresholdIs(this.value));
    const short = String(Number(this.value.toFixed(4)));
    if (this.number.value !== short) this.number.value = short;
    this.back.setAttribute('aria-pressed', String(!this.moved));
  }
}
