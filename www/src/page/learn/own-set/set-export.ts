/** A measured set as files: its patches as CSV, its figures as JSON. Pure. */
import { cell } from '../../patches/export-patches.ts';
import { operatingOf } from '../../../shared/heads.ts';
import { seen } from '../../../strings/patches.ts';
import type { Head, ModelInfo } from '../../../shared/wasm/engine-wasm.ts';
import type { Evaluation } from '../../../shared/lab/evaluate-tasks.ts';
import type { LabelledRow } from './labelled-rows.ts';

const COLUMNS = ['name', 'label', 'patient', 'probability', 'decision', 'threshold', 'seen', 'model_id', 'status', 'file_sha256'];

/** Every labelled patch, also those without an answer; decisions at the threshold in view. */
export function patchesCsv(rows: LabelledRow[], threshold: number): string {
  const lines = rows.map(({ row, nodule, patient }) => {
    const probability = row.prediction?.probability;
    const decision = probability === undefined ? '' : probability >= threshold ? 'nodule' : 'no nodule';
    return [
      cell(row.name), nodule ? 'nodule' : 'no nodule', cell(patient ?? ''), probability === undefined ? '' : String(probability), decision,
      decision && String(threshold), row.prediction ? seen[row.prediction.head] : '', row.model?.modelId ?? '', row.state, row.patch?.sha256 ?? '',
    ].join(',');
  });
  return [COLUMNS.join(','), ...lines, ''].join('\r\n');
}

export function figuresJson(found: Evaluation, model: ModelInfo, head: Head): string {
  const { modelId, network, weightsSha256, preprocessId } = model;
  const { temperature, threshold } = operatingOf(model, head);
  const { bins, roc, pr, ...figures } = found;
  const about = { model_id: modelId, network, weights_sha256: weightsSha256, preprocess_id: preprocessId, seen: seen[head], temperature, file_threshold: threshold };
  return `${JSON.stringify({ model: about, intervals: '95 %', figures, reliability: bins, roc, precision_recall: pr }, null, 2)}\n`;
}
