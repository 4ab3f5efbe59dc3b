/** The parts of a network: one sees the patch alone, the other its surroundings, too. Each has figures and a threshold of its own. */
import type { CardFigures, Head, ModelCard, ModelInfo, Operating } from './wasm/engine-wasm.ts';

export const HEADS = ['patch', 'context'] as const satisfies readonly Head[];

/** Whether a network looks at surroundings at all. */
export const looksAround = ({ context }: Pick<ModelInfo, 'context'>): boolean => Boolean(context);

/** The numbers by which a part is read; those of the patch where there are no others. */
export const operatingOf = ({ threshold, temperature, context }: Pick<ModelInfo, 'threshold' | 'temperature' | 'context'>, head: Head): Operating =>
  (head === 'context' && context) || { threshold, temperature };

/** The part that answers in slices and scans, where surroundings are known. */
export const headInSlices = (model: Pick<ModelInfo, 'context'>): Head => (looksAround(model) ? 'context' : 'patch');

/** The threshold of slices and scans. */
export const thresholdInSlices = (model: Pick<ModelInfo, 'threshold' | 'temperature' | 'context'>): number => operatingOf(model, 'context').threshold;

/** What a card says of a part. */
export const figuresOf = (card: ModelCard, head: Head): CardFigures => (head === 'context' && card.context) || card;

/** The part that sees the surroundings of a view, or the one that sees a patch alone. */
export const headOf = (model: Pick<ModelInfo, 'context'>, view: Float32Array): Head =>
  looksAround(model) && !Number.isNaN(view[view.length / 2] ?? NaN) ? 'context' : 'patch';
