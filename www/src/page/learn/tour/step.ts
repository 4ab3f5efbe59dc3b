/** What a step of the tour is. */
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
