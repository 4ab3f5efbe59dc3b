/** The results as CSV and JSON files. Pure but for `download`. */
import type { MethodInfo, ModelInfo } from '../../shared/wasm/engine-wasm.ts';
import { seen } from '../../strings/patches.ts';
import type { Row } from './results.ts';

/** One result, as both files hold it. A value that does not exist is null (CSV: empty). */
export interface ExportRow {
  file_name: string;
  status: string;
  probability: number | null;
  decision: string | null;
  /** Of the part of the network that answered; null where there is no answer. */
  threshold: number | null;
  /** "patch alone" or "with its surroundings"; null where there is no answer. */
  seen: string | null;
  /** Of the network that answered, as the next two are; null where there is no answer. */
  model_id: string | null;
  weights_sha256: string | null;
  preprocess_id: string | null;
  engine: string | null;
  file_sha256: string | null;
  /** "nodule" or "no nodule" as drawn, for a synthetic example; null for everything else. */
  synthetic: string | null;
  milliseconds: number | null;
  notes: string[];
  error: { code: string; message: string; hint: string } | null;
}

export function exportRows(rows: Row[]): ExportRow[] {
  return rows.map((row) => ({
    file_name: row.name,
    status: row.state,
    probability: row.prediction?.probability ?? null,
    decision: row.prediction?.decision ?? null,
    threshold: row.prediction?.threshold ?? null,
    seen: row.prediction ? seen[row.prediction.head] : null,
    model_id: row.model?.modelId ?? null,
    weights_sha256: row.model?.weightsSha256 ?? null,
    preprocess_id: row.model?.preprocessId ?? null,
    engine: row.engine ?? null,
    file_sha256: row.patch?.sha256 ?? null,
    synthetic: row.synthetic?.label ?? null,
    milliseconds: row.milliseconds === undefined ? null : Math.round(row.milliseconds * 1000) / 1000,
    notes: row.patch?.notes ?? [],
    error: row.problem ?? null,
  }));
}

const COLUMNS = [
  'file_name', 'status', 'probability', 'decision', 'threshold', 'seen', 'model_id', 'weights_sha256', 'preprocess_id',
  'engine', 'file_sha256', 'synthetic', 'milliseconds', 'notes', 'error',
] as const satisfies readonly (keyof ExportRow)[];

export function toCsv(rows: ExportRow[]): string {
  const lines = rows.map((row) =>
    COLUMNS.map((column) => {
      const value = row[column];
      if (column === 'notes') return cell(row.notes.join(' | '));
      if (column === 'error') return cell(row.error ? [row.error.code, row.error.message, row.error.hint].filter(Boolean).join(' | ') : '');
      return typeof value === 'number' ? String(value) : cell((value as string | null) ?? '');
    }).join(','),
  );
  return [COLUMNS.join(','), ...lines, ''].join('\r\n');
}

/**
 * RFC 4180 quoting, and a leading apostrophe where a spreadsheet would take the text for a formula: a file name is
 * chosen by whoever made the file.
 */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** `models` holds every network that answered one of the rows, so that none stands for another. */
export function toJson(rows: Row[], method: MethodInfo): string {
  const models = new Map<string, Omit<ModelInfo, 'card' | 'engine'>>();
  for (const { model } of rows) {
    if (!model) continue;
    // Each row names its engine.
    const { card: _, engine: __, ...about } = model;
    models.set(model.modelId, about);
  }
  const document = {
    about: 'Nodulens: research and teaching software, not a medical device.',
    version: method.version,
    exported: new Date().toISOString(),
    models: [...models.values()],
    results: exportRows(rows),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Addresses of files on their way to the user's disk: a sealed page lets these pass (privacy/seal.ts). */
export const saving = new Set<string>();

export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  saving.add(url);
  link.click();
  // The browser has taken the blob by then.
  setTimeout(() => {
    URL.revokeObjectURL(url);
    saving.delete(url);
  }, 10_000);
}
