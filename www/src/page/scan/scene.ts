/** What is drawn over a slice is given. */
import type { Plane, PlaneInfo } from '../../shared/wasm/loader-wasm.ts';
import type { View } from './zoom-and-pan.ts';

/** Canvas pixels, and the way from slice to canvas. */
export interface Scene {
  context: CanvasRenderingContext2D;
  view: View;
  plane: Plane;
  index: number;
  info: PlaneInfo;
  /** Canvas pixels for a CSS pixel. */
  ratio: number;
}
