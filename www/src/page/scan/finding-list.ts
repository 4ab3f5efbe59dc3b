/** The findings as a table that is jumped through, and the probabilities along the volume as a strip. */
import { button } from '../../ui/button.ts';
import { byId, make, setText } from '../../ui/dom.ts';
import { percent } from '../../ui/numbers.ts';
import { strings } from '../../strings/strings.ts';
import type { Finding } from '../../shared/wasm/engine-wasm.ts';
import type { Outcome } from './search.ts';

const text = strings.scan;

export class FindingList {
  chosen = -1;
  private readonly rows = byId('finding-rows', 'tbody');
  private readonly least = byId('least', 'input');
  private shown: Outcome | undefined;
  private shownFrom = 0;
  private readonly go: (finding: Finding) => void;

  /** `changed`: another share of the findings is shown. */
  constructor(go: (finding: Finding) => void, changed: () => void) {
    this.go = go;
    this.least.addEventListener('input', changed);
  }

  /** Those that are shown: the list is sorted by probability. */
  of(outcome: Outcome | undefined): Finding[] {
    const from = Number(this.least.value);
    return outcome?.findings.filter(({ probability }) => probability >= from) ?? [];
  }

  draw(outcome: Outcome | undefined): void {
    const there = outcome !== undefined;
    byId('findings', 'div').hidden = !there || outcome.findings.length === 0;
    byId('finding-exports', 'div').hidden = !there;
    const from = Number(this.least.value);
    if (outcome === this.shown && from === this.shownFrom) return this.mark();
    if (!outcome) {
      this.shown = undefined;
      this.chosen = -1;
      return;
    }
    const { findings, index, model, what } = outcome;
    this.least.min = String(Math.floor(model.threshold * 1000) / 1000);
    this.shown = outcome;
    this.shownFrom = Number(this.least.value);
    const shown = this.of(outcome);
    if (this.chosen >= shown.length) this.chosen = -1;
    setText(byId('least-value', 'output'), percent(Math.max(model.threshold, this.shownFrom)));
    setText(byId('findings-title', 'h4'), text.findings(shown.length, findings.length, what === 'slice' ? text.slice(index) : text.volume));
    setText(byId('findings-note', 'p'), text.findingsNote(model.threshold));
    this.rows.replaceChildren(...shown.map((finding, at) => this.row(finding, at)));
    this.mark();
  }

  private row(finding: Finding, at: number): HTMLTableRowElement {
    const select = button(String(at + 1));
    select.setAttribute('aria-label', text.findingGo(at + 1));
    // Whole millimetres: the patch is centred on every fourth pixel.
    const [x, y, z] = finding.worldMm.map((mm) => mm.toFixed(0).replace('-', '−'));
    const cells = [percent(finding.probability), String(finding.voxel[2] + 1), finding.diameterMm === null ? text.unknown : text.millimetres(finding.diameterMm), `${x}, ${y}, ${z}`];
    const row = make('tr', '', make('td', '', select), ...cells.map((cell) => make('td', '', cell)));
    row.addEventListener('click', () => {
      this.chosen = at;
      this.go(finding);
      this.mark();
    });
    return row;
  }

  private mark(): void {
    [...this.rows.rows].forEach((row, at) => {
      if (at === this.chosen) row.setAttribute('aria-current', 'true');
      else row.removeAttribute('aria-current');
    });
  }
}

/** Highest probability a slice as bars, the shown slice as a line. `alongZ` by display index. */
export function drawAlongZ(canvas: HTMLCanvasElement, alongZ: readonly (number | undefined)[], index: number, threshold: number): void {
  const [width, height] = [Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio)), Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio))];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const each = width / Math.max(1, alongZ.length);
  alongZ.forEach((p, at) => {
    if (p === undefined) return;
    const high = Number.isNaN(p) ? 0 : p;
    context.fillStyle = style.getPropertyValue(high >= threshold ? '--accent' : '--line-2');
    const tall = Math.max(1, high * (height - 2));
    context.fillRect(at * each, height - tall, Math.max(1, each - 0.5), tall);
  });
  context.fillStyle = style.getPropertyValue('--ink');
  context.fillRect((index + 0.5) * each - devicePixelRatio, 0, 2 * devicePixelRatio, height);
}
