/** The scan section: opens what arrived, shows it in the viewer, and runs clicks and searches on it. */
import { thresholdInSlices } from '../../shared/heads.ts';
import { hush, sayRested } from '../../ui/announce.ts';
import { byId, oncePerFrame } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import { strings } from '../../strings/strings.ts';
import type { Finding } from '../../shared/wasm/engine-wasm.ts';
import { FindingList } from './finding-list.ts';
import { FindingExports } from './finding-exports.ts';
import { OpenScan } from './open-scan.ts';
import { HeatOverlay, acquiredIndex, drawCross, drawFindings, drawLungs, drawPatch, drawRuler } from './overlays.ts';
import { PictureAsSlice } from './picture-as-slice.ts';
import { KeptScan } from './kept-scan.ts';
import type { Opened, PictureReading } from '../../shared/loader-messages.ts';
import type { LoaderWorker } from './loader-client.ts';
import { alongPlane, clearReadout, drawReadout, whereabouts } from './readout.ts';
import { ScanHead } from './scan-head.ts';
import type { Choice } from './scan-head.ts';
import { Search } from './search.ts';
import { SearchPanel } from './search-panel.ts';
import { SpotPanel } from './spot-panel.ts';
import type { SpotEvents } from './spot-panel.ts';
import { SliceCache } from './slice-cache.ts';
import { SliceViewer } from './slice-viewer.ts';
import type { Scene } from './scene.ts';
import type { Notices } from '../shell/notices.ts';
import { wireTools } from './tools.ts';
import { WindowChoice } from './window-choice.ts';
import type { Point } from './zoom-and-pan.ts';

const text = strings.scan;

/** What a loader has opened, and which of it is in view. */
interface Session {
  loader: LoaderWorker;
  opened: Opened;
  choice: Choice | undefined;
}

export interface ScanEvents extends Pick<SpotEvents, 'looked'> {
  /** A scan was opened or closed. */
  opened(): void;
  /** The scan is out of sight: whatever else shows a part of it forgets that. */
  left(): void;
  /** It cannot be brought back: whoever computed on it must not keep it either. */
  dropped(): void;
}

export class ScanPanel {
  scan: OpenScan | undefined;
  search: Search | undefined;
  readonly viewer: SliceViewer;
  private session: Session | undefined;
  private readonly kept: KeptScan;
  private slices: SliceCache | undefined;
  private readonly spot: SpotPanel;
  private searchedBy = '';
  private readonly heat = new HeatOverlay();
  private readonly list = new FindingList((finding) => this.goTo(finding), () => this.viewer.changed());
  private readonly windows: WindowChoice;
  private readonly pictures: PictureAsSlice;
  private readonly head = new ScanHead((choice) => this.choose(choice));
  private readonly engines: Engines;
  private readonly notices: Notices;
  private readonly events: ScanEvents;
  private readonly searching: SearchPanel;
  private readonly drawSoon = oncePerFrame(() => this.draw());

  constructor(engines: Engines, notices: Notices, events: ScanEvents) {
    const { notify } = notices;
    this.engines = engines;
    this.notices = notices;
    this.kept = new KeptScan(notices);
    this.events = events;
    this.spot = new SpotPanel(engines, { classified: () => this.viewer.drawSoon(), looked: (spot) => events.looked(spot), notify });
    this.searching = new SearchPanel({
      slice: (lungsOnly) => this.run((search, z) => (z === undefined ? undefined : search.slice(z, lungsOnly))),
      volume: (lungsOnly) => this.run((search) => search.volume(lungsOnly)),
      cancel: () => this.search?.cancel(),
    });
    this.viewer = new SliceViewer(byId('slice', 'canvas'), { classify: (pixel) => this.classify(pixel), changed: () => this.drawSoon(), movedByKey: () => sayRested(() => (this.scan ? whereabouts() : '')) });
    this.viewer.overlays = [(scene) => this.overlay(scene)];
    this.windows = new WindowChoice(this.viewer, engines);
    this.pictures = new PictureAsSlice((picture, reading) => void this.readPicture(picture, reading));
    new FindingExports(() => (this.scan && this.search ? { scan: this.scan, search: this.search, viewer: this.viewer } : undefined), notify);
    wireTools(this.viewer, this.heat);
    byId('scan-close', 'button').addEventListener('click', () => {
      this.putAway();
      byId('choose-files', 'button').focus();
    });
  }

  /** Shows what a loader has opened; what was open before is closed. */
  open(loader: LoaderWorker, opened: Opened): void {
    this.close();
    this.session = { loader, opened, choice: undefined };
    this.begin(this.session);
    const first = ScanHead.first(opened);
    if (first) this.choose(first);
    byId('scan', 'section').focus();
  }

  /** For good, and with it what was kept to be brought back. */
  close(): void {
    this.kept.drop();
    const { session } = this;
    this.empty();
    session?.loader.end(new Error(text.cancelled));
  }

  /** Something was found, or is being looked for. */
  get hasWork(): boolean {
    return this.search !== undefined && (this.search.running || this.search.outcome !== undefined);
  }

  /** Closed by the user: nothing of it stays in the document, and for a while it can be brought back. */
  private putAway(): void {
    const { scan, search, session, viewer: { plane, index }, searchedBy } = this;
    this.kept.drop();
    if (!session || !scan || !search) return this.close();
    this.empty();
    // Files are named there.
    this.notices.clearTold();
    this.kept.keep(() => {
      // Nothing new can be there: it would have dropped this one.
      this.session = session;
      this.begin(session);
      if (searchedBy !== this.searchedBy) search.forget();
      this.show(scan, session.choice, search);
      this.viewer.show(plane, index);
      byId('scan', 'section').focus();
    }, () => {
      session.loader.end(new Error(text.cancelled));
      this.events.dropped();
    });
  }

  private begin({ opened }: Session): void {
    this.pictures.offer(opened.pictures);
    this.head.offer(opened);
    document.body.classList.add('has-scan');
    byId('scan', 'section').hidden = false;
  }

  /** No scan is in view, and nothing of one is left in the document. */
  private empty(): void {
    const had = this.session !== undefined;
    this.search?.cancel();
    this.search = undefined;
    this.scan = undefined;
    this.session = undefined;
    // What it still waits for fails with its loader, and must not be taken for the next scan's failure.
    this.slices?.close();
    this.slices = undefined;
    this.spot.forget();
    this.list.clear();
    this.head.clear();
    this.pictures.offer([]);
    this.searching.clear();
    this.windows.clear();
    this.viewer.close();
    clearReadout();
    document.body.classList.remove('has-scan');
    byId('scan', 'section').hidden = true;
    hush();
    if (had) this.events.left();
    this.events.opened();
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

  private choose(choice: Choice): void {
    const { session } = this;
    if (!session) return;
    if (choice.kind === 'picture') return this.pictures.choose(choice.at);
    const series = session.opened.series[choice.at];
    if (series) this.show(new OpenScan(session.loader, choice.at, series), choice);
  }

  private show(scan: OpenScan, choice: Choice | undefined, search = new Search(this.engines, scan, () => this.viewer.changed())): void {
    if (!this.session || !choice) return;
    this.search?.cancel();
    this.session.choice = choice;
    this.scan = scan;
    this.search = search;
    this.spot.forget();
    this.list.clear();
    const { info, planes } = scan.series;
    this.head.draw(scan.series, choice);
    this.pictures.draw(info.format === 'picture');
    this.windows.open(info);
    this.slices?.close();
    this.slices = new SliceCache((plane, index) => scan.shown(plane, index), () => this.viewer.changed(), (error) => this.lost(error, true));
    this.viewer.open(this.slices, planes);
    this.viewer.show(scan.acquired);
    this.events.opened();
    this.gauge();
  }

  private async readPicture(at: number, reading: PictureReading): Promise<void> {
    const { session } = this;
    if (!session) return;
    try {
      const { index, series } = await session.loader.ask({ kind: 'picture', picture: at, reading });
      // Another scan, or another picture of this one, came first.
      if (session === this.session && this.pictures.isCurrent(at, reading)) this.show(new OpenScan(session.loader, index, series), { kind: 'picture', at });
    } catch (error) {
      if (session !== this.session) return;
      this.head.mark(session.choice);
      this.lost(error);
    }
  }

  /** The loader could not do something; where it is gone for good, the volume is, too. A slice says in its place why it is not there. */
  private lost(error: unknown, slice = false): void {
    const { session } = this;
    if (!session) return;
    const why = error instanceof Error ? error.message : String(error);
    if (!session.loader.alive) {
      this.notices.notify(text.lost(why));
      this.close();
      this.events.dropped();
    } else if (slice) this.viewer.changed();
    else this.notices.notify(text.notShown(why));
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
    const findings = this.list.of(search.outcome);
    drawFindings(scene, scan, findings, this.list.rank(findings));
    drawCross(scene, this.viewer.cross);
    drawRuler(scene, this.viewer.ruler);
  }

  private draw(): void {
    const { engines, scan, search, viewer } = this;
    const info = viewer.info;
    if (!scan || !search || !info) return;
    this.windows.draw();
    drawReadout(viewer, info, scan, alongPlane(viewer, scan, search), engines.model ? thresholdInSlices(engines.model) : 1);
    this.searching.draw(search, acquiredIndex(scan, viewer), scan.depth, engines.model !== undefined);
    this.list.draw(search.outcome, scan);
  }

  /** What goes wrong with a search is told, unless its scan was closed and took it with it. */
  private run(work: (search: Search, z: number | undefined) => Promise<void> | undefined): void {
    const { scan, search } = this;
    if (!scan || !search) return;
    work(search, acquiredIndex(scan, this.viewer))?.catch((error: unknown) => {
      if (this.search === search) this.notices.notify(error instanceof Error ? error.message : String(error));
    });
  }
}
