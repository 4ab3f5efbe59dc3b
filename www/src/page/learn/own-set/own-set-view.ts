/** The view "Your labelled set": how good the network is on patches that the user has labels for. */
import { button } from '../../../ui/button.ts';
import { make, setText } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { download } from '../../patches/export-patches.ts';
import { arrivalsFromInput, arrivalsFromPhantoms } from '../../intake/arrivals.ts';
import type { Row } from '../../patches/results.ts';
import { modelName } from '../../../strings/networks.ts';
import { strings } from '../../../strings/strings.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import { looksAround, operatingOf } from '../../../shared/heads.ts';
import type { Head, ModelInfo } from '../../../shared/wasm/engine-wasm.ts';
import type { Evaluation, LabelledSet } from '../../../shared/lab/evaluate-tasks.ts';
import { latest } from '../one-request-at-a-time.ts';
import { Curves, markOf } from '../threshold/curves.ts';
import { Figures } from '../threshold/figures.ts';
import type { Cell } from '../threshold/figures.ts';
import { PrevalenceControl, onPrevalence, prevalence } from '../threshold/prevalence.ts';
import { ThresholdControl } from '../threshold/threshold-control.ts';
import type { Shared, View } from '../view.ts';
import { Gallery } from './gallery.ts';
import { LabelledRows } from './labelled-rows.ts';
import type { LabelledRow } from './labelled-rows.ts';
import type { Proposal } from './recognise.ts';
import { figuresJson, patchesCsv } from './set-export.ts';
import { SetFigures } from './set-figures.ts';
import { SetReport } from './set-report.ts';

const SYNTHETIC = 100;
/** The threshold rests for so long before intervals are drawn again. */
const RESTS_MILLISECONDS = 500;

/** What is measured: one network's answers. */
interface Measured extends LabelledSet {
  rows: LabelledRow[];
  patients: string[];
  model: ModelInfo;
  /** Which part of the network answered, or answered more of them; its threshold is where the control begins. */
  head: Head;
  threshold: number;
}

export class OwnSetView implements View {
  readonly element = make('div', 'learn-view');
  private readonly shared: Shared;
  private readonly rows: LabelledRows;
  private readonly progress = make('progress');
  private readonly running = make('div', 'set-running');
  private readonly runningText = make('p');
  private readonly report = new SetReport();
  private readonly goOn = button(text.setGoOn, () => this.rerunCancelled());
  private readonly drawSynthetic = button(text.setSynthetic(SYNTHETIC), () => void this.synthetic());
  private readonly body = make('div', 'threshold-body');
  private readonly control = new ThresholdControl(() => this.moved());
  private readonly share = new PrevalenceControl();
  private readonly curves = new Curves();
  private readonly figures = new Figures((cell) => this.open(cell), ['ppv', 'npv']);
  private readonly table = new SetFigures();
  private readonly json = button(text.setJson, () => this.exportFigures());
  private readonly gallery: Gallery;
  private readonly draw: (measured: Measured) => void;
  private proposal: Proposal | 'synthetic' | undefined;
  private measured: Measured | undefined;
  /** With its intervals, at the threshold in view. */
  private found: Evaluation | undefined;
  /** Whose curves are drawn. */
  private curvesOf: Measured | undefined;
  /** What the figures were made of. */
  private key = '';
  private visible = false;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(shared: Shared) {
    this.shared = shared;
    this.rows = new LabelledRows(shared.results);
    this.gallery = new Gallery((row) => shared.results.select(row.key), () => shared.engines.method?.patchSize ?? 50);
    this.goOn.hidden = true;
    const cancel = button(text.setCancel, () => shared.runner.cancel());
    this.progress.setAttribute('aria-label', strings.lab.views['own-set']);
    this.running.append(this.runningText, this.progress, cancel);
    this.running.hidden = true;
    this.body.hidden = true;
    this.body.append(
      make('div', 'operating', this.table.element, this.table.reliability.element),
      make('div', 'actions', button(text.setCsv, () => this.exportPatches()), this.json),
      make('div', 'controls', this.control.element, this.share.element),
      this.figures.element, this.gallery.element, this.curves.element,
    );
    this.element.append(make('p', '', text.setLead), this.intake(), this.running, this.report.element, this.goOn, this.body);
    this.draw = latest(
      async (measured: Measured) => {
        const { probability, nodule } = measured;
        const { value: threshold } = this.control;
        return { share: prevalence(), found: await shared.lab.ask('set-at-threshold', { probability, nodule, threshold, prevalence: prevalence() }) };
      },
      ({ found, share }, measured) => {
        if (measured !== this.measured) return;
        this.curves.draw(markOf(found));
        this.figures.draw(found, share);
      },
      (error) => this.report.say([problemOf(error).message]),
    );
    onPrevalence(() => {
      if (this.measured && this.visible) this.draw(this.measured);
    });
  }

  /** A set arrived; its rows are classified as any others. */
  take(proposal: Proposal, rows: Row[]): void {
    this.rows.take(proposal, rows);
    this.begin(proposal);
  }

  /** The patches stay; their labels go. */
  leave(): void {
    this.forget();
    this.redraw();
  }

  /** What has a label, for whoever trains on it. */
  labelled(): LabelledRow[] {
    return this.rows.all();
  }

  show(): void {
    this.visible = true;
    const { measured } = this;
    this.redraw();
    if (!measured || measured !== this.measured) return;
    // Threshold and share of nodules may have moved since.
    this.draw(measured);
    if (!this.found) void this.evaluate(measured);
  }

  changed(): void {
    this.redraw();
  }

  hide(): void {
    this.visible = false;
    clearTimeout(this.resting);
  }

  forget(): void {
    this.rows.clear();
    this.begin(undefined);
  }

  redraw(): void {
    if (!this.visible || !this.proposal) return;
    const all = this.rows.all();
    const waiting = all.filter(({ row }) => row.state === 'waiting' || row.state === 'running').length;
    const { phase } = this.shared.runner.state;
    this.running.hidden = waiting === 0 || phase !== 'running';
    if (!this.running.hidden) {
      setText(this.runningText, text.setRunning(all.length - waiting, all.length));
      this.progress.max = all.length;
      this.progress.value = all.length - waiting;
      this.goOn.hidden = true;
      return;
    }
    const model = this.modelFor(all);
    const key = [model?.modelId, model?.own, all.length, ...['done', 'refused', 'stopped', 'cancelled'].map((state) => all.filter(({ row }) => row.state === state).length)].join(' ');
    if (key === this.key) return;
    this.key = key;
    this.measure(all, model);
  }

  private begin(proposal: Proposal | 'synthetic' | undefined): void {
    this.proposal = proposal;
    this.measured = undefined;
    this.outdate();
    this.key = '';
    clearTimeout(this.resting);
    this.body.hidden = true;
    this.running.hidden = true;
    this.goOn.hidden = true;
    this.gallery.close();
    this.report.begin(proposal);
  }

  /** Whose answers are measured: the network in use, or who answered, where that one has answered nothing. */
  private modelFor(all: LabelledRow[]): ModelInfo | undefined {
    const inUse = this.shared.network()?.info;
    const answered = all.filter(({ row }) => row.state === 'done' && row.model);
    const own = answered.find(({ row }) => inUse && row.model?.modelId === inUse.modelId);
    return (own ?? answered[0])?.row.model;
  }

  private measure(all: LabelledRow[], model: ModelInfo | undefined): void {
    this.gallery.close();
    const rows = all.filter(({ row }) => row.state === 'done' && row.prediction && row.model?.modelId === model?.modelId);
    this.report.draw(all, rows);
    this.goOn.hidden = !all.some(({ row }) => row.state === 'cancelled');
    this.outdate();
    this.measured = undefined;
    this.body.hidden = rows.length === 0 || !model;
    if (rows.length === 0 || !model) return;
    const everyPatient = rows.every(({ patient }) => patient !== undefined);
    const around = rows.filter(({ row }) => row.prediction?.head === 'context').length;
    const head: Head = 2 * around > rows.length ? 'context' : 'patch';
    const { threshold } = operatingOf(model, head);
    if (around > 0 && around < rows.length) this.report.add(text.setMixed(around, rows.length - around));
    this.measured = {
      rows,
      model,
      head,
      threshold,
      probability: Float64Array.from(rows, ({ row }) => row.prediction?.probability ?? NaN),
      nodule: Uint8Array.from(rows, ({ nodule }) => Number(nodule)),
      patients: everyPatient ? rows.map(({ patient }) => patient ?? '') : [],
    };
    this.control.begin(threshold);
    this.curves.begin([], [], undefined);
    void this.evaluate(this.measured);
  }

  /** The figures at once, where they are the first of a set, and their intervals when they are there. */
  private async evaluate(measured: Measured): Promise<void> {
    const { probability, nodule, patients, model, threshold: fileThreshold } = measured;
    const seen = looksAround(model) ? strings.seen[measured.head] : '';
    const { value: threshold } = this.control;
    const still = (): boolean => measured === this.measured && threshold === this.control.value;
    const ask = (intervals: boolean): Promise<Evaluation> => this.shared.lab.ask('evaluate-set', { probability, nodule, patients, threshold, intervals });
    try {
      if (this.curvesOf !== measured) {
        const first = await ask(false);
        const own = await this.shared.lab.ask('set-at-threshold', { probability, nodule, threshold: fileThreshold, prevalence: prevalence() });
        if (measured !== this.measured) return;
        // Whatever the threshold is by now.
        this.share.measuredAt(first.positives > 0 && first.positives < first.n ? first.positives / first.n : undefined);
        this.curves.begin(first.roc.map(({ fpr, tpr }) => [fpr, tpr]), first.pr.map(({ recall, precision }) => [recall, precision]), markOf(own));
        this.curvesOf = measured;
        this.draw(measured);
        this.table.draw(first, modelName(model), seen, false);
        if (!still()) return;
      }
      const found = await ask(true);
      if (!still()) return;
      this.found = found;
      this.json.disabled = false;
      this.table.draw(found, modelName(model), seen, true);
    } catch (error) {
      if (measured === this.measured) this.report.say([problemOf(error).message]);
    }
  }

  /** The figures belong to what was in view before. */
  private outdate(): void {
    this.found = undefined;
    this.json.disabled = true;
  }

  private moved(): void {
    const { measured } = this;
    if (!measured) return;
    this.gallery.close();
    this.outdate();
    this.draw(measured);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => void this.evaluate(measured), RESTS_MILLISECONDS);
  }

  private open(cell: Cell): void {
    const { value } = this.control;
    const wanted = { tp: [true, true], fn: [true, false], fp: [false, true], tn: [false, false] }[cell];
    const rows = this.measured?.rows.filter(({ row, nodule }) => nodule === wanted[0] && (row.prediction?.probability ?? 0) >= value === wanted[1]);
    this.gallery.open(cell, (rows ?? []).map(({ row }) => row));
  }

  private rerunCancelled(): void {
    const rows = this.rows.all().flatMap(({ row }) => (row.state === 'cancelled' ? [row] : []));
    this.shared.results.reset(rows);
    this.shared.runner.enqueue(rows);
  }

  private exportPatches(): void {
    download('nodulens-labelled-set.csv', 'text/csv;charset=utf-8', patchesCsv(this.rows.all(), this.control.value));
  }

  private exportFigures(): void {
    if (this.found && this.measured) download('nodulens-figures.json', 'application/json', figuresJson(this.found, this.measured.model, this.measured.head));
  }

  private intake(): HTMLElement {
    const choose = (words: string, folder: boolean): HTMLElement[] => {
      const input = make('input');
      Object.assign(input, { type: 'file', multiple: true, hidden: true, webkitdirectory: folder });
      input.addEventListener('change', () => this.shared.arriveAsSet(arrivalsFromInput(input)));
      return [button(words, () => input.click()), input];
    };
    return make('div', 'actions set-intake', ...choose(text.setFolder, true), ...choose(text.setFiles, false), this.drawSynthetic);
  }

  /** Patches drawn here, which know their labels. */
  private async synthetic(): Promise<void> {
    this.drawSynthetic.setAttribute('aria-busy', 'true');
    try {
      const { files } = arrivalsFromPhantoms(await this.shared.engines.phantoms(1000, SYNTHETIC));
      const rows = this.shared.results.add(files);
      this.rows.give(rows.map((row) => [row, { nodule: row.synthetic?.label === 'nodule', patient: undefined }]));
      this.begin('synthetic');
      this.shared.runner.enqueue(rows);
    } catch (error) {
      this.report.say([problemOf(error).message]);
    } finally {
      this.drawSynthetic.removeAttribute('aria-busy');
    }
  }
}
