/** The axes of every reliability plot. */
import { wholePercent } from '../../../ui/numbers.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import type { Axis } from '../../../ui/plot/plot-types.ts';

export const reliabilityAxes: { x: Axis; y: Axis } = {
  x: { label: text.saidAxis, min: 0, max: 1, format: wholePercent },
  y: { label: text.cameTrueAxis, min: 0, max: 1, format: wholePercent },
};
