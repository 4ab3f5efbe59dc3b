/** Train a small network, or ours a little further, and watch it. */
import { button } from '../../../ui/button.ts';
import { make, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { download } from '../../patches/export-patches.ts';
import { strings } from '../../../strings/strings.ts';
import { rewrite } from '../address.ts';
import { Lab } from '../lab-client.ts';
import { Plot } from '../../../ui/plot/plot.ts';
import type { Point } from '../../../ui/plot/plot-types.ts';
import type { LabelledRow } from '../own-set/labelled-rows.ts';
import type { Shared, View } from '../view.ts';
import { Choices } from './choices.ts';
import { Course } from './course.ts';
import type { CourseState } from './course.ts';
import { KernelStrip } from './kernel-strip.ts';
import { examplesOf, readable } from './own-examples.ts';
import type { Examples } from '../../../shared/lab/train-tasks.ts';

const text = strings.train;

/** Of the synthetic patches, far from those of the examples. */
const PHANTOM_SEED = 100_000;

export class TrainView implements View {
  readonly element = make('div', 'learn-view train');
  private readonly shared: Shared;
  private readonly labelled: () => LabelledRow[];
  /** A worker of its own: the network in training lives there. */
  private readonly lab = new Lab();
  private readonly choices = new Choices();
  private readonly begin = button(text.begin, () => void this.start(), 'primary');
  private readonly pause = button(text.pause, () => this.course?.pause());
  private readonly resume = button(text.resume, () => this.course?.resume());
  private readonly cancel = button(text.cancel, () => this.course?.cancel());
  private readonly use = button(text.use, () => void this.useIt(), 'primary');
  private readonly save = button(text.save, () => this.saveIt());
  private readonly bar = make('progress');
  private readonly line = make('p', 'train-line');
  private readonly said = make('p', 'train-result');
  private readonly kernels = new KernelStrip();
  private readonly loss = new Plot({ title: text.lossTitle, x: { label: text.epochAxis, min: 0, max: 1 }, y: { label: text.lossAxis, min: 0, max: 1 } });
  private readonly accuracy = new Plot({ title: text.accuracyTitle, x: { label: text.epochAxis, min: 0, max: 1 }, y: { label: text.accuracyAxis, min: 0, max: 1 } });
  private readonly plots = make('div', 'train-plots', this.loss.element, this.accuracy.element);
  private course: Course | undefined;
  private drawnEpochs = -1;
  private spoken: CourseState | undefined;
  /** Patches are read or drawn; the training has not begun. */
  private preparing = false;
  /** What was learnt last is in a file of the user's. */
  private isSafe = false;
  /** Raised when everything is forgotten. */
  private generation = 0;

  /** `labelled`: the user's labelled patches. */
  constructor(shared: Shared, labelled: () => LabelledRow[]) {
    this.shared = shared;
    this.labelled = labelled;
    this.said.setAttribute('role', 'status');
    this.bar.setAttribute('aria-label', text.epochAxis);
    this.plots.hidden = true;
    this.element.append(
      make('p', 'quiet', text.lead),
      this.choices.element,
      make('div', 'actions', this.begin, this.pause, this.resume, this.cancel),
      make('div', 'train-progress', this.bar, this.line),
      this.said,
      make('div', 'actions', this.use, this.save),
      this.plots,
      this.kernels.element,
    );
    this.draw();
  }

  show(): void {
    rewrite({ see: 'train' });
    this.changed();
  }

  changed(): void {
    this.choices.offerOwn(readable(this.labelled()).length);
    this.draw();
  }

  /** A training goes on out of sight. */
  hide(): void {
    // Nothing to end.
  }

  /** A training that runs goes on: its worker has had no network functions from its start. */
  renew(): void {
    if (!this.busy) this.lab.renew();
  }

  forget(): void {
    const { course } = this;
    this.generation += 1;
    this.course = undefined;
    this.preparing = false;
    course?.cancel();
    this.lab.end();
    setText(this.said, '');
    this.kernels.forget();
    this.plots.hidden = true;
    this.draw();
  }

  /** A training that runs, or a network that was trained and is nowhere else. */
  get hasWork(): boolean {
    return this.busy || (this.course?.weights !== undefined && !this.isSafe);
  }

  private get busy(): boolean {
    return this.preparing || this.course?.state === 'running' || this.course?.state === 'paused';
  }

  private async start(): Promise<void> {
    const chosen = this.choices.read();
    if (!chosen || this.busy) return;
    const { generation } = this;
    setText(this.said, '');
    this.preparing = true;
    setText(this.line, text.loading);
    this.draw();
    try {
      const course = await this.prepared(chosen);
      if (generation !== this.generation) return;
      await course.run((kernels) => {
        // What was learnt before stays until now: this one may have been refused.
        this.course = course;
        this.isSafe = false;
        this.preparing = false;
        this.drawnEpochs = -1;
        this.kernels.begin(kernels);
        this.draw();
      });
      if (this.course !== course && generation === this.generation) setText(this.said, text.failed(course.problem));
    } catch (error) {
      if (generation === this.generation) setText(this.said, text.failed(problemOf(error).message));
    } finally {
      if (generation === this.generation) this.preparing = false;
      this.draw();
    }
  }

  private async prepared({ settings, phantoms, further }: NonNullable<ReturnType<Choices['read']>>): Promise<Course> {
    const examples = phantoms === undefined ? await this.own() : await this.phantoms(settings.seed, phantoms);
    const data = phantoms === undefined ? text.ownData(examples.labels.length) : text.phantomData(phantoms, settings.seed);
    const from = further ? this.shared.network()?.file : undefined;
    const course: Course = new Course(this.lab, { settings, examples, from, data }, (kernels) => {
      if (this.course !== course) return;
      if (kernels) this.kernels.draw(kernels);
      this.draw();
    });
    return course;
  }

  private own(): Promise<Examples> {
    const side = this.shared.engines.method?.patchSize ?? 0;
    return examplesOf(this.lab, readable(this.labelled()), side ** 2, (done, total) => setText(this.line, text.reading(done, total)));
  }

  private async phantoms(seed: number, count: number): Promise<Examples> {
    const { values } = await this.lab.ask('phantom-values', { seed: PHANTOM_SEED + seed, count });
    // With and without a nodule in turn, as they are drawn.
    return { values, labels: Uint8Array.from({ length: count }, (_, at) => (at + 1) % 2), patients: new Uint32Array() };
  }

  private draw(): void {
    const { course, busy } = this;
    const { engines } = this.shared;
    // What is hidden loses the focus at once.
    const { activeElement } = document;
    this.choices.draw(this.shared.network(), engines.networks.find(({ network }) => network === 'small')?.parameters);
    this.choices.lock(busy);
    this.begin.disabled = busy || !engines.model;
    this.begin.hidden = busy;
    const begun = busy && !this.preparing;
    this.pause.hidden = !begun || course?.state !== 'running';
    this.resume.hidden = !begun || course?.state !== 'paused';
    this.cancel.hidden = !begun;
    // Pausing puts another button in the place of the one that was pressed.
    const buttons = [this.pause, this.resume, this.cancel, this.begin];
    if (buttons.some((each) => each.hidden && each === activeElement)) buttons.find((each) => !each.hidden && !each.disabled)?.focus();
    const trained = course?.weights !== undefined && !busy;
    this.use.hidden = this.save.hidden = !trained;
    this.bar.hidden = this.preparing || !course;
    if (this.preparing) return;
    if (!course) return setText(this.line, '');
    this.bar.max = Math.max(1, course.steps);
    this.bar.value = course.step;
    const { epochs } = course.order.settings;
    const epoch = Math.min(epochs, course.epochs.length + 1);
    if (course.state === 'running') setText(this.line, text.running(epoch, epochs, course.left));
    else if (course.state === 'paused') setText(this.line, text.paused(epoch, epochs));
    else setText(this.line, text.speed(course.speed));
    // Once for each end: what is said afterwards stays.
    if (course.state !== this.spoken) this.speak(course);
    if (course.epochs.length !== this.drawnEpochs) this.plot(course);
  }

  private speak(course: Course): void {
    this.spoken = course.state;
    const last = course.epochs.at(-1);
    if (course.state === 'done' && last) setText(this.said, text.done(Math.round(last.heldAccuracy * course.held), course.held, course.seconds));
    else if (course.state === 'cancelled') setText(this.said, course.weights ? text.cancelled : text.cancelledEmpty);
    else if (course.state === 'failed') setText(this.said, [text.failed(course.problem), course.weights ? text.kept : ''].filter(Boolean).join(' '));
  }

  private plot({ epochs, order }: Course): void {
    this.drawnEpochs = epochs.length;
    this.plots.hidden = false;
    const x = { max: Math.max(1, order.settings.epochs) };
    const points = (of: (epoch: Course['epochs'][number]) => number): Point[] => epochs.map((epoch) => [epoch.epoch, of(epoch)]);
    const last = epochs.at(-1);
    const most = Math.max(0.1, ...epochs.flatMap(({ trainLoss, heldLoss }) => [trainLoss, heldLoss]));
    this.loss.draw({
      x,
      y: { max: Math.ceil(most * 10) / 10 },
      series: [{ name: text.learnt, points: points(({ trainLoss }) => trainLoss) }, { name: text.held, points: points(({ heldLoss }) => heldLoss) }],
      ...(last ? { summary: text.saysLoss(last.trainLoss, last.heldLoss) } : {}),
    });
    this.accuracy.draw({
      x,
      series: [{ name: text.learnt, points: points(({ trainAccuracy }) => trainAccuracy) }, { name: text.held, points: points(({ heldAccuracy }) => heldAccuracy) }],
      ...(last ? { summary: text.saysAccuracy(last.trainAccuracy, last.heldAccuracy) } : {}),
    });
  }

  private async useIt(): Promise<void> {
    const weights = this.course?.weights;
    if (!weights) return;
    this.use.disabled = true;
    const offered = await this.shared.own.offer(weights.slice(), text.ownName);
    this.use.disabled = false;
    setText(this.said, !offered.ok ? text.failed(offered.problem.message) : offered.inUse ? text.used(offered.model.name) : text.offered(offered.model.name));
  }

  private saveIt(): void {
    const weights = this.course?.weights;
    if (!weights) return;
    download(text.file, 'application/octet-stream', weights);
    this.isSafe = true;
  }
}
