/** The buttons and lines of a search: of this slice, of the volume, how far it is, what it found. */
import { byId, setText } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';
import type { Search } from './search.ts';

const text = strings.scan;

export interface SearchEvents {
  slice(lungsOnly: boolean): void;
  volume(lungsOnly: boolean): void;
  cancel(): void;
}

export class SearchPanel {
  constructor(events: SearchEvents) {
    const lungsOnly = byId('lungs-only', 'input');
    byId('scan-slice', 'button').addEventListener('click', () => events.slice(lungsOnly.checked));
    byId('scan-volume', 'button').addEventListener('click', () => events.volume(lungsOnly.checked));
    byId('scanning-cancel', 'button').addEventListener('click', () => events.cancel());
  }

  /** `z`: the acquired slice in view, where there is one. `depth`: of the scan. */
  draw(search: Search, z: number | undefined, depth: number, hasEngine: boolean): void {
    const { outcome, progress, running, perSlice } = search;
    const ready = hasEngine && !running;
    byId('scan-slice', 'button').disabled = !ready || z === undefined;
    byId('scan-volume', 'button').disabled = !ready;
    byId('scan-volume', 'button').hidden = depth < 2;
    byId('scanning', 'div').hidden = !progress;
    const bar = byId('scanning-progress', 'progress');
    if (progress) {
      bar.max = Math.max(1, progress.total);
      bar.value = progress.done;
    }
    setText(byId('scan-estimate', 'p'), perSlice !== undefined && !progress && depth > 1 && outcome?.what !== 'volume' ? text.estimate(perSlice, perSlice * depth, depth) : '');
    setText(byId('scanning-text', 'p'), this.line(search, z));
  }

  clear(): void {
    byId('scanning', 'div').hidden = true;
    byId('scanning-progress', 'progress').value = 0;
    for (const id of ['scan-estimate', 'scanning-text']) setText(byId(id, 'p'), '');
  }

  private line({ progress, outcome }: Search, z: number | undefined): string {
    if (progress?.what === 'slice') return text.scanningSlice(progress.done, progress.total);
    if (progress) return text.scanningVolume(progress.done, progress.total, progress.left);
    if (!outcome) return z === undefined ? text.onlyAcquired : '';
    const what = outcome.what === 'slice' ? text.slice(outcome.index) : text.volume;
    const notes = outcome.notes.map((note) => (note === 'no-lung' ? text.noLung(outcome.index) : note));
    return [outcome.whole ? text.done(outcome.findings.length, what, outcome.milliseconds) : text.stopped(outcome.findings.length), ...notes].join(' ');
  }
}
