/** What `src/wasm_api/lab/evaluate.rs` exports. Types only. */
import type { ModelInfo } from '../wasm.ts';

declare module './lab-wasm.ts' {
  interface LabModule {
    /** Refuses, as a `Problem`, what gives no network that works. */
    openWeights(bytes: Uint8Array): Promise<{ weights: Uint8Array<ArrayBuffer>; info: ModelInfo }>;
  }
}
