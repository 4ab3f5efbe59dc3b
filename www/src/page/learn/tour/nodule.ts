/** Step 1: pictures with and without a nodule, and what the network says of each. */
import { button } from '../../../ui/button.ts';
import { drawGrey, make, setText } from '../../../ui/dom.ts';
import { tourText as text } from '../../../strings/tour.ts';
import { percent } from '../../../ui/numbers.ts';
import { modelName } from '../../../strings/networks.ts';
import type { PatchToSee, Scene } from '../inside/scene.ts';
import { dimsAt } from '../inside/scene.ts';
import { TourStep } from './step.ts';
import type { Stage } from './step.ts';

const FIRST_SEED = 7;

export class NoduleStep extends TourStep {
  override readonly element = make('div', 'tour-nodule');
  private readonly pictures = make('div', 'tour-pictures');
  private readonly reveal = button(text.reveal, () => this.answer(), 'primary');
  private readonly another = button(text.another, () => this.draw(this.seed + 2));
  private readonly status = make('p', 'visually-hidden');
  private seed = FIRST_SEED;
  private shown: { patches: PatchToSee[]; figures: HTMLElement[] } | undefined;
  private drawnFor: Scene | undefined;

  constructor() {
    super();
    this.status.setAttribute('role', 'status');
    this.element.append(this.pictures, make('div', 'actions', this.reveal, this.another), this.status);
  }

  override show(stage: Stage): void {
    this.stage = stage;
    const { scene } = stage;
    stage.ours(text.oursNodule(modelName(scene.info), scene.info));
    if (this.drawnFor !== scene) this.draw(this.seed);
    this.drawnFor = scene;
  }

  override forget(): void {
    super.forget();
    this.shown = undefined;
    this.drawnFor = undefined;
    this.pictures.replaceChildren();
  }

  private draw(seed: number): void {
    const { stage } = this;
    if (!stage) return;
    this.seed = seed;
    const { scene, lab } = stage;
    const drawn = async (): Promise<void> => {
      const synthetic = await Promise.all([true, false].map((nodule) => lab.ask('drawn', { seed, nodule })));
      if (this.seed !== seed) return;
      // Which comes first must not give it away.
      if ((seed >> 1) % 2 === 1) synthetic.reverse();
      const patches = [scene, ...synthetic];
      const [, side] = dimsAt(scene, 0);
      const figures = patches.map((patch, i) => {
        const canvas = make('canvas');
        canvas.setAttribute('role', 'img');
        canvas.setAttribute('aria-label', i === 0 ? scene.name : String.fromCharCode(64 + i));
        drawGrey(canvas, patch.grey, side);
        return make('figure', '', canvas, make('figcaption', '', make('b', '', i === 0 ? text.patchOwn : String.fromCharCode(64 + i)), make('span', '', text.hidden)));
      });
      this.shown = { patches, figures };
      this.pictures.replaceChildren(...figures);
      setText(this.status, '');
    };
    drawn().catch((error: unknown) => stage.failed(error));
  }

  private answer(): void {
    const { stage, shown } = this;
    if (!stage || !shown) return;
    const asked = async (): Promise<void> => {
      const values = new Float32Array(shown.patches.reduce((all, patch) => all + patch.values.length, 0));
      let offset = 0;
      for (const patch of shown.patches) {
        values.set(patch.values, offset);
        offset += patch.values.length;
      }
      const { predictions } = await stage.lab.ask('classify', { values }, { network: stage.scene.file });
      if (shown !== this.shown) return;
      const said = predictions.map(({ probability }) => text.answerLive(percent(probability)));
      for (const [i, figure] of shown.figures.entries()) {
        setText(figure.querySelector('span') ?? figure, said[i] ?? '');
        figure.dataset['called'] = String(predictions[i]?.decision === 'nodule');
      }
      setText(this.status, said.join('; '));
    };
    asked().catch((error: unknown) => stage.failed(error));
  }
}
