/** The probability as a bar with a tick at the threshold, and the decision as a word with a shape. */
import { make } from './dom.ts';
import { modelShort } from '../strings/networks.ts';
import { strings } from '../strings/strings.ts';
import type { Decision, ModelInfo } from '../shared/wasm/engine-wasm.ts';

/** For the eye only: the number stands beside it as text. */
export function probabilityBar(probability: number, threshold: number, decision: Decision): HTMLElement {
  const fill = make('span', 'bar-fill');
  fill.style.setProperty('--share', `${probability * 100}%`);
  const tick = make('span', 'bar-tick');
  tick.style.setProperty('--share', `${threshold * 100}%`);
  const bar = make('span', 'bar', fill, tick);
  bar.dataset['decision'] = decision;
  bar.setAttribute('aria-hidden', 'true');
  return bar;
}

/** Filled circle: nodule; ring: none. The word says the same, so the colour carries nothing alone. */
export function decisionMark(decision: Decision): HTMLElement {
  const dot = make('span', 'dot');
  dot.setAttribute('aria-hidden', 'true');
  const mark = make('span', 'decision', dot, strings.decision[decision]);
  mark.dataset['decision'] = decision;
  return mark;
}

/** Which network gave an answer, in a word. */
export function byNetwork(model: ModelInfo): HTMLElement {
  return make('span', 'by', make('span', 'visually-hidden', `${strings.network.by} `), modelShort(model));
}

export function syntheticBadge(): HTMLElement {
  return make('span', 'badge', strings.synthetic);
}
