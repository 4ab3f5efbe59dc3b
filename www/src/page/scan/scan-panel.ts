/** The scan section: opens what arrived, shows it in the viewer, and runs clicks and searches on it. */
import { whyLink } from '../patches/selected-patch.ts';
import { byId, drawGrey, make, oncePerFrame, setText } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import { percent } from '../../ui/numbers.ts';
import { strings } from '../../strings/strings.ts';
import type { Finding, ModelInfo, SliceIn, Spot } from '../../shared/wasm/engine-wasm.ts';
import { FindingList, drawAlongZ } from './finding-list.ts';
import { FindingExports } from './finding-exports.ts';
import type { Tool } from './gestures.ts';
import { HeaderPanel } from './dicom-header.ts';
import { OpenScan } from './open-scan.ts';
import { HeatOverlay, acquiredIndex, drawCross, drawFindings, drawLungs, drawPatch, drawRuler } from './overlays.ts';
import { PictureAsSlice } from './picture-as-slice.ts';
import type { Opened } from '../../shared/loader-messages.ts';
import type { LoaderWorker } from './loader-client.ts';
import type { Plane, SeriesOut } from '../../shared/wasm/loader-wasm.ts';
import { Search } from './search.ts';
import { Slices } from './slice-cache.ts';
import { Viewer } from './slice-viewer.ts';
import type { Scene } from './slice-viewer.ts';
import type { Point } from './zoom-and-pan.ts';
import { WindowChoice } from './window-choice.ts';

const text = strings.scan;

interface SpotAnswer {
  z: number;
  pixel: [number, number];
  spot: Spot;
  model: ModelInfo;
}

export class ScanPanel {
  scan: OpenScan | undefined;
  search: Search | undefined;
  readonly viewer: Viewer;
  private loader: LoaderWorker | undefined;
  private slices: Slices | undefined;
  private series: SeriesOut[] = [];
  private spot: SpotAnswer | undefined;
  private asking = 0;
  private searchedBy = '';
  private readonly heat = new HeatOverlay();
  private readonly list = new FindingList((finding) => this.goTo(finding), () => this.viewer.changed());
  private readonly windows: WindowChoice;
  private readonly pictures: PictureAsSlice;
  private readonly header = new HeaderPanel();
  private readonly engines: Engines;
  private readonly notify: (...text: string[]) => void;
  private readonly opened: () => void;
  private readonly looked: (spot: { slice: SliceIn; pixel: [number, number] }) => void;
  private readonly drawSoon = oncePerFrame(() => this.draw());

  /** `opened`: called when a scan was opened or closed; `looked`: when a spot was classified. */
  constructor(engines: Engines, notify: (...text: string[]) => void, opened: () => void, looked: ScanPanel['looked']) {
    this.engines = engines;
    this.notify = notify;
    this.opened = opened;
    this.looked = looked;
    this.viewer = new Viewer(byId('slice', 'canvas'), { classify: (pixel) => void this.classify(pixel), changed: () => this.drawSoon() });
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
      if (this.spot) void this.classifyVoxel(this.spot.z, this.spot.pixel);
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
    this.slices = new Slices((plane, index) => scan.shown(plane, index), () => this.viewer.changed(), (error) => this.lost(error));
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
    this.spot = undefined;
    this.asking += 1;
    this.list.draw(undefined);
    byId('spot', 'div').hidden = true;
    byId('spot-empty', 'p').hidden = false;
    setText(byId('spot-empty', 'p'), strings.html.spotEmpty);
  }

  private async classify(shown: Point): Promise<void> {
    const { scan, viewer } = this;
    if (!scan) return;
    const z = acquiredIndex(scan, viewer);
    if (z === undefined) {
      this.forgetSpot();
      setText(byId('spot-empty', 'p'), text.onlyAcquired);
      return;
    }
    const [x, y] = scan.voxel(viewer.plane, [shown.x, shown.y, viewer.index]);
    await this.classifyVoxel(z, [Math.round(x), Math.round(y)]);
  }

  private async classifyVoxel(z: number, pixel: [number, number]): Promise<void> {
    const { scan } = this;
    if (!scan) return;
    const asked = (this.asking += 1);
    try {
      const slice = await scan.sliceIn(z);
      const { spot, model } = await this.engines.work(async (worker, current) => ({ ...(await worker.ask({ kind: 'spot', slice, pixel })), model: current }));
      // Another click, or another scan, came first.
      if (asked !== this.asking) return;
      this.spot = { z, pixel, spot, model };
      this.drawSpot(scan, this.spot);
      this.viewer.drawSoon();
      this.looked({ slice, pixel });
    } catch (error) {
      if (asked === this.asking) this.notify(error instanceof Error ? error.message : String(error));
    }
  }

  private drawSpot(scan: OpenScan, { pixel, spot, z, model }: SpotAnswer): void {
    const { method } = this.engines;
    if (!method) return;
    byId('spot', 'div').hidden = false;
    byId('spot-empty', 'p').hidden = true;
    drawGrey(byId('spot-picture', 'canvas'), spot.grey, method.patchSize);
    const { decision, probability } = spot.prediction;
    const { planes } = scan.series;
    const shown = scan.pixel(scan.acquired, [...pixel, z]);
    const world = this.viewer.worldOf(planes[scan.acquired], shown);
    byId('spot-body', 'div').replaceChildren(
      make('p', 'headline-decision', strings.decision[decision]),
      make('p', '', make('span', 'big-number', percent(probability)), ' ', make('span', 'unit', strings.detail.threshold(model.threshold))),
      make('p', 'quiet', text.at(z, world)),
      make('p', '', whyLink(() => void scan.sliceIn(z).then((slice) => this.looked({ slice, pixel })))),
      ...(spot.note ? [make('p', 'quiet', spot.note)] : []),
    );
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
    void this.classifyVoxel(voxel[2], [Math.round(voxel[0]), Math.round(voxel[1])]);
  }

  private overlay(scene: Scene): void {
    const { scan, search, spot } = this;
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
    if (spot) {
      const side = this.engines.method?.patchSize ?? 0;
      drawPatch(scene, scan, spot.z, spot.pixel, [side, side], spot.spot.prediction.decision === 'nodule');
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
    this.drawSearch(search, acquiredIndex(scan, viewer));
    this.list.draw(search.outcome);
  }

  /** The probabilities along the acquired slices in the order of the display; nothing in another plane. */
  private alongPlane(scan: OpenScan, search: Search): (number | undefined)[] {
    if (this.viewer.plane !== scan.acquired) return new Array<undefined>(this.viewer.info?.count ?? 0).fill(undefined);
    const first = acquiredIndex(scan, { plane: scan.acquired, index: 0 });
    return first === 0 ? search.alongZ : [...search.alongZ].reverse();
  }

  private drawSearch(search: Search, z: number | undefined): void {
    const { outcome, progress, running, perSlice } = search;
    const ready = this.engines.model !== undefined && !running;
    byId('scan-slice', 'button').disabled = !ready || z === undefined;
    byId('scan-volume', 'button').disabled = !ready;
    byId('scan-volume', 'button').hidden = (this.scan?.depth ?? 0) < 2;
    byId('scanning', 'div').hidden = !progress;
    const bar = byId('scanning-progress', 'progress');
    if (progress) {
      bar.max = Math.max(1, progress.total);
      bar.value = progress.done;
    }
    const depth = this.scan?.depth ?? 1;
    setText(byId('scan-estimate', 'p'), perSlice !== undefined && !progress && depth > 1 && outcome?.what !== 'volume' ? text.estimate(perSlice, perSlice * depth, depth) : '');
    let line = '';
    if (progress?.what === 'slice') line = text.scanningSlice(progress.done, progress.total);
    else if (progress) line = text.scanningVolume(progress.done, progress.total, progress.left);
    else if (outcome) {
      const what = outcome.what === 'slice' ? text.slice(outcome.index) : text.volume;
      const notes = outcome.notes.map((note) => (note === 'no-lung' ? text.noLung(outcome.index) : note));
      line = [outcome.whole ? text.done(outcome.findings.length, what, outcome.milliseconds) : text.stopped(outcome.findings.length), ...notes].join(' ');
    } else if (z === undefined) line = text.onlyAcquired;
    setText(byId('scanning-text', 'p'), line);
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
    const lungsOnly = byId('lungs-only', 'input');
    const guarded = (work: () => Promise<void> | undefined) => () => {
      const { search } = this;
      work()?.catch((error: unknown) => {
        // A scan that has been closed took its search with it.
        if (this.search === search) this.notify(error instanceof Error ? error.message : String(error));
      });
    };
    byId('scan-slice', 'button').addEventListener('click', guarded(() => {
      const z = this.scan && acquiredIndex(this.scan, viewer);
      return z === undefined ? undefined : this.search?.slice(z, lungsOnly.checked);
    }));
    byId('scan-volume', 'button').addEventListener('click', guarded(() => this.search?.volume(lungsOnly.checked)));
    byId('scanning-cancel', 'button').addEventListener('click', () => this.search?.cancel());
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
