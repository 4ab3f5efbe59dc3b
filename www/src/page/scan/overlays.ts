/** What lies over the slice: heat map, lung outline, the patch that was classified, findings, cross-hair, ruler. */
import { strings } from '../../strings/strings.ts';
import type { Finding, HeatMap } from '../../shared/wasm/engine-wasm.ts';
import type { OpenScan } from './open-scan.ts';
import type { Scene } from './scene.ts';
import type { Point } from './zoom-and-pan.ts';

/** Perceptually even, told apart by colour-blind people and in grey: matplotlib's inferno, five stops of it. */
const HEAT: readonly [number, number, number][] = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];
/** Below this a cell is left clear, so that the lung stays to be seen. */
const CLEAR_BELOW = 0.02;

function heat(p: number): [number, number, number] {
  const at = Math.max(0, Math.min(1, p)) * (HEAT.length - 1);
  const [low, high] = [HEAT[Math.floor(at)], HEAT[Math.ceil(at)]];
  if (!low || !high) return [0, 0, 0];
  const share = at - Math.floor(at);
  return [0, 1, 2].map((k) => (low[k] ?? 0) + share * ((high[k] ?? 0) - (low[k] ?? 0))) as [number, number, number];
}

/** A heat map as a picture, a pixel a cell. Opacity grows with probability, besides what the user chose. */
function heatPicture({ width, height, probability }: HeatMap): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  probability.forEach((p, i) => {
    if (!(p >= CLEAR_BELOW)) return;
    image.data.set([...heat(p), 255 * Math.min(1, 0.35 + p)], 4 * i);
  });
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** Draws in array pixels of an acquired slice, whatever way the plane shows them. */
function inArray({ context, view, plane, index }: Scene, scan: OpenScan, z: number, draw: () => void): void {
  const corner = (x: number, y: number): Point => {
    const [column, row] = scan.pixel(plane, [x, y, z]);
    return view.toCanvas({ x: column, y: row });
  };
  const [zero, right, down] = [corner(0, 0), corner(1, 0), corner(0, 1)];
  if (Math.round(scan.pixel(plane, [0, 0, z])[2]) !== index) return;
  context.save();
  context.transform(right.x - zero.x, right.y - zero.y, down.x - zero.x, down.y - zero.y, zero.x, zero.y);
  draw();
  context.restore();
}

/** The acquired slice that a plane shows at an index; undefined in another plane than the acquired one. */
export function acquiredIndex(scan: OpenScan, { plane, index }: Pick<Scene, 'plane' | 'index'>): number | undefined {
  if (plane !== scan.acquired) return undefined;
  return Math.round(scan.voxel(plane, [0, 0, index])[2]);
}

export class HeatOverlay {
  visible = true;
  opacity = 0.45;
  private readonly pictures = new WeakMap<HeatMap, HTMLCanvasElement>();

  draw(scene: Scene, scan: OpenScan, map: HeatMap | undefined): void {
    const z = acquiredIndex(scan, scene);
    if (!this.visible || !map || z === undefined) return;
    let picture = this.pictures.get(map);
    if (!picture) {
      picture = heatPicture(map);
      this.pictures.set(map, picture);
    }
    const { context } = scene;
    inArray(scene, scan, z, () => {
      context.globalAlpha = this.opacity;
      context.imageSmoothingEnabled = true;
      const [x, y] = map.stepPx;
      // A cell stands for its middle.
      context.drawImage(picture, -x / 2, -y / 2, map.width * x, map.height * y);
    });
  }
}

/** The outline as one path in array pixels; made once a mask. */
const outlines = new WeakMap<Uint8Array, Path2D>();

function outline(inside: Uint8Array, width: number): Path2D {
  let path = outlines.get(inside);
  if (path) return path;
  path = new Path2D();
  const height = inside.length / width;
  const at = (x: number, y: number): number => (x < 0 || y < 0 || x >= width || y >= height ? 0 : (inside[y * width + x] ?? 0));
  for (let y = 0; y <= height; y += 1) {
    for (let x = 0; x <= width; x += 1) {
      if (at(x, y) !== at(x, y - 1)) {
        path.moveTo(x - 0.5, y - 0.5);
        path.lineTo(x + 0.5, y - 0.5);
      }
      if (at(x, y) !== at(x - 1, y)) {
        path.moveTo(x - 0.5, y - 0.5);
        path.lineTo(x - 0.5, y + 0.5);
      }
    }
  }
  outlines.set(inside, path);
  return path;
}

export function drawLungs(scene: Scene, scan: OpenScan, inside: Uint8Array | undefined): void {
  const z = acquiredIndex(scan, scene);
  if (!inside || z === undefined) return;
  const { context, view, ratio } = scene;
  inArray(scene, scan, z, () => {
    context.lineWidth = (1.5 * ratio) / view.scale.x;
    context.strokeStyle = '#5fd0ff';
    context.stroke(outline(inside, scan.geometry.size[0]));
  });
}

/** The square that was classified, in array pixels around its centre. */
export function drawPatch(scene: Scene, scan: OpenScan, z: number, [x, y]: readonly [number, number], side: readonly [number, number], nodule: boolean): void {
  const { context, view, ratio } = scene;
  if (acquiredIndex(scan, scene) !== z) return;
  inArray(scene, scan, z, () => {
    context.lineWidth = (2 * ratio) / view.scale.x;
    context.strokeStyle = nodule ? '#ff9f43' : '#d8dde2';
    context.setLineDash(nodule ? [] : [(5 * ratio) / view.scale.x, (4 * ratio) / view.scale.x]);
    context.strokeRect(x - side[0] / 2 - 0.5, y - side[1] / 2 - 0.5, side[0], side[1]);
  });
}

/** Circles of the estimated diameter with their rank; thin in the slices next to the finding's own. */
export function drawFindings(scene: Scene, scan: OpenScan, findings: readonly Finding[], chosen: number): void {
  const { context, view, plane, index, info, ratio } = scene;
  findings.forEach((finding, at) => {
    const [column, row, slice] = scan.pixel(plane, finding.voxel);
    const away = Math.abs(slice - index) * info.pitchMm[2];
    const radius = Math.max(5, (finding.diameterMm ?? 0) / 2 + 2);
    if (away > Math.max(radius, info.pitchMm[2] / 2)) return;
    const middle = view.toCanvas({ x: column, y: row });
    const across = Math.max((radius / info.pitchMm[0]) * view.scale.x, 7 * ratio);
    context.lineWidth = (at === chosen ? 3 : 1.5) * ratio;
    context.strokeStyle = at === chosen ? '#ffd24a' : '#ffb07a';
    context.setLineDash(away > info.pitchMm[2] / 2 ? [3 * ratio, 3 * ratio] : []);
    context.beginPath();
    context.arc(middle.x, middle.y, across, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    context.textAlign = 'left';
    context.textBaseline = 'bottom';
    context.lineWidth = 3 * ratio;
    context.strokeStyle = 'rgb(0 0 0 / 0.75)';
    context.fillStyle = '#ffd9a8';
    context.strokeText(String(at + 1), middle.x + across * 0.75, middle.y - across * 0.75);
    context.fillText(String(at + 1), middle.x + across * 0.75, middle.y - across * 0.75);
  });
}

export function drawCross({ context, view, ratio }: Scene, pixel: Point | undefined): void {
  if (!pixel) return;
  const { x, y } = view.toCanvas(pixel);
  const [gap, arm] = [6 * ratio, 16 * ratio];
  context.lineWidth = ratio;
  context.strokeStyle = 'rgb(255 255 255 / 0.8)';
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
    context.moveTo(x + dx * gap, y + dy * gap);
    context.lineTo(x + dx * arm, y + dy * arm);
  }
  context.stroke();
}

/** Length in the body of a line on the slice, mm. */
export function lengthMm([from, to]: [Point, Point], [x, y]: readonly [number, number, number]): number {
  return Math.hypot((to.x - from.x) * x, (to.y - from.y) * y);
}

export function drawRuler({ context, view, info, ratio }: Scene, ruler: [Point, Point] | undefined): void {
  if (!ruler) return;
  const [from, to] = ruler.map((end) => view.toCanvas(end)) as [Point, Point];
  context.lineWidth = 1.5 * ratio;
  context.strokeStyle = context.fillStyle = '#8ee07f';
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
  for (const end of [from, to]) context.fillRect(end.x - 2 * ratio, end.y - 2 * ratio, 4 * ratio, 4 * ratio);
  context.font = `${13 * ratio}px system-ui, sans-serif`;
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  const text = strings.scan.millimetres(lengthMm(ruler, info.pitchMm));
  context.lineWidth = 3 * ratio;
  context.strokeStyle = 'rgb(0 0 0 / 0.75)';
  context.strokeText(text, to.x + 6 * ratio, to.y - 4 * ratio);
  context.fillText(text, to.x + 6 * ratio, to.y - 4 * ratio);
}
