/** The axes of every reliability plot. */
import { evaluateText as text } from '../../../strings/evaluate.ts';
import type { Axis } from '../../../ui/plot/plot-types.ts';

const whole = (value: number): string => `${Math.round(value * 100)} %`;

export const reliabilityAxes: { x: Axis; y: Axis } = {
  x: { label: text.saidAxis, min: 0, max: 1, format: whole },
  y: { label: text.cameTrueAxis, min: 0, max: 1, format: whole },
};
