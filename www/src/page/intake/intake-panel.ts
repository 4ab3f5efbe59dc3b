/** The way in: buttons, pasting, dropping anywhere on the page, examples, and what to do with pictures that are too large. */
import { byId } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';
import type { SizePolicy } from '../../shared/wasm/engine-wasm.ts';
import type { Engines } from '../engines/engines.ts';
import { arrivalsFromClipboard, arrivalsFromDrop, arrivalsFromInput, arrivalsFromPhantoms } from './arrivals.ts';
import type { Arrivals } from './arrivals.ts';

/** How many examples a click gives: half of them with a nodule, all in one view. */
const EXAMPLES = 8;

export interface IntakeActions {
  /** `nothing`: what to say where nothing of use is among them. */
  arrive(arrivals: Arrivals | Promise<Arrivals>, nothing: string): Promise<void>;
  exampleScan(): void;
  policyChosen(policy: SizePolicy): void;
  notify(...text: string[]): void;
}

const hasFiles = (data: DataTransfer | null): boolean => data?.types.includes('Files') ?? false;

/** Where text goes that is pasted or dropped: it is the field's, not the page's. */
function takesText({ target }: Event): boolean {
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'file', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}

export class IntakePanel {
  private readonly engines: Engines;
  private readonly actions: IntakeActions;
  private readonly sizes = document.querySelectorAll<HTMLInputElement>('input[name=size]');
  private nextSeed = 1;

  constructor(engines: Engines, actions: IntakeActions) {
    this.engines = engines;
    this.actions = actions;
    const files = byId('input-files', 'input');
    const folder = byId('input-folder', 'input');
    byId('choose-files', 'button').addEventListener('click', () => files.click());
    byId('choose-folder', 'button').addEventListener('click', () => folder.click());
    byId('try-examples', 'button').addEventListener('click', () => void this.tryExamples());
    byId('try-scan', 'button').addEventListener('click', () => actions.exampleScan());
    files.addEventListener('change', () => void actions.arrive(arrivalsFromInput(files), strings.intake.nothing));
    folder.addEventListener('change', () => void actions.arrive(arrivalsFromInput(folder), strings.intake.nothingInFolder));
    for (const input of this.sizes) input.addEventListener('change', () => actions.policyChosen(input.value as SizePolicy));
    document.addEventListener('paste', (event) => {
      if (!event.clipboardData || (takesText(event) && !hasFiles(event.clipboardData))) return;
      event.preventDefault();
      void actions.arrive(arrivalsFromClipboard(event.clipboardData), strings.intake.nothingPasted);
    });
    this.wireDrop();
  }

  /** As it was chosen elsewhere. */
  showPolicy(policy: SizePolicy): void {
    for (const input of this.sizes) input.checked = input.value === policy;
  }

  private async tryExamples(): Promise<void> {
    const button = byId('try-examples', 'button');
    button.setAttribute('aria-busy', 'true');
    try {
      const seed = this.nextSeed;
      this.nextSeed += EXAMPLES;
      await this.actions.arrive(arrivalsFromPhantoms(await this.engines.phantoms(seed, EXAMPLES)), strings.run.examplesFailed);
    } catch (error) {
      this.actions.notify(strings.run.examplesFailed, error instanceof Error ? error.message : String(error), strings.engine.reloadHint);
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  /** The whole page takes a drop; the veil says so while something is dragged over it. */
  private wireDrop(): void {
    const veil = byId('veil', 'div');
    // Enter and leave also fire for every element inside; only the balance tells whether the pointer is over the page.
    let depth = 0;
    const over = (by: number): void => {
      depth = Math.max(0, depth + by);
      veil.hidden = depth === 0;
    };
    addEventListener('dragenter', (event) => {
      if (hasFiles(event.dataTransfer)) over(1);
    });
    addEventListener('dragleave', (event) => {
      if (hasFiles(event.dataTransfer)) over(-1);
    });
    // A link that is dropped beside a field would take the page's place.
    const isOurs = (event: DragEvent): boolean => hasFiles(event.dataTransfer) || !takesText(event);
    addEventListener('dragover', (event) => {
      if (isOurs(event)) event.preventDefault();
    });
    addEventListener('drop', (event) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      over(-depth);
      if (event.dataTransfer) void this.actions.arrive(arrivalsFromDrop(event.dataTransfer), strings.intake.nothing);
    });
  }
}
