/** The user's labelled patches, to learn from: those that could be read. */
import type { Lab } from '../lab-client.ts';
import type { LabelledRow } from '../own-set/labelled-rows.ts';
import type { Examples } from '../../../shared/lab/train-tasks.ts';

/** Rows that were read before are read again in the same way. */
export const readable = (rows: LabelledRow[]): LabelledRow[] => rows.filter(({ row }) => row.state === 'done');

export async function examplesOf(lab: Lab, rows: LabelledRow[], samples: number, report: (done: number, total: number) => void): Promise<Examples> {
  const values = new Float32Array(rows.length * samples);
  for (const [at, { row }] of rows.entries()) {
    const read = await lab.ask('picture', { bytes: await row.blob.arrayBuffer(), policy: 'center-crop' });
    // Of the view the patch: what is trained here looks at patches alone.
    values.set(read.values.subarray(0, samples), at * samples);
    report(at + 1, rows.length);
  }
  // Without a patient for each, a patch is a patient of its own.
  const names = rows.map(({ patient }) => patient ?? '');
  const numbers = new Map([...new Set(names)].map((name, number) => [name, number]));
  return {
    values,
    labels: Uint8Array.from(rows, ({ nodule }) => Number(nodule)),
    patients: names.includes('') ? new Uint32Array() : Uint32Array.from(names, (name) => numbers.get(name) ?? 0),
  };
}
