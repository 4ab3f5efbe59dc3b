/** What a step of the tour is. */
import { make, setText } from '../../../ui/dom.ts';
import type { Lab } from '../lab-client.ts';
import type { Shared } from '../view.ts';
import type { Scene } from '../inside/scene.ts';

export interface Stage {
  scene: Scene;
  shared: Shared;
  lab: Lab;
  /** What the network in use has to say to this step. */
  ours(text: string): void;
  failed(error: unknown): void;
}

export abstract class TourStep {
  abstract readonly element: HTMLElement;
  protected stage: Stage | undefined;

  /** The step is in sight, with this patch and this network. */
  abstract show(stage: Stage): void;

  /** It is out of sight. */
  hide(): void {}

  /** Nothing of the user's patch is kept. */
  forget(): void {
    this.stage = undefined;
  }
}

export interface Slider {
  element: HTMLLabelElement;
  input: HTMLInputElement;
  set(value: number, label: string): void;
}

/** A slider with its name and its value in words. */
export function slider(name: string, [min, max, step]: [number, number, number], moved: (value: number) => void): Slider {
  const input = make('input');
  input.type = 'range';
  Object.assign(input, { min: String(min), max: String(max), step: String(step) });
  const output = make('output');
  input.addEventListener('input', () => moved(Number(input.value)));
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

export function button(words: string, act: () => void, name = ''): HTMLButtonElement {
  const made = make('button', name, words);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}
