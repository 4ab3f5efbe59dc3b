/** Four explanations of one answer, side by side and by the same colours. */
import { make, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { methods, why as text } from '../../../strings/why.ts';
import { paint, signed } from '../../../ui/colours.ts';
import type { Lab } from '../lab-client.ts';
import type { MapWeights } from '../../../shared/wasm/lab-wasm.ts';
import type { Subject } from '../view.ts';
import { METHODS } from '../../../shared/lab/why-tasks.ts';
import type { Explained, Method } from '../../../shared/lab/why-tasks.ts';

/** By which the network's numbers are shuffled. */
const SHUFFLE_SEED = 7;

/** Grey behind a map that is shown alone. */
const GROUND = 40;

interface Card {
  method: Method;
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  facts: HTMLElement;
  state: HTMLElement;
  found: Explained | undefined;
}

export class Maps {
  readonly element: HTMLElement;
  private readonly lab: Lab;
  private readonly cards: Card[];
  private readonly over = checkbox(true);
  private readonly shuffled = checkbox(false);
  private readonly layers = make('select');
  private readonly weights = make('select');
  private readonly problem = make('p', 'problem');
  private subject: Subject | undefined;
  private network = '';
  private side = 1;
  /** Which layers can be chosen depends on what of the patch is seen. */
  private layersFor = '';
  private running: AbortController | undefined;

  constructor(lab: Lab) {
    this.lab = lab;
    this.cards = METHODS.map((method) => this.card(method));
    this.problem.hidden = true;
    this.over.addEventListener('change', () => this.cards.forEach((card) => this.paint(card)));
    this.shuffled.addEventListener('change', () => void this.compute(METHODS));
    this.weights.append(new Option(text.mean, 'mean'), new Option(text.place, 'place'));
    this.weights.addEventListener('change', () => void this.compute(['class-activation']));
    this.layers.addEventListener('change', () => void this.compute(['class-activation']));
    this.element = make(
      'section', 'why-maps',
      make('h4', '', text.mapsTitle),
      make('p', 'quiet', text.mapsLead),
      make(
        'div', 'why-choices',
        make('label', '', this.over, ' ', text.over),
        make('label', '', text.layer, ' ', this.layers),
        make('label', '', text.weights, ' ', this.weights),
        make('label', '', this.shuffled, ' ', text.shuffle),
      ),
      make('p', 'quiet', text.shuffleNote),
      this.problem,
      make('div', 'why-cards', ...this.cards.map(({ element }) => element)),
      scale(),
      make('p', 'quiet', text.evidence),
    );
  }

  /** Explains the answer of a network (its file) for a patch of so many pixels a side. */
  async show(subject: Subject, network: string, side: number): Promise<void> {
    if (this.subject === subject && this.network === network) return;
    this.subject = subject;
    this.side = side;
    this.network = network;
    try {
      const { layers, best, weights } = await this.lab.ask('layers-with-maps', { values: subject.values }, { network });
      if (this.network !== network || this.subject !== subject) return;
      const layersFor = `${network} ${layers.join()}`;
      if (this.layersFor !== layersFor) {
        this.layersFor = layersFor;
        this.layers.replaceChildren(...layers.map((layer) => new Option(layer, layer, false, layer === best)));
        this.weights.value = weights;
      }
    } catch (error) {
      return this.failed(error);
    }
    await this.compute(METHODS);
  }

  /** What runs ends; it is computed again when the view is shown again. */
  cancel(): void {
    this.running?.abort();
    this.running = undefined;
    if (this.cards.some(({ found }) => !found)) this.subject = undefined;
  }

  forget(): void {
    this.cancel();
    this.subject = undefined;
    this.network = this.layersFor = '';
    for (const card of this.cards) {
      card.found = undefined;
      card.canvas.width = 0;
      card.canvas.setAttribute('aria-label', methods[card.method].name);
      card.facts.textContent = card.state.textContent = '';
    }
  }

  private async compute(which: readonly Method[]): Promise<void> {
    const { subject, network } = this;
    if (!subject) return;
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.problem.hidden = true;
    // One that was not finished is done again, whichever was asked for.
    const cards = this.cards.filter(({ method, found }) => which.includes(method) || !found);
    for (const card of cards) {
      card.found = undefined;
      card.element.setAttribute('aria-busy', 'true');
      setText(card.state, text.working);
    }
    try {
      for (const card of cards) {
        const input = { values: subject.values, method: card.method, layer: this.layers.value, weights: this.weights.value as MapWeights, shuffleBy: this.shuffled.checked ? SHUFFLE_SEED : undefined };
        card.found = await this.lab.ask('explain', input, {
          network,
          signal: running.signal,
          onProgress: (done, total) => setText(card.state, `${text.working} ${text.share(done, total)}`),
        });
        card.element.removeAttribute('aria-busy');
        this.paint(card);
      }
    } catch (error) {
      if (!running.signal.aborted) this.failed(error);
    }
  }

  private failed(error: unknown): void {
    for (const { element, state } of this.cards) {
      element.removeAttribute('aria-busy');
      setText(state, '');
    }
    this.problem.hidden = false;
    setText(this.problem, text.failed(problemOf(error).message));
  }

  private card(method: Method): Card {
    const { name, can, cannot } = methods[method];
    const canvas = make('canvas', 'why-map');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', name);
    const facts = make('p', 'why-facts');
    const state = make('p', 'quiet');
    const element = make(
      'figure', 'why-card',
      make('h5', '', name),
      canvas,
      make('figcaption', '', state, facts, make('p', '', can), make('p', 'quiet', text.cannot, cannot)),
    );
    return { method, element, canvas, facts, state, found: undefined };
  }

  private paint({ method, canvas, facts, state, found }: Card): void {
    const { subject } = this;
    if (!found || !subject) return;
    const { name, unit } = methods[method];
    const { map, alike, canvas: around } = found;
    const side = Math.round(Math.sqrt(map.length));
    const grey = side === this.side ? subject.grey : around?.grey;
    let strongest = 0;
    map.forEach((value, at) => {
      if (Math.abs(value) > Math.abs(map[strongest] ?? 0)) strongest = at;
    });
    const peak = map[strongest] ?? 0;
    const largest = Math.abs(peak) || 1;
    const over = this.over.checked;
    paint(canvas, side, [...map].map((value, at) => signed(value / largest, over ? (grey?.[at] ?? 0) : GROUND)));
    if (side !== this.side) frame(canvas, (side - this.side) / 2, this.side);
    canvas.setAttribute('aria-label', peak === 0 ? text.flat(name) : text.strongest(name, (strongest % side) + 1, Math.floor(strongest / side) + 1, peak > 0));
    setText(state, text.largest(Math.abs(peak).toPrecision(2), unit));
    const outside = side !== this.side && around && method !== 'class-activation' ? text.outside(around.outside) : side !== this.side ? text.framed : '';
    setText(facts, [outside, alike === undefined ? '' : text.alike(alike)].filter(Boolean).join(' '));
  }
}

/** Outlines the patch on a canvas, in the pixels around it. */
function frame(canvas: HTMLCanvasElement, margin: number, side: number): void {
  const pen = canvas.getContext('2d');
  if (!pen) return;
  pen.strokeStyle = '#fff';
  pen.strokeRect(margin - 0.5, margin - 0.5, side + 1, side + 1);
}

function checkbox(checked: boolean): HTMLInputElement {
  const box = make('input');
  box.type = 'checkbox';
  box.checked = checked;
  return box;
}

/** What the colours mean, from one end to the other. */
function scale(): HTMLElement {
  const canvas = make('canvas', 'why-scale');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', text.scale);
  paint(canvas, 101, Array.from({ length: 101 }, (_, i) => signed((i - 50) / 50, 128)));
  return make('p', 'why-scale-line', make('span', '', text.scaleAgainst), canvas, make('span', '', text.scaleFor));
}
