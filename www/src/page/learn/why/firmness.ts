/** The same patch, a little different: dragged, turned, through another window, noisier; and what the network says, live. */
import { speakWhenRested } from '../../../ui/announce.ts';
import { button } from '../../../ui/button.ts';
import { rangeInput } from '../../../ui/slider.ts';
import { probabilityBar } from '../../../ui/probability-bar.ts';
import { drawGrey, make, oncePerFrame, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { percent } from '../../../ui/numbers.ts';
import { why as text } from '../../../strings/why.ts';
import type { MethodInfo, ModelInfo } from '../../../shared/wasm/engine-wasm.ts';
import type { Lab } from '../lab-client.ts';
import type { RegionShown, Variant } from '../../../shared/wasm/lab-wasm.ts';
import { latest } from '../one-request-at-a-time.ts';
import type { Subject } from '../view.ts';
import type { Changed, Source } from '../../../shared/lab/why-tasks.ts';

interface Slider {
  input: HTMLInputElement;
  output: HTMLOutputElement;
  say: (value: number) => string;
}

type Name = 'right' | 'down' | 'turn' | 'center' | 'width' | 'noise';

/** Ends and steps of the sliders; the window's own values come from the method. */
const ENDS: Record<Name, [number, number, number]> = {
  right: [-25, 25, 1], down: [-25, 25, 1], turn: [-180, 180, 1], center: [-1000, 400, 10], width: [100, 2800, 10], noise: [0, 300, 5],
};

interface Asked {
  subject: Subject;
  source: Source;
  network: string;
  info: ModelInfo;
  variant: Variant;
  at: number;
}

export class Firmness {
  readonly element: HTMLElement;
  private readonly lab: Lab;
  private readonly sliders: Record<Name, Slider>;
  private readonly stage = make('div', 'firm-stage');
  private readonly surroundings = make('canvas', 'firm-region');
  private readonly frame = make('div', 'firm-frame');
  private readonly picture = make('canvas', 'firm-patch');
  private readonly answer = make('p', 'firm-answer');
  private readonly bar = make('div', 'firm-bar');
  private readonly took = make('p', 'quiet firm-took');
  private readonly note = make('p', 'quiet');
  private subject: Subject | undefined;
  private source: Source | undefined;
  private shown: RegionShown | undefined;
  private network = '';
  private info: ModelInfo | undefined;
  private method: MethodInfo | undefined;
  private first: number | undefined;
  private readonly soon: () => void;
  private readonly ask = latest<Asked, Changed>(
    ({ subject, source, network, variant }) => this.lab.ask('variant', { key: subject.id, source, variant }, { network }),
    (found, asked) => this.draw(found, asked),
    (error) => setText(this.took, text.failed(problemOf(error).message)),
  );

  constructor(lab: Lab) {
    this.lab = lab;
    const slider = (name: Name, say: (value: number) => string): Slider => this.slider(name, say);
    this.sliders = {
      right: slider('right', text.pixels), down: slider('down', text.pixels), turn: slider('turn', text.degrees),
      center: slider('center', text.hu), width: slider('width', text.hu), noise: slider('noise', text.hu),
    };
    const reset = button(text.reset, () => this.reset());
    this.surroundings.setAttribute('role', 'img');
    this.surroundings.setAttribute('aria-label', text.stage);
    this.picture.setAttribute('role', 'img');
    this.picture.setAttribute('aria-label', text.changed);
    this.stage.append(this.surroundings, this.frame);
    speakWhenRested(this.answer);
    const rows = (Object.keys(this.sliders) as Name[]).map((name) => {
      const { input, output } = this.sliders[name];
      return make('label', 'firm-slider', make('span', '', text[name]), input, output);
    });
    this.element = make(
      'section', 'firm',
      make('h4', '', text.firmTitle),
      make('p', 'quiet', text.firmLead),
      make(
        'div', 'firm-body',
        this.stage,
        make('div', 'firm-side', make('div', 'firm-now', this.picture, make('div', '', this.answer, this.bar, this.took)), ...rows, reset),
      ),
      this.note,
    );
    this.soon = oncePerFrame(() => this.changed());
    this.wireDrag();
  }

  async show(subject: Subject, network: string, info: ModelInfo, method: MethodInfo): Promise<void> {
    const same = this.subject === subject && this.network === network;
    this.network = network;
    this.info = info;
    this.method = method;
    if (same) return;
    this.first = undefined;
    if (this.subject !== subject) {
      this.subject = subject;
      try {
        const source = await sourceOf(subject);
        const shown = await this.lab.ask('region', { key: subject.id, source });
        if (this.subject !== subject) return;
        this.source = source;
        this.shown = shown;
      } catch (error) {
        this.subject = undefined;
        return setText(this.took, text.failed(problemOf(error).message));
      }
      drawGrey(this.surroundings, this.shown.grey, ...this.shown.size);
      // As many pixels of the screen for one of the picture as the stage has room for.
      this.stage.style.setProperty('--columns', String(this.shown.size[0]));
      this.stage.style.setProperty('--rows', String(this.shown.size[1]));
      setText(this.note, subject.source.kind === 'slice' ? '' : [text.asPicture, ...(this.shown.size[0] === method.patchSize ? [text.edge] : [])].join(' '));
    }
    this.reset();
  }

  renew(): void {
    this.lab.renew();
  }

  forget(): void {
    this.subject = undefined;
    this.source = undefined;
    this.shown = undefined;
    this.first = undefined;
    this.network = '';
    this.surroundings.width = this.picture.width = 0;
    for (const each of [this.answer, this.bar, this.took, this.note]) each.replaceChildren();
    this.lab.end();
  }

  private get variant(): Variant {
    const value = (name: Name): number => Number(this.sliders[name].input.value);
    return { shift: [value('right'), value('down')], turn: value('turn'), center: value('center'), width: value('width'), noise: value('noise'), seed: 1 };
  }

  private reset(): void {
    const { method } = this;
    if (!method) return;
    const { windowLowHu, windowHighHu } = method;
    this.set({ right: 0, down: 0, turn: 0, noise: 0, center: (windowLowHu + windowHighHu) / 2, width: windowHighHu - windowLowHu });
  }

  private set(values: Partial<Record<Name, number>>): void {
    for (const [name, value] of Object.entries(values)) this.sliders[name as Name].input.value = String(value);
    this.soon();
  }

  /** The frame follows at once, the answer as soon as it is there. */
  private changed(): void {
    const { subject, source, shown, info, method, network, variant } = this;
    for (const { input, output, say } of Object.values(this.sliders)) output.value = say(Number(input.value));
    if (!subject || !source || !shown || !info || !method) return;
    const { shift: [right, down], turn } = variant;
    const scale = this.surroundings.clientWidth / shown.size[0];
    const px = (corner: number, by: number): string => `${(corner + by) * scale}px`;
    this.frame.style.width = this.frame.style.height = `${method.patchSize * scale}px`;
    this.frame.style.transform = `translate(${px(shown.corner[0], right)}, ${px(shown.corner[1], down)}) rotate(${-turn}deg)`;
    this.ask({ subject, source, network, info, variant, at: performance.now() });
  }

  private draw({ grey, prediction: { probability, threshold, decision } }: Changed, { subject, network, at }: Asked): void {
    const { method } = this;
    if (!method || subject !== this.subject || network !== this.network) return;
    drawGrey(this.picture, grey, method.patchSize);
    this.first ??= probability;
    setText(this.answer, text.moved(percent(probability), percent(this.first)));
    this.bar.replaceChildren(probabilityBar(probability, threshold, decision));
    setText(this.took, text.took(performance.now() - at));
  }

  private slider(name: Name, say: (value: number) => string): Slider {
    const input = rangeInput(ENDS[name], () => this.soon());
    input.value = '0';
    // The value beside it is not part of its name.
    input.setAttribute('aria-label', text[name]);
    return { input, output: make('output'), say };
  }

  private wireDrag(): void {
    const { stage } = this;
    let from: { x: number; y: number; right: number; down: number } | undefined;
    stage.addEventListener('pointerdown', (event) => {
      stage.setPointerCapture(event.pointerId);
      const { shift: [right, down] } = this.variant;
      from = { x: event.clientX, y: event.clientY, right, down };
      event.preventDefault();
    });
    stage.addEventListener('pointermove', (event) => {
      if (!from || !this.shown) return;
      const scale = this.surroundings.clientWidth / this.shown.size[0];
      this.set({ right: from.right + (event.clientX - from.x) / scale, down: from.down + (event.clientY - from.y) / scale });
    });
    const end = (): void => void (from = undefined);
    stage.addEventListener('pointerup', end);
    stage.addEventListener('pointercancel', end);
    addEventListener('resize', () => this.element.isConnected && this.soon());
  }
}

async function sourceOf({ source }: Subject): Promise<Source> {
  return source.kind === 'file' ? { kind: 'file', bytes: new Uint8Array(await source.blob.arrayBuffer()) } : source;
}
