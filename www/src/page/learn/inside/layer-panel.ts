/** A layer as a whole: its maps on the patch, its kernels, or how large its numbers are. */
import { make, setText } from '../../../ui/dom.ts';
import { figure, insideText as text } from '../../../strings/inside.ts';
import type { Lab } from '../lab-client.ts';
import { evenly, paintBar, scaleOf } from './colour-scales.ts';
import type { Scale } from './colour-scales.ts';
import { MapGrid } from './grid.ts';
import type { GridEvents } from './grid.ts';
import { HistogramPicture } from './histogram.ts';
import type { Unit } from '../../../shared/wasm/inside-wasm.ts';
import { radios } from '../../../ui/radios.ts';
import { beforeOf, clamp, dimsAt, isPicture } from './scene.ts';
import type { Scene } from './scene.ts';

export const SHOWS = ['maps', 'kernels', 'histogram'] as const;
export type Show = (typeof SHOWS)[number];
export type Scaling = 'shared' | 'own';

const BINS = 40;
/** Between two kernels; their weights are large on the screen. */
const KERNEL_GAP = 0.12;

export interface PanelState {
  unit: Unit;
  show: Show;
  scaling: Scaling;
  /** Input channel that the kernels shown are for. */
  input: number | undefined;
}

export class LayerPanel {
  readonly element = make('section', 'layer-panel');
  private readonly title = make('h4');
  private readonly grid: MapGrid;
  private readonly kernels: MapGrid;
  private readonly histogram = new HistogramPicture();
  private readonly legend = make('p', 'colour-legend quiet');
  private readonly bar = make('canvas', 'colour-bar');
  private readonly legendText = make('span');
  private readonly help = make('p', 'quiet', text.mapsHelp);
  private readonly note = make('p', 'quiet');
  private readonly input = make('input');
  private readonly inputLabel = make('label', 'field', text.inputChannel, this.input);
  private readonly shows = radios('inside-show', text.showLegend, { maps: text.showMaps, kernels: text.showKernels, histogram: text.showHistogram }, (show) => this.chosen({ show }));
  private readonly scales = radios('inside-scale', text.scaleLegend, { shared: text.scaleShared, own: text.scaleOwn }, (scaling) => this.chosen({ scaling }));
  private readonly chosen: (change: Partial<PanelState>) => void;
  private readonly lab: Lab;
  private turn = 0;

  constructor(lab: Lab, events: GridEvents, chosen: (change: Partial<PanelState>) => void) {
    this.lab = lab;
    this.chosen = chosen;
    this.grid = new MapGrid(events);
    this.kernels = new MapGrid({ chosen: ({ channel }) => events.chosen({ ...this.unit, channel }) });
    this.bar.setAttribute('aria-hidden', 'true');
    this.input.type = 'number';
    this.input.min = '0';
    this.input.addEventListener('change', () => chosen({ input: clamp(Number(this.input.value), Number(this.input.max) + 1) }));
    this.help.id = text.mapsHelpId;
    this.legend.append(this.bar, this.legendText);
    this.element.append(this.shows.element, this.title, this.scales.element, this.inputLabel, this.grid.element, this.kernels.element, this.histogram.element, this.legend, this.note, this.help);
  }

  private unit: Unit = { layer: 0, channel: 0, y: 0, x: 0 };

  /** `common`: a scale that another picture shares. */
  async show(scene: Scene, { unit, show, scaling, input }: PanelState, common?: Scale): Promise<void> {
    this.unit = unit;
    const turn = (this.turn += 1);
    const traced = scene.traced[unit.layer];
    if (!traced) return;
    this.shows.check(show);
    this.scales.check(scaling);
    this.scales.element.hidden = show !== 'maps' || dimsAt(scene, unit.layer)[0] === 1;
    this.grid.element.hidden = this.help.hidden = show !== 'maps';
    this.histogram.element.hidden = show !== 'histogram';
    this.inputLabel.hidden = true;
    if (show === 'maps') {
      setText(this.title, text.mapsTitle(traced.name));
      this.kernels.element.hidden = this.note.hidden = true;
      const scale = scaling === 'own' ? undefined : (common ?? scaleOf(traced.values, isPicture(scene, unit.layer)));
      this.grid.show({ traced, layer: unit.layer, scale, label: text.mapsTitle(traced.name) });
      this.grid.choose(unit);
      this.colours(scale);
    } else if (show === 'kernels') {
      setText(this.title, text.kernelsTitle(traced.name));
      await this.showKernels(scene, unit, input ?? 0, turn);
    } else {
      setText(this.title, text.histogramTitle(traced.name));
      this.kernels.element.hidden = this.note.hidden = this.legend.hidden = true;
      const found = await this.lab.ask('histogram', { values: scene.values, layer: unit.layer, channel: undefined, bins: BINS }, { network: scene.file });
      if (turn === this.turn) this.histogram.show(found, traced.name);
    }
  }

  private async showKernels(scene: Scene, { layer, ...unit }: Unit, input: number, turn: number): Promise<void> {
    const before = beforeOf(scene, layer);
    const asked = before === undefined ? 0 : Math.min(input, dimsAt(scene, before)[0] - 1);
    const { kernels } = before === undefined ? { kernels: undefined } : await this.lab.ask('kernels', { values: scene.values, layer, input: asked }, { network: scene.file });
    if (turn !== this.turn) return;
    this.note.hidden = false;
    this.kernels.element.hidden = this.legend.hidden = !kernels;
    if (!kernels) return setText(this.note, text.kernelsNone);
    const { shape: [units, rows, columns], inputs, values, largest } = kernels;
    const name = scene.traced[layer]?.name ?? '';
    const channel = Math.min(asked, inputs - 1);
    this.inputLabel.hidden = inputs === 1;
    this.input.max = String(inputs - 1);
    this.input.value = String(channel);
    // A row of all features is easier to see in several lines.
    const line = rows === 1 ? 2 ** Math.ceil(Math.log2(columns) / 2) : columns;
    const folded = columns % line === 0 ? [columns / line, line] as const : [1, columns] as const;
    const [high, wide] = rows === 1 ? folded : [rows, columns];
    setText(this.note, text.kernelsNote(rows, columns, inputs > 1 ? channel : undefined, rows === 1 && high > 1 ? wide : undefined));
    const scale = evenly(largest);
    this.kernels.show({ traced: { name, shape: [units, high, wide], values }, layer, scale, label: text.kernelsLabel(name), gap: KERNEL_GAP });
    this.kernels.choose({ layer, ...unit });
    this.colours(scale);
  }

  forget(): void {
    this.turn += 1;
    this.grid.forget();
    this.kernels.forget();
  }

  /** The unit alone has changed, within the layer. */
  choose(unit: Unit): void {
    this.unit = unit;
    this.grid.choose(unit);
    this.kernels.choose(unit);
  }

  private colours(scale: Scale | undefined): void {
    this.legend.hidden = false;
    this.bar.hidden = !scale;
    if (scale) paintBar(this.bar, scale);
    setText(this.legendText, scale ? text.legend(figure(scale.low, 2), figure(scale.high, 2)) : text.legendOwn);
  }
}
