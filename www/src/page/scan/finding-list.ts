/** The findings as a table that is jumped through, and the probabilities along the volume as a strip. */
import { looksAround, thresholdInSlices } from '../../shared/heads.ts';
import { button } from '../../ui/button.ts';
import { byId, make, setText } from '../../ui/dom.ts';
import { percent } from '../../ui/numbers.ts';
import { strings } from '../../strings/strings.ts';
import type { Finding } from '../../shared/wasm/engine-wasm.ts';
import type { OpenScan } from './open-scan.ts';
import type { Outcome } from './search.ts';

const text = strings.scan;

/** The same place: a search that goes on, or goes over it again, lists it at another rank. */
const samePlace = (a: Finding | undefined, b: Finding | undefined): boolean => a !== undefined && b !== undefined && a.voxel.every((value, axis) => value === b.voxel[axis]);

export class FindingList {
  private chosen: Finding | undefined;
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

  /** The rank of the one that was chosen among those; -1 where it is not there. */
  rank(findings: readonly Finding[]): number {
    return findings.findIndex((finding) => samePlace(finding, this.chosen));
  }

  /** As before the first search: nothing chosen, all of them shown. */
  clear(): void {
    this.shown = undefined;
    this.chosen = undefined;
    this.shownFrom = 0;
    this.least.min = '0';
    this.least.value = '0';
    for (const element of [this.rows, byId('least-value', 'output'), byId('findings-title', 'h4'), byId('findings-note', 'p')]) element.replaceChildren();
    byId('findings', 'div').hidden = true;
    byId('finding-exports', 'div').hidden = true;
  }

  draw(outcome: Outcome | undefined, scan: OpenScan): void {
    const there = outcome !== undefined;
    byId('findings', 'div').hidden = !there || outcome.findings.length === 0;
    byId('finding-exports', 'div').hidden = !there;
    const from = Number(this.least.value);
    if (outcome === this.shown && from === this.shownFrom) return this.mark();
    // While another search runs, what was chosen stays: it may be found again.
    this.shown = outcome;
    if (!outcome) return this.rows.replaceChildren();
    const { findings, index, model, what } = outcome;
    const threshold = thresholdInSlices(model);
    // Another network has another threshold: all stay all.
    const all = Number(this.least.value) === Number(this.least.min);
    this.least.min = String(Math.floor(threshold * 1000) / 1000);
    if (all) this.least.value = this.least.min;
    this.shownFrom = Number(this.least.value);
    const shown = this.of(outcome);
    setText(byId('least-value', 'output'), percent(Math.max(threshold, this.shownFrom)));
    setText(byId('findings-title', 'h4'), text.findings(shown.length, findings.length, what === 'slice' ? text.slice(scan.numberOf(index)) : text.volume));
    setText(byId('findings-note', 'p'), text.findingsNote(threshold, looksAround(model)));
    const focused = [...this.rows.rows].findIndex((row) => row.contains(document.activeElement));
    this.rows.replaceChildren(...shown.map((finding, rank) => this.row(finding, rank, scan)));
    this.mark();
    // The list grows while a search goes on; whoever walks through it stays in it.
    if (focused >= 0) (this.rows.rows[Math.min(focused, shown.length - 1)]?.querySelector('button') ?? this.least).focus({ preventScroll: true });
  }

  private row(finding: Finding, at: number, scan: OpenScan): HTMLTableRowElement {
    const select = button(String(at + 1));
    select.setAttribute('aria-label', text.findingGo(at + 1));
    // Whole millimetres: the patch is centred on every fourth pixel.
    const world = finding.worldMm.map((mm) => mm.toFixed(0).replace('-', '−')).join(', ');
    const cells = [percent(finding.probability), String(scan.numberOf(finding.voxel[2])), finding.diameterMm === null ? text.unknown : text.millimetres(finding.diameterMm), scan.series.info.placed ? world : text.unknown];
    const row = make('tr', '', make('td', '', select), ...cells.map((cell) => make('td', '', cell)));
    row.addEventListener('click', () => {
      this.chosen = finding;
      this.go(finding);
      this.mark();
    });
    return row;
  }

  private mark(): void {
    const chosen = this.shown ? this.rank(this.of(this.shown)) : -1;
    [...this.rows.rows].forEach((row, at) => {
      if (at === chosen) row.setAttribute('aria-current', 'true');
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
