/** Rows of the results with the labels that the user has given them. */
import type { Results, Row } from '../../patches/results.ts';
import type { Label } from './labels-file.ts';
import type { Proposal } from './recognise.ts';

export interface LabelledRow extends Label {
  row: Row;
}

/** The rows that still stand in the list, in its order. */
export class LabelledRows {
  private labels = new Map<Row, Label>();
  private readonly results: Results;

  constructor(results: Results) {
    this.results = results;
  }

  /** Of the rows that were made of what was proposed. */
  take({ labels }: Proposal, rows: Row[]): void {
    const byBlob = new Map([...labels].map(([{ blob }, label]) => [blob, label]));
    this.labels = new Map(rows.flatMap((row) => {
      const label = byBlob.get(row.blob);
      return label ? [[row, label] as const] : [];
    }));
  }

  give(labels: Iterable<readonly [Row, Label]>): void {
    this.labels = new Map(labels);
  }

  all(): LabelledRow[] {
    return [...this.labels].filter(([row]) => this.results.get(row.key) === row).map(([row, label]) => ({ row, ...label }));
  }

  clear(): void {
    this.labels = new Map();
  }
}
