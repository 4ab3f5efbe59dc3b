/** The buttons and lines of a search: of this slice, of the volume, how far it is, what it found. */
import { ProgressVoice } from '../../ui/announce.ts';
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
  private readonly voice = new ProgressVoice(byId('scan-status', 'p'));
  private spoken = '';
  private pressed: HTMLButtonElement | undefined;

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
    const buttons = [byId('scan-slice', 'button'), byId('scan-volume', 'button')] as const;
    const scanning = byId('scanning', 'div');
    const { activeElement } = document;
    const ended = !progress && scanning.contains(activeElement);
    scanning.hidden = !progress;
    // Who began it with a key finds the button that ends it under the next one, and afterwards the one that was pressed.
    const pressed = buttons.find((each) => each === activeElement);
    if (progress && pressed) {
      this.pressed = pressed;
      byId('scanning-cancel', 'button').focus();
    }
    buttons[0].disabled = !ready || z === undefined;
    buttons[1].disabled = !ready;
    buttons[1].hidden = depth < 2;
    if (ended) ((this.pressed?.disabled ?? true) ? byId('scan', 'section') : this.pressed)?.focus();
    const bar = byId('scanning-progress', 'progress');
    if (progress) {
      bar.max = Math.max(1, progress.total);
      bar.value = progress.done;
    }
    setText(byId('scan-estimate', 'p'), perSlice !== undefined && !progress && depth > 1 && outcome?.what !== 'volume' ? text.estimate(perSlice, perSlice * depth, depth) : '');
    const line = this.line(search, z);
    setText(byId('scanning-text', 'p'), line);
    if (line !== this.spoken) this.voice.say(line, progress !== undefined);
    this.spoken = line;
  }

  clear(): void {
    byId('scanning', 'div').hidden = true;
    byId('scanning-progress', 'progress').value = 0;
    for (const id of ['scan-estimate', 'scanning-text', 'scan-status']) setText(byId(id, 'p'), '');
  }

  private line({ progress, outcome, scan }: Search, z: number | undefined): string {
    if (progress?.what === 'slice') return text.scanningSlice(progress.done, progress.total);
    if (progress) return text.scanningVolume(progress.done, progress.total, progress.left);
    if (!outcome) return z === undefined ? text.onlyAcquired : '';
    const what = outcome.what === 'slice' ? text.slice(scan.numberOf(outcome.index)) : text.volume;
    const notes = outcome.notes.map((note) => (note === 'no-lung' ? text.noLung(scan.numberOf(outcome.index)) : note));
    return [outcome.whole ? text.done(outcome.findings.length, what, outcome.milliseconds) : text.stopped(outcome.findings.length), ...notes].join(' ');
  }
}
