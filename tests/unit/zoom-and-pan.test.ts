/** Where a slice lies on the canvas; with pixels that are not square and a canvas that is neither. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { View } from '../../www/src/page/scan/zoom-and-pan.ts';
import type { Point } from '../../www/src/page/scan/zoom-and-pan.ts';

function view(): View {
  const made = new View();
  made.resize(700, 300);
  made.show({ width: 100, height: 60, pitchMm: [0.7, 2.5] });
  return made;
}
const near = (a: Point, b: Point, what?: string): void => {
  assert.ok(Math.abs(a.x - b.x) < 1e-9 && Math.abs(a.y - b.y) < 1e-9, `${what ?? ''} ${JSON.stringify(a)} is not ${JSON.stringify(b)}`);
};

test('the whole slice fits, in its true proportions, in the middle', () => {
  const { scale, toCanvas } = view();
  // 70 mm x 150 mm: the height decides, two canvas pixels a millimetre.
  near(scale, { x: 1.4, y: 5 });
  near(toCanvas.call(view(), { x: 49.5, y: 29.5 }), { x: 350, y: 150 });
});

test('to the canvas and back is where one was', () => {
  const made = view();
  made.zoomAt(3, { x: 100, y: 40 });
  made.pan(13, -7);
  for (const point of [{ x: 0, y: 0 }, { x: 99, y: 59 }, { x: 12.5, y: 3 }]) near(made.toSlice(made.toCanvas(point)), point);
});

test('what is under the pointer stays there while it is zoomed', () => {
  const made = view();
  const at = { x: 400, y: 90 };
  const before = made.toSlice(at);
  made.zoomAt(2.5, at);
  near(made.toSlice(at), before);
});

test('a slice cannot be dragged out of sight, nor zoomed without end', () => {
  const made = view();
  made.pan(1e6, 1e6);
  const corner = made.toCanvas({ x: -0.5, y: -0.5 });
  assert.ok(corner.x <= 700 * 0.9 + 1e-6 && corner.y <= 300 * 0.9 + 1e-6);
  for (let i = 0; i < 50; i += 1) made.zoomAt(2, { x: 350, y: 150 });
  assert.equal(made.zoom, 40);
});

test('another slice of the same shape keeps the view; another shape begins afresh', () => {
  const made = view();
  made.zoomAt(2, { x: 350, y: 150 });
  made.show({ width: 100, height: 60, pitchMm: [0.7, 2.5] });
  assert.equal(made.zoom, 2);
  made.show({ width: 100, height: 61, pitchMm: [0.7, 2.5] });
  assert.equal(made.zoom, 1);
});

test('only what is out of sight is brought into it', () => {
  const made = view();
  made.reveal({ x: 10, y: 10 });
  near(made.center, { x: 49.5, y: 29.5 });
  for (let i = 0; i < 4; i += 1) made.zoomAt(2, { x: 350, y: 150 });
  made.reveal({ x: 3, y: 4 });
  near(made.center, { x: 3, y: 4 });
});
