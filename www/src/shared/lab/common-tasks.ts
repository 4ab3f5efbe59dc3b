/** What every view asks the lab for. */
import type { Attempt } from '../leak-attempt.ts';
import type { LayerInfo } from '../wasm/inside-wasm.ts';
import type { DecodedPatch, ModelInfo, PhantomLabel, Prediction, SizePolicy, SliceIn } from '../wasm/engine-wasm.ts';
import type { PatchValues, Task } from './task.ts';

export type CommonTasks = {
  /** The network itself: layers from a patch to its answer, and what its weights file says. */
  network: Task<undefined, { layers: LayerInfo[]; info: ModelInfo }>;
  /** A patch file, as the engines read it. */
  picture: Task<{ bytes: ArrayBuffer; policy: SizePolicy }, DecodedPatch>;
  /** The patch around a pixel of a slice, as the engines cut it. */
  spot: Task<{ slice: SliceIn; pixel: [number, number] }, PatchValues>;
  /** A synthetic patch. */
  phantom: Task<{ seed: number }, PatchValues & { label: PhantomLabel; name: string }>;
  /** The self-test of privacy (worker/leak-test.ts); `own`: a file of this page's server, which must be out of reach. */
  'try-network': Task<{ own: string | undefined }, { attempts: Attempt[] }>;
  /** Answers for so many views. */
  classify: Task<{ values: Float32Array<ArrayBuffer> }, { predictions: Prediction[] }>;
};
