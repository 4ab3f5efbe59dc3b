/** The results as CSV and JSON files. Pure but for `download`. */
import type { MethodInfo, ModelInfo } from './wasm.ts';
import type { Row } from './results.ts';

/** One result, as both files hold it. A value that does not exist is null (CSV: empty). */
export interface ExportRow {
  file_name: string;
  status: string;
  probability: number | null;
  decision: string | null;
  threshold: number;
  model_id: string;
  weights_sha256: string;
  preprocess_id: string;
  engine: string | null;
  file_sha256: string | null;
  /** "nodule" or "no nodule" as drawn, for a synthetic example; null for everything else. */
  synthetic: string | null;
  milliseconds: number | null;
  notes: string[];
  error: { code: string; message: string; hint: string } | null;
}

export function exportRows(rows: Row[], model: ModelInfo): ExportRow[] {
  return rows.map((row) => ({
    file_name: row.name,
    status: row.state,
    probability: row.prediction?.probability ?? null,
    decision: row.prediction?.decision ?? null,
    threshold: model.threshold,
    model_id: model.modelId,
    weights_sha256: model.weightsSha256,
    preprocess_id: model.preprocessId,
    engine: row.engine ?? null,
    file_sha256: row.patch?.sha256 ?? null,
    synthetic: row.synthetic?.label ?? null,
    milliseconds: row.milliseconds === undefined ? null : Math.round(row.milliseconds * 1000) / 1000,
    notes: row.patch?.notes ?? [],
    error: row.problem ?? null,
  }));
}

const COLUMNS = [
  'file_name', 'status', 'probability', 'decision', 'threshold', 'model_id', 'weights_sha256', 'preprocess_id',
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
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toJson(rows: ExportRow[], model: ModelInfo, method: MethodInfo): string {
  const { card: _, ...about } = model;
  const document = {
    about: 'Nodulens: research and teaching software, not a medical device.',
    version: method.version,
    exported: new Date().toISOString(),
    model: about,
    results: rows,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the blob by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
