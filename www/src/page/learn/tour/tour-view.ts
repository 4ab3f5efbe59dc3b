/** The guided tour: the paper's story in short steps, each with the network in use beside it. */
import { make, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { STEPS, tourText as text } from '../../../strings/tour.ts';
import type { StepName } from '../../../strings/tour.ts';
import { asSentence, percent } from '../../../ui/numbers.ts';
import { linkTo, rewrite } from '../address.ts';
import type { Address } from '../address.ts';
import { radios } from '../../../ui/radios.ts';
import { probabilityOf, sceneOf } from '../inside/scene.ts';
import type { PatchToSee, Scene } from '../inside/scene.ts';
import type { Shared, View } from '../view.ts';
import { ConvolutionStep } from './convolution.ts';
import { DropoutStep } from './dropout.ts';
import { NoduleStep } from './nodule.ts';
import { PoolingStep } from './pooling.ts';
import { ReluStep } from './relu.ts';
import { RocStep } from './roc.ts';
import { SoftmaxStep } from './softmax.ts';
import type { TourStep } from './step.ts';
import { WindowStep } from './window.ts';

const PATCHES = ['own', 'nodule', 'plain'] as const;
type PatchChoice = (typeof PATCHES)[number];
const SEED = 7;

export class Tour implements View {
  readonly element = make('div', 'learn-view tour');
  private readonly links: HTMLAnchorElement[];
  private readonly heading = make('h4');
  private readonly says = make('div', 'tour-says');
  private readonly paper = make('p');
  private readonly ours = make('p');
  private readonly task = make('p');
  private readonly answer = make('p', 'tour-answer');
  private readonly status = make('p', 'quiet');
  private readonly stage = make('div', 'tour-stage');
  private readonly back = make('a', 'tour-go', text.previous);
  private readonly next = make('a', 'tour-go tour-next');
  private readonly patches = radios('tour-patch', text.patchLegend, { own: text.patchOwn, nodule: text.patchNodule, plain: text.patchPlain }, (patch) => this.choose(patch));
  private readonly steps: Record<StepName, TourStep> = {
    nodule: new NoduleStep(),
    window: new WindowStep(),
    convolution: new ConvolutionStep(),
    relu: new ReluStep(),
    pooling: new PoolingStep(),
    dropout: new DropoutStep(),
    softmax: new SoftmaxStep(),
    roc: new RocStep(),
  };
  private readonly shared: Shared;
  private at = 0;
  private patch: PatchChoice = 'own';
  private scene: Scene | undefined;
  private sceneFor = '';
  private visible = false;
  private turn = 0;

  constructor(shared: Shared) {
    this.shared = shared;
    this.links = STEPS.map((name, i) => {
      const link = make('a', '', make('span', 'tour-number', String(i + 1)), text.steps[name].name);
      return link;
    });
    const nav = make('nav', 'tour-nav', make('ol', '', ...this.links.map((link) => make('li', '', link))));
    nav.setAttribute('aria-label', text.nav);
    this.status.setAttribute('role', 'status');
    const side = (title: string, ...content: Node[]): HTMLElement => make('div', 'tour-part', make('h5', '', title), ...content);
    this.element.append(
      make('p', 'quiet', text.lead), nav,
      make('div', 'tour-body',
        make('div', 'tour-text', this.heading, this.says, side(text.tryIt, this.task), side(text.fromPaper, this.paper), side(text.fromOurs, this.ours)),
        make('div', 'tour-live', this.patches.element, this.answer, this.status, this.stage)),
      make('div', 'tour-foot', this.back, this.next),
    );
    for (const name of STEPS) {
      this.steps[name].element.hidden = true;
      this.stage.append(this.steps[name].element);
    }
  }

  show({ step, patch }: Address): void {
    const asked = Number(step);
    const at = Number.isInteger(asked) && asked >= 1 && asked <= STEPS.length ? asked - 1 : step === undefined ? this.at : 0;
    this.patch = PATCHES.find((each) => each === patch) ?? (step === undefined ? this.patch : 'own');
    const before = this.visible ? this.at : undefined;
    this.visible = true;
    this.at = at;
    if (before !== undefined && before !== at) this.leave(before);
    this.write();
    this.words();
    void this.refresh();
    // Whoever followed "next" reads on at the top of the step.
    if (before !== undefined && before !== at && this.heading.getBoundingClientRect().top < 0) this.element.scrollIntoView();
  }

  changed(): void {
    void this.refresh();
  }

  hide(): void {
    this.visible = false;
    this.leave(this.at);
  }

  forgetPatch(): void {
    this.forget();
  }

  forget(): void {
    this.turn += 1;
    this.scene = undefined;
    this.sceneFor = '';
    this.stage.hidden = true;
    setText(this.answer, '');
    for (const name of STEPS) this.steps[name].forget();
    // The worker ends first.
    if (this.visible) queueMicrotask(() => void this.refresh());
  }

  private leave(at: number): void {
    const name = STEPS[at];
    if (name) this.steps[name].hide();
  }

  private address(at: number): Address {
    return { see: 'tour', step: String(at + 1), ...(this.patch === 'own' ? {} : { patch: this.patch }) };
  }

  private write(): void {
    rewrite(this.address(this.at));
    for (const [i, link] of this.links.entries()) {
      link.href = linkTo(this.address(i));
      if (i === this.at) link.setAttribute('aria-current', 'step');
      else link.removeAttribute('aria-current');
    }
    const following = STEPS[this.at + 1];
    this.back.hidden = this.at === 0;
    this.back.href = linkTo(this.address(this.at - 1));
    this.next.hidden = following === undefined;
    this.next.href = linkTo(this.address(this.at + 1));
    setText(this.next, following ? text.next(text.steps[following].name) : '');
  }

  private choose(patch: PatchChoice): void {
    this.patch = patch;
    this.write();
    void this.refresh();
  }

  private words(): void {
    const name = STEPS[this.at] ?? STEPS[0];
    const { title, says, paper, task } = text.steps[name];
    setText(this.heading, text.heading(this.at + 1, STEPS.length, title));
    this.says.replaceChildren(...says.map((line) => make('p', '', line)));
    setText(this.paper, paper);
    setText(this.task, task);
    for (const each of STEPS) this.steps[each].element.hidden = each !== name;
    this.patches.check(this.patch);
  }

  private async refresh(): Promise<void> {
    const { shared } = this;
    const network = shared.network();
    if (!network) return setText(this.status, text.loading);
    const turn = (this.turn += 1);
    try {
      const patch = await this.patchToSee();
      const key = `${network.file} ${this.patch} ${'id' in patch ? String(patch.id) : ''}`;
      if (this.sceneFor !== key || !this.scene) {
        const scene = await sceneOf(shared, network.file, patch);
        if (turn !== this.turn) return;
        this.scene = scene;
        this.sceneFor = key;
      }
      if (turn !== this.turn) return;
      setText(this.status, '');
      this.stage.hidden = false;
      this.draw(this.scene);
    } catch (error) {
      if (turn === this.turn) this.failed(error);
    }
  }

  private patchToSee(): Promise<PatchToSee> {
    return this.patch === 'own' ? this.shared.subject() : this.shared.lab.ask('drawn', { seed: SEED, nodule: this.patch === 'nodule' });
  }

  private draw(scene: Scene): void {
    const { shared } = this;
    const name = STEPS[this.at] ?? STEPS[0];
    // The first step asks the reader first.
    this.answer.hidden = name === 'nodule' || name === 'window';
    this.patches.element.hidden = name === 'nodule';
    setText(this.answer, text.answerFor(scene.name, percent(probabilityOf(scene))));
    this.steps[name].show({
      scene, shared, lab: shared.lab,
      ours: (words) => {
        if (STEPS[this.at] === name) setText(this.ours, words);
      },
      failed: (error) => this.failed(error),
    });
  }

  private failed(error: unknown): void {
    const { message, hint } = problemOf(error);
    setText(this.status, `${asSentence(message)} ${hint}`);
  }
}
