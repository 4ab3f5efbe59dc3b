/** Sliders: the bare input, one with its name and its value in words, and one with a number and presets beside it. */
import { make, setText } from './dom.ts';

/** From, to, step; 'any' for no steps. */
export type Ends = readonly [min: number, max: number, step: number | 'any'];

export function rangeInput([min, max, step]: Ends, moved: (value: number) => void, id = ''): HTMLInputElement {
  const input = make('input');
  Object.assign(input, { type: 'range', min: String(min), max: String(max), step: String(step), ...(id ? { id } : {}) });
  input.addEventListener('input', () => moved(Number(input.value)));
  return input;
}

export interface Slider {
  element: HTMLLabelElement;
  input: HTMLInputElement;
  set(value: number, label: string): void;
}

export function slider(name: string, ends: Ends, moved: (value: number) => void): Slider {
  const input = rangeInput(ends, moved);
  const output = make('output');
  return {
    element: make('label', 'tour-slider', make('span', '', name), input, output),
    input,
    set(value, label) {
      if (input.value !== String(value)) input.value = String(value);
      input.setAttribute('aria-valuetext', label);
      setText(output, label);
    },
  };
}

let nextId = 1;

export interface SliderWithNumber {
  element: HTMLElement;
  input: HTMLInputElement;
  number: HTMLInputElement;
}

/** `typed`: a number was written, in its own unit. */
export function sliderWithNumber(
  words: { name: string; number: string; unit?: string },
  ends: { slider: Ends; number: Ends },
  events: { moved(value: number): void; typed(value: number): void },
  presets: readonly HTMLButtonElement[],
): SliderWithNumber {
  const id = `slider-${(nextId += 1)}`;
  const input = rangeInput(ends.slider, events.moved, id);
  const label = make('label', '', words.name);
  label.htmlFor = id;
  const number = make('input');
  const [min, max, step] = ends.number;
  Object.assign(number, { type: 'number', min: String(min), max: String(max), step: String(step), inputMode: 'decimal' });
  number.setAttribute('aria-label', words.number);
  number.addEventListener('change', () => events.typed(Number(number.value)));
  const unit = make('span', 'with-unit', number, ...(words.unit ? [words.unit] : []));
  return { element: make('div', 'control', label, make('div', 'control-line', input, unit), make('div', 'presets', ...presets)), input, number };
}
