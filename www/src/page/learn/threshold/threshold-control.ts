/** The threshold as slider and number, with a way back to the file's own. */
import { make, setText } from '../../../ui/dom.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';

let nextId = 1;

export class ThresholdControl {
  readonly element: HTMLElement;
  /** Exactly the file's until it is moved. */
  value = 0.5;
  private own = 0.5;
  private readonly slider = make('input');
  private readonly number = make('input');
  private readonly back = make('button', 'preset');
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
    const id = `threshold-${(nextId += 1)}`;
    const label = make('label', '', text.threshold);
    label.htmlFor = id;
    Object.assign(this.slider, { type: 'range', id, min: '0.001', max: '0.999', step: '0.001' });
    Object.assign(this.number, { type: 'number', min: '0.001', max: '0.999', step: 'any', inputMode: 'decimal' });
    this.number.setAttribute('aria-label', text.thresholdNumber);
    this.back.type = 'button';
    this.slider.addEventListener('input', () => this.move(Number(this.slider.value)));
    this.number.addEventListener('change', () => this.move(Number(this.number.value)));
    this.back.addEventListener('click', () => this.move(this.own));
    this.element = make('div', 'control', label, make('div', 'control-line', this.slider, make('span', 'with-unit', this.number)), make('div', 'presets', this.back));
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
