/** The tool bar of the viewer, and what lies over the slice: what each of its controls changes. */
import { byId } from '../../ui/dom.ts';
import type { Plane } from '../../shared/wasm/loader-wasm.ts';
import type { HeatOverlay } from './overlays.ts';
import type { SliceViewer } from './slice-viewer.ts';
import type { Tool } from './viewer-input.ts';

export function wireTools(viewer: SliceViewer, heat: HeatOverlay): void {
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
  const range = byId('slice-range', 'input');
  range.addEventListener('input', () => viewer.show(viewer.plane, Number(range.value)));
  byId('show-lungs', 'input').addEventListener('change', () => viewer.drawSoon());
  const shown = byId('show-heat', 'input');
  shown.addEventListener('change', () => {
    heat.visible = shown.checked;
    viewer.drawSoon();
  });
  const opacity = byId('heat-opacity', 'input');
  opacity.addEventListener('input', () => {
    heat.opacity = Number(opacity.value) / 100;
    viewer.drawSoon();
  });
}
