/** What to learn from, what to begin with, and how: the form of the view "Train". */
import { looksAround } from '../../../shared/heads.ts';
import { make, setText } from '../../../ui/dom.ts';
import { modelName } from '../../../strings/networks.ts';
import { strings } from '../../../strings/strings.ts';
import type { TrainingSettings } from '../../../shared/wasm/lab-wasm.ts';
import type { LookedAt } from '../view.ts';

const text = strings.train;

/** Above this, an epoch takes minutes: multiply-adds a patch. */
const LARGEST_MACS = 20_000_000;

const DEFAULTS = { phantoms: 200, epochs: 15, batch: 16, fresh: 0.002, further: 0.0001, holdOut: 25, seed: 1 };

type Field = 'phantoms' | 'epochs' | 'batch' | 'learningRate' | 'holdOut' | 'seed';

const ENDS: Record<Field, [number, number, number | 'any']> = {
  phantoms: [16, 2000, 2], epochs: [1, 500, 1], batch: [1, 128, 1], learningRate: [0.000001, 0.5, 'any'], holdOut: [5, 75, 1], seed: [0, 1_000_000, 1],
};

export class Choices {
  readonly element: HTMLFormElement | HTMLElement;
  private readonly own = radio('train-data', 'own');
  private readonly phantoms = radio('train-data', 'phantoms', true);
  private readonly fresh = radio('train-start', 'fresh', true);
  private readonly further = radio('train-start', 'further');
  private readonly augment = make('input');
  private readonly ownText = make('span', '', text.ownSetNone);
  private readonly freshText = make('span', '', '');
  private readonly furtherText = make('span', '', '');
  private readonly fields: Record<Field, HTMLInputElement>;
  private readonly groups: HTMLFieldSetElement[];
  private rateTouched = false;

  constructor() {
    const number = (field: Field, value: number): HTMLInputElement => {
      const input = make('input');
      const [min, max, step] = ENDS[field].map(String) as [string, string, string];
      Object.assign(input, { type: 'number', required: true, min, max, step, value: String(value), inputMode: 'decimal' });
      return input;
    };
    this.fields = {
      phantoms: number('phantoms', DEFAULTS.phantoms), epochs: number('epochs', DEFAULTS.epochs), batch: number('batch', DEFAULTS.batch),
      learningRate: number('learningRate', DEFAULTS.fresh), holdOut: number('holdOut', DEFAULTS.holdOut), seed: number('seed', DEFAULTS.seed),
    };
    Object.assign(this.augment, { type: 'checkbox', checked: true });
    this.fields.learningRate.addEventListener('input', () => (this.rateTouched = true));
    // A network that knows something would unlearn it with large steps.
    for (const start of [this.fresh, this.further]) {
      start.addEventListener('change', () => {
        if (!this.rateTouched) this.fields.learningRate.value = String(this.further.checked ? DEFAULTS.further : DEFAULTS.fresh);
      });
    }
    const { phantoms, epochs, batch, learningRate, holdOut, seed } = this.fields;
    const named = (name: string, field: HTMLElement, note = ''): HTMLElement => make('label', 'train-field', make('span', '', name), field, ...(note ? [make('span', 'quiet', note)] : []));
    this.groups = [
      group(text.data, make('label', '', this.phantoms, ' ', text.phantoms), named(text.howMany, phantoms), make('label', '', this.own, ' ', this.ownText)),
      group(text.start, make('label', '', this.fresh, ' ', this.freshText), make('label', '', this.further, ' ', this.furtherText)),
      group(
        text.settings,
        named(text.epochs, epochs, text.epochsNote), named(text.batch, batch), named(text.learningRate, learningRate),
        named(text.holdOut, holdOut, text.holdOutNote), named(text.seed, seed), make('label', '', this.augment, ' ', text.augment),
      ),
    ];
    this.element = make('div', 'train-choices', ...this.groups);
    this.offerOwn(0);
  }

  /** The user's labelled patches; none with 0. */
  offerOwn(patches: number): void {
    const before = this.own.disabled;
    this.own.disabled = patches === 0;
    if (patches === 0 && this.own.checked) this.phantoms.checked = true;
    if (patches > 0 && before) this.own.checked = true;
    setText(this.ownText, patches === 0 ? text.ownSetNone : text.ownSet(patches));
  }

  /** `small`: numbers of the network that begins from nothing. */
  draw(network: LookedAt | undefined, small: number | undefined): void {
    setText(this.freshText, text.freshOf(small ?? 0));
    const name = network ? modelName(network.info) : '';
    const tooLarge = (network?.info.macsPerPatch ?? Infinity) > LARGEST_MACS;
    const around = network !== undefined && looksAround(network.info);
    this.further.disabled = tooLarge || around;
    if (this.further.disabled && this.further.checked) this.fresh.checked = true;
    setText(this.furtherText, around ? text.looksAround(name) : tooLarge ? text.tooLarge(name) : text.further(name));
  }

  lock(locked: boolean): void {
    for (const each of this.groups) each.disabled = locked;
  }

  /** The first field with a value that cannot be used is shown, and nothing is returned. */
  read(): { settings: TrainingSettings; phantoms: number | undefined; further: boolean } | undefined {
    for (const input of Object.values(this.fields)) if (!input.reportValidity()) return undefined;
    const value = (field: Field): number => Number(this.fields[field].value);
    return {
      settings: { epochs: value('epochs'), batch: value('batch'), learningRate: value('learningRate'), holdOut: value('holdOut') / 100, seed: value('seed'), augment: this.augment.checked },
      phantoms: this.own.checked ? undefined : value('phantoms'),
      further: this.further.checked,
    };
  }
}

function radio(name: string, value: string, checked = false): HTMLInputElement {
  const input = make('input');
  Object.assign(input, { type: 'radio', name, value, checked });
  return input;
}

function group(title: string, ...children: Node[]): HTMLFieldSetElement {
  return make('fieldset', 'train-group', make('legend', '', title), ...children);
}
