/** The scan section: opens what arrived, shows it in the viewer, and runs clicks and searches on it. */
import { byId, make, oncePerFrame, setText } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import { strings } from '../../strings/strings.ts';
import type { Finding } from '../../shared/wasm/engine-wasm.ts';
import { FindingList, drawAlongZ } from './finding-list.ts';
import { FindingExports } from './finding-exports.ts';
import type { Tool } from './viewer-input.ts';
import { HeaderPanel } from './dicom-header.ts';
import { OpenScan } from './open-scan.ts';
import { HeatOverlay, acquiredIndex, drawCross, drawFindings, drawLungs, drawPatch, drawRuler } from './overlays.ts';
import { PictureAsSlice } from './picture-as-slice.ts';
import type { Opened } from '../../shared/loader-messages.ts';
import type { LoaderWorker } from './loader-client.ts';
import type { Plane, SeriesOut } from '../../shared/wasm/loader-wasm.ts';
import { Search } from './search.ts';
import { SearchPanel } from './search-panel.ts';
import { SpotPanel } from './spot-panel.ts';
import type { SpotEvents } from './spot-panel.ts';
import { SliceCache } from './slice-cache.ts';
import { SliceViewer } from './slice-viewer.ts';
import type { Scene } from './slice-viewer.ts';
import type { Point } from './zoom-and-pan.ts';
import { WindowChoice } from './window-choice.ts';

const text = strings.scan;

export class ScanPanel {
  scan: OpenScan | undefined;
  search: Search | undefined;
  readonly viewer: SliceViewer;
  private loader: LoaderWorker | undefined;
  private slices: SliceCache | undefined;
  private series: SeriesOut[] = [];
  private readonly spot: SpotPanel;
  private searchedBy = '';
  private readonly heat = new HeatOverlay();
  private readonly list = new FindingList((finding) => this.goTo(finding), () => this.viewer.changed());
  private readonly windows: WindowChoice;
  private readonly pictures: PictureAsSlice;
  private readonly header = new HeaderPanel();
  private readonly engines: Engines;
  private readonly notify: (...text: string[]) => void;
  private readonly opened: () => void;
  private readonly searching: SearchPanel;
  private readonly drawSoon = oncePerFrame(() => this.draw());

  /** `opened`: called when a scan was opened or closed; `looked`: when a spot was classified. */
  constructor(engines: Engines, notify: (...text: string[]) => void, opened: () => void, looked: SpotEvents['looked']) {
    this.engines = engines;
    this.notify = notify;
    this.opened = opened;
    this.spot = new SpotPanel(engines, { classified: () => this.viewer.drawSoon(), looked, notify });
    this.searching = new SearchPanel({
      slice: (lungsOnly) => this.run((search, z) => (z === undefined ? undefined : search.slice(z, lungsOnly))),
      volume: (lungsOnly) => this.run((search) => search.volume(lungsOnly)),
      cancel: () => this.search?.cancel(),
    });
    this.viewer = new SliceViewer(byId('slice', 'canvas'), { classify: (pixel) => this.classify(pixel), changed: () => this.drawSoon() });
    this.viewer.overlays = [(scene) => this.overlay(scene)];
    this.windows = new WindowChoice(this.viewer, engines);
    this.pictures = new PictureAsSlice((picture, reading) => void this.readPicture(picture, reading));
    new FindingExports(() => (this.scan && this.search ? { scan: this.scan, search: this.search, viewer: this.viewer } : undefined), notify);
    this.wire();
  }

  /** Shows what a loader has opened; what was open before is closed. */
  open(loader: LoaderWorker, { series, pictures }: Opened): void {
    this.close();
    this.loader = loader;
    this.series = series;
    this.pictures.offer(pictures);
    const select = byId('series', 'select');
    select.replaceChildren(...series.map(({ info, geometry }, at) => new Option(`${info.title} (${geometry.size[2]})`, String(at))));
    byId('series-label', 'label').hidden = series.length < 2;
    document.body.classList.add('has-scan');
    byId('scan', 'section').hidden = false;
    // The longest series is the one that was meant; a scout view is a slice or two.
    const first = series.reduce((best, { geometry }, at) => (geometry.size[2] > (series[best]?.geometry.size[2] ?? 0) ? at : best), 0);
    if (series.length > 0) this.choose(first);
    else if (pictures[0]) this.pictures.choose(0);
    byId('scan', 'section').focus();
  }

  close(): void {
    this.search?.cancel();
    this.search = undefined;
    this.scan = undefined;
    // What it still waits for fails with its loader, and must not be taken for the next scan's failure.
    this.slices?.close();
    this.slices = undefined;
    this.loader?.end(new Error(text.cancelled));
    this.loader = undefined;
    this.forgetSpot();
    this.viewer.open(undefined, undefined);
    document.body.classList.remove('has-scan');
    byId('scan', 'section').hidden = true;
    this.opened();
  }

  /** The engine or the network changed. */
  engineChanged(): void {
    const { model } = this.engines;
    if (model && this.searchedBy && model.modelId !== this.searchedBy) {
      this.search?.forget();
      this.gauge();
      const { answer } = this.spot;
      if (answer && this.scan) void this.spot.classify(this.scan, answer.z, answer.pixel);
    }
    this.searchedBy = model?.modelId ?? '';
    this.windows.draw();
    this.drawSoon();
  }

  /** The estimate is a comfort: where it fails, whatever failed will be told when it matters. */
  private gauge(): void {
    const { scan, search } = this;
    if (scan && scan.depth > 1) search?.gauge(Math.floor(scan.depth / 2)).catch(() => undefined);
  }

  private choose(at: number): void {
    const series = this.series[at];
    if (!series || !this.loader) return;
    byId('series', 'select').value = String(at);
    this.show(new OpenScan(this.loader, at, series));
  }

  private show(scan: OpenScan): void {
    this.search?.cancel();
    this.scan = scan;
    this.search = new Search(this.engines, scan, () => this.viewer.changed());
    this.forgetSpot();
    const { info, geometry } = scan.series;
    setText(byId('scan-title', 'h2'), info.title);
    setText(byId('scan-line', 'p'), text.line(info.format, geometry.size, geometry.spacingMm));
    this.remarks(scan.series);
    this.header.draw(info);
    byId('findings-sr', 'button').hidden = info.format !== 'DICOM';
    this.pictures.draw(info.format === 'picture');
    this.windows.open(info);
    this.slices?.close();
    this.slices = new SliceCache((plane, index) => scan.shown(plane, index), () => this.viewer.changed(), (error) => this.lost(error));
    this.viewer.open(this.slices, scan.series.planes);
    this.viewer.show(scan.acquired);
    this.opened();
    this.gauge();
  }

  private remarks({ info, concerns, warnings }: SeriesOut): void {
    const lines = [
      ...(info.synthetic ? [{ message: text.synthetic, outside: false }] : []),
      ...concerns,
      ...(info.burnedIn || info.format === 'picture' ? [{ message: text.burnedIn, outside: false }] : []),
      ...warnings.map(({ message }) => ({ message, outside: false })),
    ];
    byId('scan-remarks', 'div').replaceChildren(...lines.map(({ message, outside }) => make('p', outside ? 'remark outside' : 'remark', message)));
  }

  private async readPicture(picture: number, reading: { center: number; width: number; pixelMm: number }): Promise<void> {
    if (!this.loader) return;
    try {
      const { index, series } = await this.loader.ask({ kind: 'picture', picture, reading });
      this.show(new OpenScan(this.loader, index, series));
    } catch (error) {
      this.lost(error);
    }
  }

  /** The loader could not do something; where it is gone for good, the volume is, too. */
  private lost(error: unknown): void {
    if (!this.scan) return;
    if (this.loader?.alive) return this.notify(text.notShown(error instanceof Error ? error.message : String(error)));
    this.notify(text.lost(error instanceof Error ? error.message : String(error)));
    this.close();
  }

  private forgetSpot(): void {
    this.spot.forget();
    this.list.draw(undefined);
  }

  private classify(shown: Point): void {
    const { scan, viewer } = this;
    if (!scan) return;
    const z = acquiredIndex(scan, viewer);
    if (z === undefined) return this.spot.forget(text.onlyAcquired);
    const [x, y] = scan.voxel(viewer.plane, [shown.x, shown.y, viewer.index]);
    void this.spot.classify(scan, z, [Math.round(x), Math.round(y)]);
  }

  private goTo({ voxel }: Finding): void {
    const { scan } = this;
    if (!scan) return;
    const plane = this.viewer.plane;
    const [column, row, index] = scan.pixel(plane, voxel);
    this.viewer.show(plane, index);
    this.viewer.cross = { x: column, y: row };
    this.viewer.view.reveal(this.viewer.cross);
    this.viewer.changed();
    void this.spot.classify(scan, voxel[2], [Math.round(voxel[0]), Math.round(voxel[1])]);
  }

  private overlay(scene: Scene): void {
    const { scan, search, spot: { answer } } = this;
    if (!scan || !search) return;
    const z = acquiredIndex(scan, scene);
    if (z !== undefined) {
      this.heat.draw(scene, scan, search.maps.get(z));
      if (byId('show-lungs', 'input').checked) {
        const inside = search.lungs.get(z);
        if (inside) drawLungs(scene, scan, inside);
        else search.lungsOf(z).then(() => this.viewer.drawSoon(), () => undefined);
      }
    }
    if (answer) {
      const side = this.engines.method?.patchSize ?? 0;
      drawPatch(scene, scan, answer.z, answer.pixel, [side, side], answer.spot.prediction.decision === 'nodule');
    }
    drawFindings(scene, scan, this.list.of(search.outcome), this.list.chosen);
    drawCross(scene, this.viewer.cross);
    drawRuler(scene, this.viewer.ruler);
  }

  private draw(): void {
    const { engines, scan, search, viewer } = this;
    const info = viewer.info;
    if (!scan || !search || !info) return;
    const canvas = byId('slice', 'canvas');
    canvas.dataset['tool'] = viewer.tool;
    canvas.setAttribute('aria-label', text.canvas(viewer.plane, viewer.index, info.count));
    const range = byId('slice-range', 'input');
    range.max = String(info.count - 1);
    range.value = String(viewer.index);
    for (const input of document.querySelectorAll<HTMLInputElement>('input[name=plane]')) input.checked = input.value === viewer.plane;
    this.windows.draw();
    const world = viewer.cross && viewer.worldAt(viewer.cross);
    setText(byId('probe', 'p'), viewer.cross && world ? text.probe(viewer.huAt(viewer.cross), world) : '');
    drawAlongZ(byId('along-z', 'canvas'), this.alongPlane(scan, search), viewer.index, engines.model?.threshold ?? 1);
    this.searching.draw(search, acquiredIndex(scan, viewer), scan.depth, engines.model !== undefined);
    this.list.draw(search.outcome);
  }

  /** The probabilities along the acquired slices in the order of the display; nothing in another plane. */
  private alongPlane(scan: OpenScan, search: Search): (number | undefined)[] {
    if (this.viewer.plane !== scan.acquired) return new Array<undefined>(this.viewer.info?.count ?? 0).fill(undefined);
    const first = acquiredIndex(scan, { plane: scan.acquired, index: 0 });
    return first === 0 ? search.alongZ : [...search.alongZ].reverse();
  }

  /** What goes wrong with a search is told, unless its scan was closed and took it with it. */
  private run(work: (search: Search, z: number | undefined) => Promise<void> | undefined): void {
    const { scan, search } = this;
    if (!scan || !search) return;
    work(search, acquiredIndex(scan, this.viewer))?.catch((error: unknown) => {
      if (this.search === search) this.notify(error instanceof Error ? error.message : String(error));
    });
  }

  private wire(): void {
    const { viewer } = this;
    for (const input of document.querySelectorAll<HTMLInputElement>('input[name=tool]')) {
      input.addEventListener('change', () => {
        viewer.tool = input.value as Tool;
        viewer.changed();
      });
    }
    for (const input of document.querySelectorAll<HTMLInputElement>('input[name=plane]')) {
      input.addEventListener('change', () => viewer.show(input.value as Plane));
    }
    byId('fit', 'button').addEventListener('click', () => viewer.fit());
    byId('slice-range', 'input').addEventListener('input', (event) => viewer.show(viewer.plane, Number((event.target as HTMLInputElement).value)));
    byId('series', 'select').addEventListener('change', (event) => this.choose(Number((event.target as HTMLSelectElement).value)));
    byId('scan-close', 'button').addEventListener('click', () => {
      this.close();
      byId('choose-files', 'button').focus();
    });
    byId('show-lungs', 'input').addEventListener('change', () => viewer.drawSoon());
    byId('show-heat', 'input').addEventListener('change', (event) => {
      this.heat.visible = (event.target as HTMLInputElement).checked;
      viewer.drawSoon();
    });
    byId('heat-opacity', 'input').addEventListener('input', (event) => {
      this.heat.opacity = Number((event.target as HTMLInputElement).value) / 100;
      viewer.drawSoon();
    });
  }
}
