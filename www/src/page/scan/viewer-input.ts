/** Pointer, wheel, touch and keys on the viewer. Each gesture ends in a method of the viewer. */
import type { Plane } from '../../shared/wasm/loader-wasm.ts';
import type { DisplayWindow } from './display-window.ts';
import type { Point, View } from './zoom-and-pan.ts';

/** What the main button does. The wheel scrolls, the middle button pans and the right one windows whatever it is. */
export type Tool = 'classify' | 'window' | 'pan' | 'ruler';

/** What gestures act on. */
export interface Gestured {
  readonly view: View;
  readonly tool: Tool;
  readonly plane: Plane;
  readonly index: number;
  readonly window: DisplayWindow;
  cross: Point | undefined;
  ruler: [Point, Point] | undefined;
  /** Canvas pixels of a pointer. */
  point(event: { clientX: number; clientY: number }): Point;
  isInside(pixel: Point): boolean;
  classifyAt(pixel: Point): void;
  moveCross(dx: number, dy: number): void;
  scroll(by: number): void;
  show(plane: Plane, index?: number): void;
  setWindow(window: DisplayWindow): void;
  fit(): void;
  changed(): void;
  /** A key has moved the cross-hair, the slice or the view: where it is now is to be heard. */
  movedByKey(): void;
}

type Drag = 'window' | 'pan' | 'ruler' | 'click';

/** A press that moves less than this is a click, CSS pixels. */
const CLICK_PX = 4;
/** HU of level and width for a CSS pixel of dragging. */
const HU_PER_PX = 2;
/** CSS pixels of one-finger dragging for a slice. */
const TOUCH_PX_PER_SLICE = 12;
/** Wheel travel for a slice: a notch of a mouse is 100 or 120, a touch pad sends many small ones. */
const WHEEL_PER_SLICE = 50;

export class Gestures {
  private readonly canvas: HTMLCanvasElement;
  private readonly viewer: Gestured;
  private readonly pointers = new Map<number, PointerEvent>();
  /** `slice`: where it began. */
  private drag: { kind: Drag; slice: string; start: PointerEvent; last: PointerEvent; moved: boolean } | undefined;
  private wheel = 0;
  private touchTravel = 0;

  constructor(canvas: HTMLCanvasElement, viewer: Gestured) {
    this.canvas = canvas;
    this.viewer = viewer;
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.up(event));
    canvas.addEventListener('pointercancel', (event) => this.forget(event));
    canvas.addEventListener('pointerleave', () => {
      if (this.pointers.size > 0) return;
      viewer.cross = undefined;
      viewer.changed();
    });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    canvas.addEventListener('wheel', (event) => this.turn(event), { passive: false });
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('dblclick', () => {
      if (viewer.tool === 'pan') viewer.fit();
    });
  }

  private get slice(): string {
    return `${this.viewer.plane}/${this.viewer.index}`;
  }

  private kindOf({ button, shiftKey }: PointerEvent): Drag {
    if (button === 1 || shiftKey) return 'pan';
    if (button === 2) return 'window';
    const { tool } = this.viewer;
    return tool === 'classify' ? 'click' : tool;
  }

  private down(event: PointerEvent): void {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    event.preventDefault();
    if (this.pointers.size > 1) {
      // A second finger: pinch instead of whatever the first began.
      this.drag = undefined;
      return;
    }
    const kind = this.kindOf(event);
    this.drag = { kind, slice: this.slice, start: event, last: event, moved: false };
    this.touchTravel = 0;
    if (kind === 'ruler') this.viewer.ruler = undefined;
  }

  private move(event: PointerEvent): void {
    const { viewer } = this;
    if (event.pointerType !== 'touch') viewer.cross = this.inside(event);
    if (this.pointers.size === 2) this.pinch(event);
    else if (this.drag) this.dragTo(event);
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, event);
    viewer.changed();
  }

  private inside(event: PointerEvent): Point | undefined {
    const pixel = this.viewer.view.toSlice(this.viewer.point(event));
    return this.viewer.isInside(pixel) ? pixel : undefined;
  }

  private dragTo(event: PointerEvent): void {
    const { drag, viewer } = this;
    if (!drag) return;
    const away = Math.hypot(event.clientX - drag.start.clientX, event.clientY - drag.start.clientY);
    if (away >= CLICK_PX) drag.moved = true;
    const [dx, dy] = [event.clientX - drag.last.clientX, event.clientY - drag.last.clientY];
    drag.last = event;
    if (!drag.moved) return;
    switch (drag.kind) {
      case 'pan': {
        const ratio = this.canvas.width / Math.max(1, this.canvas.clientWidth);
        viewer.view.pan(dx * ratio, dy * ratio);
        break;
      }
      case 'window':
        viewer.setWindow({ center: viewer.window.center + dy * HU_PER_PX, width: viewer.window.width + dx * HU_PER_PX });
        break;
      case 'ruler': {
        // Scrolled meanwhile: what was begun on one slice is not measured on another.
        if (drag.slice !== this.slice) break;
        const [from, to] = [this.inside(drag.start), this.inside(event)];
        if (from && to) viewer.ruler = [from, to];
        break;
      }
      case 'click':
        // With one finger the slices are scrolled, as pages are.
        if (event.pointerType === 'touch') this.touchScroll(dy);
        break;
      default: {
        const never: never = drag.kind;
        throw new Error(`unknown drag ${String(never)}`);
      }
    }
  }

  private touchScroll(dy: number): void {
    this.touchTravel += dy;
    const slices = Math.trunc(this.touchTravel / TOUCH_PX_PER_SLICE);
    if (slices === 0) return;
    this.touchTravel -= slices * TOUCH_PX_PER_SLICE;
    this.viewer.scroll(slices);
  }

  /** Two fingers: what is between them stays between them. */
  private pinch(event: PointerEvent): void {
    const before = [...this.pointers.values()].map((pointer) => this.viewer.point(pointer));
    const after = [...this.pointers.values()].map((pointer) => this.viewer.point(pointer.pointerId === event.pointerId ? event : pointer));
    const [a, b, c, d] = [...before, ...after];
    if (!a || !b || !c || !d) return;
    const middle = (p: Point, q: Point): Point => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });
    const apart = (p: Point, q: Point): number => Math.max(1, Math.hypot(p.x - q.x, p.y - q.y));
    const [from, to] = [middle(a, b), middle(c, d)];
    this.viewer.view.pan(to.x - from.x, to.y - from.y);
    this.viewer.view.zoomAt(apart(c, d) / apart(a, b), to);
  }

  private up(event: PointerEvent): void {
    const { drag } = this;
    this.forget(event);
    if (!drag || drag.moved || drag.kind !== 'click') return;
    this.viewer.classifyAt(this.viewer.view.toSlice(this.viewer.point(event)));
  }

  private forget(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    this.drag = undefined;
  }

  private turn(event: WheelEvent): void {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      this.viewer.view.zoomAt(Math.exp(-event.deltaY / 300), this.viewer.point(event));
      this.viewer.changed();
      return;
    }
    // Lines and pages of old mice.
    this.wheel += event.deltaY * (event.deltaMode === 0 ? 1 : WHEEL_PER_SLICE);
    const slices = Math.trunc(this.wheel / WHEEL_PER_SLICE);
    if (slices === 0) return;
    this.wheel = 0;
    // One notch is one slice, however far the browser says it went.
    this.viewer.scroll(-Math.sign(slices) * Math.max(1, Math.floor(Math.abs(slices) / 2)));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { viewer } = this;
    const far = event.shiftKey ? 10 : 1;
    const middle = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    const actions: Record<string, () => void> = {
      ArrowLeft: () => viewer.moveCross(-far, 0),
      ArrowRight: () => viewer.moveCross(far, 0),
      ArrowUp: () => viewer.moveCross(0, -far),
      ArrowDown: () => viewer.moveCross(0, far),
      PageUp: () => viewer.scroll(far),
      PageDown: () => viewer.scroll(-far),
      Home: () => viewer.show(viewer.plane, 0),
      End: () => viewer.show(viewer.plane, Infinity),
      '+': () => viewer.view.zoomAt(1.25, middle),
      '=': () => viewer.view.zoomAt(1.25, middle),
      '-': () => viewer.view.zoomAt(0.8, middle),
      '0': () => viewer.fit(),
      a: () => viewer.show('axial'),
      c: () => viewer.show('coronal'),
      s: () => viewer.show('sagittal'),
      Enter: () => viewer.classifyAt(viewer.cross ?? viewer.view.center),
    };
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    viewer.changed();
    viewer.movedByKey();
  }
}
