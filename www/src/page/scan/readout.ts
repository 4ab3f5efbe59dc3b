/** Around the slice: its number, the place under the cross-hair and its HU, what was measured, the probabilities along the volume. */
import { byId, setText } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';
import type { PlaneInfo } from '../../shared/wasm/loader-wasm.ts';
import { drawAlongZ } from './finding-list.ts';
import type { OpenScan } from './open-scan.ts';
import { acquiredIndex, lengthMm } from './overlays.ts';
import type { Search } from './search.ts';
import type { SliceViewer } from './slice-viewer.ts';

const text = strings.scan;

/** `along`: by slice in the order of the display, as `alongPlane` gives it. */
export function drawReadout(viewer: SliceViewer, info: PlaneInfo, scan: OpenScan, along: readonly (number | undefined)[], threshold: number): void {
  const { cross, index, plane, ruler, tool } = viewer;
  const canvas = byId('slice', 'canvas');
  canvas.dataset['tool'] = tool;
  const problem = viewer.problem === undefined ? '' : text.sliceUnreadable(viewer.problem);
  canvas.setAttribute('aria-label', [text.canvas(plane, index, info.count), problem].filter(Boolean).join('. '));
  const range = byId('slice-range', 'input');
  range.setAttribute('aria-valuetext', text.sliceOf(index, info.count));
  range.max = String(info.count - 1);
  range.value = String(index);
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=plane]')) input.checked = input.value === plane;
  const world = cross && scan.worldOf(scan.voxel(plane, [cross.x, cross.y, index]));
  setText(byId('probe', 'p'), problem || (cross ? text.probe(viewer.huAt(cross), world) : ''));
  setText(byId('measured', 'p'), ruler ? text.measured(lengthMm(ruler, info.pitchMm)) : '');
  drawAlongZ(byId('along-z', 'canvas'), along, index, threshold);
}

export function clearReadout(): void {
  for (const id of ['probe', 'measured']) setText(byId(id, 'p'), '');
  const range = byId('slice-range', 'input');
  range.removeAttribute('aria-valuetext');
  Object.assign(range, { max: '0', value: '0' });
  Object.assign(byId('along-z', 'canvas'), { width: 0, height: 0 });
}

/** For who does not see it: the slice, and the place and its HU where there is a cross-hair. */
export function whereabouts(): string {
  return [byId('slice', 'canvas').getAttribute('aria-label'), byId('probe', 'p').textContent].filter(Boolean).join('; ');
}

/** The probabilities along the acquired slices in the order of the display; nothing in another plane. */
export function alongPlane({ info, plane }: SliceViewer, scan: OpenScan, search: Search): (number | undefined)[] {
  if (plane !== scan.acquired) return new Array<undefined>(info?.count ?? 0).fill(undefined);
  const first = acquiredIndex(scan, { plane: scan.acquired, index: 0 });
  return first === 0 ? search.alongZ : [...search.alongZ].reverse();
}
