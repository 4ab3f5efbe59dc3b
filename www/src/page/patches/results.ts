/**
 * The rows: what came in, what became of it, in which order it is shown. No DOM. Changes are announced once; the views
 * (results-table.ts, selected-patch.ts) draw on the next animation frame, however many rows changed.
 */
import type { Outcome } from '../engines/engine-states.ts';
import type { Arrival } from '../intake/arrivals.ts';
import type { PatchOut } from '../../shared/engine-messages.ts';
import type { Problem } from '../../shared/problem.ts';
import type { ModelInfo, Prediction } from '../../shared/wasm/engine-wasm.ts';

export type RowState = 'waiting' | 'running' | 'done' | 'refused' | 'stopped' | 'cancelled';

export interface Row extends Arrival {
  /** Also the order of arrival. */
  key: number;
  state: RowState;
  patch?: PatchOut;
  prediction?: Prediction;
  milliseconds?: number;
  engine?: string;
  /** Which network answered: there with every prediction, whatever is in use now. */
  model?: ModelInfo;
  problem?: Problem;
}

export type SortColumn = 'name' | 'probability' | 'decision' | 'time' | 'status';
export interface Sort {
  column: SortColumn;
  descending: boolean;
}
export type Filter = 'all' | 'nodule' | 'no nodule' | 'problem';

export interface Counts {
  total: number;
  waiting: number;
  nodule: number;
  noNodule: number;
  /** Refused, set aside or cancelled. */
  problem: number;
  cancelled: number;
}

/** Codes of the engine's own failures; every other problem is the file's. */
const ENGINE_CODES = new Set(['engine-stopped', 'engine-error']);
const STATE_ORDER: Record<RowState, number> = { running: 0, waiting: 1, done: 2, refused: 3, stopped: 4, cancelled: 5 };
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export class Results {
  rows: Row[] = [];
  sort: Sort | undefined;
  filter: Filter = 'all';
  private selectedKey: number | undefined;
  private readonly byKey = new Map<number, Row>();
  private cleared: { rows: Row[]; selected: number | undefined } | undefined;
  private nextKey = 1;
  private shown: Row[] | undefined;
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  add(arrivals: Arrival[]): Row[] {
    const rows = arrivals.map((arrival): Row => ({ ...arrival, key: this.nextKey++, state: 'waiting' }));
    for (const row of rows) {
      this.rows.push(row);
      this.byKey.set(row.key, row);
    }
    this.cleared = undefined;
    this.touch();
    return rows;
  }

  get(key: number): Row | undefined {
    return this.byKey.get(key);
  }

  setState(keys: Iterable<number>, state: RowState): void {
    for (const key of keys) {
      const row = this.byKey.get(key);
      if (row) row.state = state;
    }
    this.touch();
  }

  /** Back to the queue: forgets what was found, for it will be found again. */
  reset(rows: Row[]): void {
    for (const row of rows) {
      row.state = 'waiting';
      delete row.patch;
      delete row.prediction;
      delete row.problem;
      delete row.milliseconds;
      delete row.engine;
      delete row.model;
    }
    this.touch();
  }

  settle({ file, engine, model }: Outcome): void {
    const row = this.byKey.get(file.key);
    if (!row) return;
    if (file.ok) {
      Object.assign(row, { state: 'done', patch: file.patch, prediction: file.prediction, milliseconds: file.milliseconds, engine, model });
    } else {
      row.problem = file.problem;
      row.state = ENGINE_CODES.has(file.problem.code) ? 'stopped' : 'refused';
    }
    this.touch();
  }

  /** Rows that another network than this one answered. */
  notBy({ modelId }: ModelInfo): Row[] {
    return this.rows.filter((row) => row.state === 'done' && row.model && row.model.modelId !== modelId);
  }

  sortBy(column: SortColumn): void {
    // First click: the end one looks for; second: the other; third: the order of arrival again.
    const first = column === 'probability' || column === 'decision' || column === 'time';
    if (this.sort?.column !== column) this.sort = { column, descending: first };
    else if (this.sort.descending === first) this.sort = { column, descending: !first };
    else this.sort = undefined;
    this.touch();
  }

  show(filter: Filter): void {
    this.filter = filter;
    this.touch();
  }

  select(key: number | undefined): void {
    this.selectedKey = key;
    this.changed();
  }

  /** The row shown large: the chosen one while the filter shows it, otherwise the first that is shown. */
  get selected(): Row | undefined {
    const chosen = this.selectedKey === undefined ? undefined : this.byKey.get(this.selectedKey);
    if (chosen && this.passes(chosen)) return chosen;
    return this.visible()[0];
  }

  clear(): number {
    const removed = this.rows.length;
    this.cleared = { rows: this.rows, selected: this.selectedKey };
    this.rows = [];
    this.byKey.clear();
    this.selectedKey = undefined;
    this.filter = 'all';
    this.touch();
    return removed;
  }

  /** After this, clearing cannot be undone. */
  forgetCleared(): void {
    this.cleared = undefined;
  }

  undoClear(): void {
    if (!this.cleared) return;
    this.rows = this.cleared.rows;
    this.selectedKey = this.cleared.selected;
    for (const row of this.rows) {
      this.byKey.set(row.key, row);
      // The queue was emptied with the list.
      if (row.state === 'waiting' || row.state === 'running') row.state = 'cancelled';
    }
    this.cleared = undefined;
    this.touch();
  }

  counts(): Counts {
    const counts: Counts = { total: this.rows.length, waiting: 0, nodule: 0, noNodule: 0, problem: 0, cancelled: 0 };
    for (const row of this.rows) {
      if (row.state === 'waiting' || row.state === 'running') counts.waiting += 1;
      else if (row.state === 'done') counts[row.prediction?.decision === 'nodule' ? 'nodule' : 'noNodule'] += 1;
      else {
        counts.problem += 1;
        if (row.state === 'cancelled') counts.cancelled += 1;
      }
    }
    return counts;
  }

  /** Rows in the order shown, after the filter. Computed once for each change. */
  visible(): Row[] {
    if (this.shown) return this.shown;
    const rows = this.rows.filter((row) => this.passes(row));
    const { sort } = this;
    if (sort) {
      const sign = sort.descending ? -1 : 1;
      rows.sort((a, b) => compare(a, b, sort.column, sign) || a.key - b.key);
    }
    this.shown = rows;
    return rows;
  }

  private passes(row: Row): boolean {
    switch (this.filter) {
      case 'all':
        return true;
      case 'nodule':
      case 'no nodule':
        return row.prediction?.decision === this.filter;
      case 'problem':
        return row.state === 'refused' || row.state === 'stopped' || row.state === 'cancelled';
    }
  }

  private touch(): void {
    this.shown = undefined;
    this.changed();
  }
}

/** Rows without the value stand at the end in both directions. */
function compare(a: Row, b: Row, column: SortColumn, sign: number): number {
  switch (column) {
    case 'name':
      return sign * collator.compare(a.name, b.name);
    case 'status':
      return sign * (STATE_ORDER[a.state] - STATE_ORDER[b.state]);
    case 'probability':
      return missingLast(a.prediction?.probability, b.prediction?.probability, sign);
    case 'time':
      return missingLast(a.milliseconds, b.milliseconds, sign);
    case 'decision':
      return missingLast(decisionRank(a), decisionRank(b), sign);
  }
}

function decisionRank(row: Row): number | undefined {
  return row.prediction && (row.prediction.decision === 'nodule' ? 1 : 0);
}

function missingLast(a: number | undefined, b: number | undefined, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return sign * (a - b);
}
