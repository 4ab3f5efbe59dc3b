/**
 * The slice viewer: one canvas, drawn at most once a frame. It shows what `SliceCache` has, turns pointer, wheel, touch and
 * keys into pan, zoom, scroll, window and clicks, and knows nothing of networks; overlays are drawn by who adds them.
 */
import { oncePerFrame } from '../../ui/dom.ts';
import { Gestures } from './viewer-input.ts';
import type { Tool } from './viewer-input.ts';
import type { Hu, Plane, PlaneInfo } from '../../shared/wasm/loader-wasm.ts';
import type { SliceCache } from './slice-cache.ts';
import { View } from './zoom-and-pan.ts';
import type { Point } from './zoom-and-pan.ts';
import { GreyTable } from './display-window.ts';
import type { DisplayWindow } from './display-window.ts';
import type { Scene } from './scene.ts';
import { drawInstead, drawTexts } from './slice-texts.ts';

export interface ViewerEvents {
  /** A pixel of the slice was clicked with the classify tool, or Enter was pressed. */
  classify(pixel: Point): void;
  /** Slice, plane, window or cross-hair changed. */
  changed(): void;
  movedByKey(): void;
}

/** For so long the slice before may stand in for one that is on its way, milliseconds: scrolling must not flash. */
const STAND_IN = 300;

export class SliceViewer {
  readonly view = new View();
  tool: Tool = 'classify';
  window: DisplayWindow = { center: 0, width: 1 };
  plane: Plane = 'axial';
  index = 0;
  /** Where the cross-hair stands: under the pointer, or where keys moved it. */
  cross: Point | undefined;
  overlays: ((scene: Scene) => void)[] = [];
  /** Times of the last frames drawn, for the benchmark. */
  readonly frames: number[] = [];
  private slices: SliceCache | undefined;
  private planes: Record<Plane, PlaneInfo> | undefined;
  private lastIndex: Record<Plane, number> = { axial: 0, coronal: 0, sagittal: 0 };
  private readonly canvas: HTMLCanvasElement;
  private readonly events: ViewerEvents;
  private readonly picture = document.createElement('canvas');
  private readonly greys = new GreyTable();
  /** What the picture holds, so that panning paints nothing again. */
  private painted = '';
  private image: ImageData | undefined;
  /** By slice: a measurement belongs to the one that it was made on. */
  private readonly rulers = new Map<string, [Point, Point]>();
  /** Since when the slice in view has been on its way. */
  private missing = { slice: '', since: 0 };
  readonly drawSoon = oncePerFrame(() => this.draw());

  constructor(canvas: HTMLCanvasElement, events: ViewerEvents) {
    this.canvas = canvas;
    this.events = events;
    new Gestures(canvas, this);
    new ResizeObserver(() => this.resize()).observe(canvas);
    // A window that moves to another screen keeps its size in CSS pixels.
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => this.resize(), { once: true });
  }

  /** Another series, whole in sight; the middle axial slice comes first. */
  open(slices: SliceCache, planes: Record<Plane, PlaneInfo>): void {
    this.close();
    this.slices = slices;
    this.planes = planes;
    for (const plane of ['axial', 'coronal', 'sagittal'] as const) this.lastIndex[plane] = Math.floor((planes[plane].count - 1) / 2);
    this.show('axial');
    this.view.fit();
  }

  /** Nothing of what was shown is left, neither on the screen nor in a canvas behind it. */
  close(): void {
    this.slices = undefined;
    this.planes = undefined;
    this.painted = '';
    this.image = undefined;
    this.picture.width = this.picture.height = 0;
    this.canvas.width = this.canvas.height = 0;
    this.canvas.removeAttribute('aria-label');
    this.rulers.clear();
    this.cross = undefined;
    this.index = 0;
    this.resize();
  }

  get info(): PlaneInfo | undefined {
    return this.planes?.[this.plane];
  }

  /** The slice on the screen, where it has arrived. */
  get hu(): Hu | undefined {
    return this.slices?.get(this.plane, this.index);
  }

  /** Why there is none; undefined where it is there or on its way. */
  get problem(): string | undefined {
    return this.slices?.problem(this.plane, this.index);
  }

  private get slice(): string {
    return `${this.plane}/${this.index}`;
  }

  /** On the slice in view. */
  get ruler(): [Point, Point] | undefined {
    return this.rulers.get(this.slice);
  }

  set ruler(ends: [Point, Point] | undefined) {
    if (ends) this.rulers.set(this.slice, ends);
    else this.rulers.delete(this.slice);
  }

  show(plane: Plane, index = this.lastIndex[plane]): void {
    const info = this.planes?.[plane];
    if (!info) return;
    if (plane !== this.plane) this.cross = undefined;
    this.plane = plane;
    this.index = Math.max(0, Math.min(info.count - 1, Math.round(index)));
    this.lastIndex[plane] = this.index;
    const [x, y] = info.pitchMm;
    this.view.show({ width: info.width, height: info.height, pitchMm: [x, y] });
    this.slices?.want(plane, this.index, info.count);
    this.changed();
  }

  scroll(by: number): void {
    this.show(this.plane, this.index + by);
  }

  setWindow({ center, width }: DisplayWindow): void {
    this.window = { center: Math.round(center), width: Math.max(1, Math.round(width)) };
    this.changed();
  }

  fit(): void {
    this.view.fit();
    this.changed();
  }

  /** Moves the cross-hair by pixels of the slice, from the middle where there is none. */
  moveCross(dx: number, dy: number): void {
    const { info } = this;
    if (!info) return;
    const from = this.cross ?? { x: Math.round(this.view.center.x), y: Math.round(this.view.center.y) };
    const within = (value: number, side: number): number => Math.max(0, Math.min(side - 1, value));
    this.cross = { x: within(Math.round(from.x) + dx, info.width), y: within(Math.round(from.y) + dy, info.height) };
    this.view.reveal(this.cross);
    this.changed();
  }

  classifyAt(pixel: Point): void {
    if (this.isInside(pixel)) this.events.classify({ x: Math.round(pixel.x), y: Math.round(pixel.y) });
  }

  isInside({ x, y }: Point): boolean {
    const { info } = this;
    return info !== undefined && x >= -0.5 && y >= -0.5 && x < info.width - 0.5 && y < info.height - 0.5;
  }

  /** HU at a pixel; undefined outside, or where the slice has not arrived. */
  huAt(pixel: Point): number | undefined {
    const { info, hu } = this;
    if (!info || !hu || !this.isInside(pixel)) return undefined;
    return hu[Math.round(pixel.y) * info.width + Math.round(pixel.x)];
  }

  movedByKey(): void {
    this.events.movedByKey();
  }

  changed(): void {
    this.events.changed();
    this.drawSoon();
  }

  /** Canvas pixels of a pointer. */
  point(event: { clientX: number; clientY: number }): Point {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * this.canvas.width) / Math.max(1, box.width),
      y: ((event.clientY - box.top) * this.canvas.height) / Math.max(1, box.height),
    };
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.max(1, Math.round(clientWidth * devicePixelRatio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * devicePixelRatio));
    this.view.resize(this.canvas.width, this.canvas.height);
    // Setting the size cleared the canvas; waiting for a frame would flicker.
    this.draw();
  }

  private draw(): void {
    const context = this.canvas.getContext('2d', { alpha: false });
    if (!context) return;
    const { info, plane, index, view } = this;
    context.fillStyle = '#000';
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (!info) return;
    const scene: Scene = { context, view, plane, index, info, ratio: devicePixelRatio };
    if (this.paint()) {
      const { scale } = view;
      const corner = view.toCanvas({ x: -0.5, y: -0.5 });
      // Close by, a pixel is shown as it is: a square.
      context.imageSmoothingEnabled = Math.max(scale.x, scale.y) < 6;
      context.imageSmoothingQuality = 'high';
      context.drawImage(this.picture, corner.x, corner.y, info.width * scale.x, info.height * scale.y);
      for (const overlay of this.overlays) overlay(scene);
    } else drawInstead(scene, this.problem);
    drawTexts(scene, this.window);
    this.frames.push(performance.now());
    if (this.frames.length > 600) this.frames.shift();
  }

  /** The slice as greys; false where it is not there and the last one may not, or no longer, stand in for it. */
  private paint(): boolean {
    const { info, hu, problem, plane, slice, window } = this;
    if (!info || problem !== undefined) return false;
    const key = `${slice}/${window.center}/${window.width}`;
    if (key === this.painted) return true;
    if (!hu) return this.painted.startsWith(`${plane}/`) && this.mayStandIn();
    if (this.picture.width !== info.width || this.picture.height !== info.height || !this.image) {
      this.picture.width = info.width;
      this.picture.height = info.height;
      this.image = new ImageData(info.width, info.height);
    }
    this.greys.set(window);
    this.greys.paint(hu, new Uint32Array(this.image.data.buffer));
    this.picture.getContext('2d')?.putImageData(this.image, 0, 0);
    this.painted = key;
    return true;
  }

  private mayStandIn(): boolean {
    const now = performance.now();
    if (this.missing.slice !== this.slice) {
      this.missing = { slice: this.slice, since: now };
      setTimeout(() => this.drawSoon(), STAND_IN);
    }
    return now - this.missing.since < STAND_IN - 1;
  }
}
