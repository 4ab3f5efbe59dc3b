/** What the wasm says of the method, in words: no number of it stands here. */
import type { MethodInfo } from '../shared/wasm/engine-wasm.ts';

/** "50 x 50 pixels", from the wasm's own number. */
export const square = ({ patchSize }: MethodInfo): string => `${patchSize} × ${patchSize}`;
