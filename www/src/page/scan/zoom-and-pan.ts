/** Where a slice lies on the canvas: pan and zoom, in the canvas's own pixels. Pure. */

export interface Point {
  x: number;
  y: number;
}

export interface Slice2d {
  width: number;
  height: number;
  /** Millimetres from column to column and from row to row. */
  pitchMm: readonly [number, number];
}

const LARGEST_ZOOM = 40;
/** Of the canvas, that much of the slice stays in sight however far it is dragged. */
const IN_SIGHT = 0.1;

/** Where pixel centres are whole numbers, a slice covers -0.5 to width - 0.5. */
export class View {
  /** The pixel of the slice that stands in the middle of the canvas. */
  center: Point = { x: 0, y: 0 };
  /** 1 shows the whole slice. */
  zoom = 1;
  private slice: Slice2d = { width: 1, height: 1, pitchMm: [1, 1] };
  private canvas = { width: 1, height: 1 };

  /** Another slice geometry: the view starts afresh unless it is the same as before. */
  show(slice: Slice2d): void {
    const { width, height, pitchMm } = this.slice;
    const same = width === slice.width && height === slice.height && pitchMm[0] === slice.pitchMm[0] && pitchMm[1] === slice.pitchMm[1];
    this.slice = slice;
    if (!same) this.fit();
  }

  resize(width: number, height: number): void {
    this.canvas = { width, height };
  }

  fit(): void {
    this.zoom = 1;
    this.center = { x: (this.slice.width - 1) / 2, y: (this.slice.height - 1) / 2 };
  }

  /** Canvas pixels for a column and for a row. */
  get scale(): Point {
    const { width, height, pitchMm } = this.slice;
    const perMm = Math.min(this.canvas.width / (width * pitchMm[0]), this.canvas.height / (height * pitchMm[1]));
    return { x: perMm * pitchMm[0] * this.zoom, y: perMm * pitchMm[1] * this.zoom };
  }

  toCanvas({ x, y }: Point): Point {
    const { scale } = this;
    return { x: (x - this.center.x) * scale.x + this.canvas.width / 2, y: (y - this.center.y) * scale.y + this.canvas.height / 2 };
  }

  toSlice({ x, y }: Point): Point {
    const { scale } = this;
    return { x: (x - this.canvas.width / 2) / scale.x + this.center.x, y: (y - this.canvas.height / 2) / scale.y + this.center.y };
  }

  /** Moves the slice with the pointer, by canvas pixels. */
  pan(dx: number, dy: number): void {
    const { scale } = this;
    this.center = { x: this.center.x - dx / scale.x, y: this.center.y - dy / scale.y };
    this.keepInSight();
  }

  /** Zooms so that what is under `at` (canvas pixels) stays there. */
  zoomAt(factor: number, at: Point): void {
    const before = this.toSlice(at);
    this.zoom = Math.min(LARGEST_ZOOM, Math.max(0.5, this.zoom * factor));
    const after = this.toSlice(at);
    this.center = { x: this.center.x + before.x - after.x, y: this.center.y + before.y - after.y };
    this.keepInSight();
  }

  /** Brings a pixel of the slice into sight, moving no more than needed. */
  reveal(pixel: Point): void {
    const at = this.toCanvas(pixel);
    const { width, height } = this.canvas;
    if (at.x < 0 || at.y < 0 || at.x > width || at.y > height) this.center = { ...pixel };
  }

  private keepInSight(): void {
    const { scale } = this;
    const reach = { x: (this.canvas.width * (0.5 - IN_SIGHT)) / scale.x, y: (this.canvas.height * (0.5 - IN_SIGHT)) / scale.y };
    const within = (value: number, side: number, by: number): number => Math.min(side - 0.5 + by, Math.max(-0.5 - by, value));
    this.center = { x: within(this.center.x, this.slice.width, reach.x), y: within(this.center.y, this.slice.height, reach.y) };
  }
}
