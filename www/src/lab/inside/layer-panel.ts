/** A layer as a whole: its maps on the patch, its kernels, or how large its numbers are. */
import { make, setText } from '../../dom.ts';
import { figure, insideText as text } from '../../strings-inside.ts';
import type { Lab } from '../lab.ts';
import { evenly, paintBar, scaleOf } from './colours.ts';
import type { Scale } from './colours.ts';
import { MapGrid } from './grid.ts';
import type { GridEvents } from './grid.ts';
import { HistogramPicture } from './histogram.ts';
import type { Place } from './inside-wasm.ts';
import { radios } from './radios.ts';
import { dimsAt } from './scene.ts';
import type { Scene } from './scene.ts';

export const SHOWS = ['maps', 'kernels', 'histogram'] as const;
export type Show = (typeof SHOWS)[number];
export type Scaling = 'shared' | 'own';

const BINS = 40;

export interface PanelState {
  place: Place;
  show: Show;
  scaling: Scaling;
  /** Input channel whose kernels are shown. */
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
  private readonly shows = radios('inside-show', text.showLegend, { maps: text.showMaps, kernels: text.showKernels, histogram: text.showHistogram }, (show) => this.chosen({ show }));
  private readonly scales = radios('inside-scale', text.scaleLegend, { shared: text.scaleShared, own: text.scaleOwn }, (scaling) => this.chosen({ scaling }));
  private readonly chosen: (change: Partial<PanelState>) => void;
  private readonly lab: Lab;
  private turn = 0;

  constructor(lab: Lab, events: GridEvents, chosen: (change: Partial<PanelState>) => void) {
    this.lab = lab;
    this.chosen = chosen;
    this.grid = new MapGrid(events);
    this.kernels = new MapGrid({ chosen: ({ channel }) => events.chosen({ ...this.place, channel }) });
    this.bar.setAttribute('aria-hidden', 'true');
    this.help.id = text.mapsHelpId;
    this.legend.append(this.bar, this.legendText);
    this.element.append(this.shows.element, this.title, this.scales.element, this.grid.element, this.kernels.element, this.histogram.element, this.legend, this.note, this.help);
  }

  private place: Place = { layer: 0, channel: 0, y: 0, x: 0 };

  /** `common`: a scale that another picture shares. */
  async show(scene: Scene, { place, show, scaling, input }: PanelState, common?: Scale): Promise<void> {
    this.place = place;
    const turn = (this.turn += 1);
    const traced = scene.traced[place.layer];
    if (!traced) return;
    this.shows.check(show);
    this.scales.check(scaling);
    this.scales.element.hidden = show !== 'maps' || dimsAt(scene, place.layer)[0] === 1;
    this.grid.element.hidden = this.help.hidden = show !== 'maps';
    this.histogram.element.hidden = show !== 'histogram';
    if (show === 'maps') {
      setText(this.title, text.mapsTitle(traced.name));
      this.kernels.element.hidden = this.note.hidden = true;
      const scale = scaling === 'own' ? undefined : (common ?? scaleOf(traced.values, place.layer === 0));
      this.grid.show({ traced, layer: place.layer, scale, label: text.mapsTitle(traced.name) });
      this.grid.choose(place);
      this.colours(scale);
    } else if (show === 'kernels') {
      setText(this.title, text.kernelsTitle(traced.name));
      const asked = input ?? 0;
      const { kernels } = place.layer === 0 ? { kernels: undefined } : await this.lab.ask('kernels', { layer: place.layer, input: Math.min(asked, dimsAt(scene, place.layer - 1)[0] - 1) }, { network: scene.file });
      if (turn !== this.turn) return;
      this.note.hidden = false;
      this.kernels.element.hidden = this.legend.hidden = !kernels;
      setText(this.note, kernels ? text.kernelsNote(kernels.shape[1], kernels.shape[2], Math.min(asked, kernels.inputs - 1), kernels.inputs) : text.kernelsNone);
      if (!kernels) return;
      const scale = evenly(kernels.largest);
      this.kernels.show({ traced: { name: traced.name, shape: kernels.shape, values: kernels.values }, layer: place.layer, scale, label: text.kernelsLabel(traced.name) });
      this.kernels.choose(place);
      this.colours(scale);
    } else {
      setText(this.title, text.histogramTitle(traced.name));
      this.kernels.element.hidden = this.note.hidden = this.legend.hidden = true;
      const found = await this.lab.ask('histogram', { values: scene.values, layer: place.layer, channel: undefined, bins: BINS }, { network: scene.file });
      if (turn === this.turn) this.histogram.show(found, traced.name);
    }
  }

  /** The place alone has changed, within the layer. */
  choose(place: Place): void {
    this.place = place;
    this.grid.choose(place);
    this.kernels.choose(place);
  }

  private colours(scale: Scale | undefined): void {
    this.legend.hidden = false;
    this.bar.hidden = !scale;
    if (scale) paintBar(this.bar, scale);
    setText(this.legendText, scale ? text.legend(figure(scale.low, 2), figure(scale.high, 2)) : text.legendOwn);
  }
}
