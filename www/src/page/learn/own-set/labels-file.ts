/** A labels file as text: names and labels, maybe patients. Separated by commas, semicolons or tabs, with or without a head. */

export interface Label {
  nodule: boolean;
  /** Where the file names the patient of a patch. */
  patient: string | undefined;
}

export interface LabelLine extends Label {
  /** From 1, as editors count. */
  line: number;
  name: string;
}

export interface LabelsFile {
  lines: LabelLine[];
  /** Lines with a label that is not known here. */
  unknown: { line: number; label: string }[];
  hasPatients: boolean;
}

/** Why there are no labels to be had. */
export type LabelsProblem = 'empty' | 'binary' | 'one-column' | 'many-columns' | 'no-name' | 'no-label' | 'no-known-label';

/** A list of labels has no more. */
const MOST_COLUMNS = 1000;
/** Lines that tell what a column holds. */
const LOOKED_AT = 200;
const PICTURE = /\.(png|jpe?g|tiff?|bmp)$/i;

const TRUE = new Set(['1', '1.0', 'nodule', 'yes', 'true', 'positive', 'pos', 'y', 't', '+']);
const FALSE = new Set(['0', '0.0', 'no nodule', 'no-nodule', 'no_nodule', 'nonodule', 'non-nodule', 'non nodule', 'none', 'no', 'false', 'negative', 'neg', 'n', 'f', '-']);

const NAMES = ['name', 'file', 'filename', 'file_name', 'file name', 'image', 'path', 'patch', 'candidate_row', 'id'];
const LABELS = ['label', 'class', 'truth', 'nodule', 'target', 'reference', 'y'];
const PATIENTS = ['patient', 'patient_id', 'patientid', 'patient id', 'seriesuid', 'scan', 'group', 'subject'];

export function labelOf(text: string): boolean | undefined {
  const plain = text.trim().toLowerCase();
  return TRUE.has(plain) ? true : FALSE.has(plain) ? false : undefined;
}

/** Names of folders say the same as labels. */
export const classOfFolder = (name: string): boolean | undefined => {
  const plain = name.trim().toLowerCase();
  if (plain === 'nodules') return true;
  // A folder "y" or "-" is not likely to be a class.
  return plain.length === 1 && plain !== '0' && plain !== '1' ? undefined : labelOf(plain);
};

/** UTF-8 or UTF-16, and what older spreadsheets write. */
export function textOf(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** `isPatch`: whether a patch of this name is at hand; it tells a column of names without a head. */
export function readLabels(text: string, isPatch: (name: string) => boolean = () => false): LabelsFile | LabelsProblem {
  if (text.includes('\0')) return 'binary';
  const rows = cells(text.replace(/^\uFEFF/, ''));
  if (!rows) return 'many-columns';
  const [first] = rows;
  if (!first) return 'empty';
  if (rows.every(({ cells: { length } }) => length < 2)) return 'one-column';
  const { hasHead, name, label, patient } = columnsOf(rows, isPatch);
  if (name < 0) return 'no-name';
  if (label < 0) return 'no-label';
  const found: LabelsFile = { lines: [], unknown: [], hasPatients: false };
  for (const { line, cells: row } of hasHead ? rows.slice(1) : rows) {
    const nodule = labelOf(row[label] ?? '');
    const patientName = patient < 0 ? '' : (row[patient] ?? '').trim();
    if (nodule === undefined) found.unknown.push({ line, label: (row[label] ?? '').trim() });
    else found.lines.push({ line, name: (row[name] ?? '').trim(), nodule, patient: patientName || undefined });
  }
  if (found.lines.length === 0) return 'no-known-label';
  found.hasPatients = found.lines.every((each) => each.patient !== undefined);
  return found;
}

type Cells = { line: number; cells: string[] };

/** From 0, -1 where there is none. */
interface Columns {
  hasHead: boolean;
  name: number;
  label: number;
  patient: number;
}

/** Columns are told by what is in them; what the head calls them decides between two that may be meant. */
function columnsOf([first, ...rest]: Cells[], isPatch: (name: string) => boolean): Columns {
  const cells = first?.cells ?? [];
  const plain = cells.map((cell) => cell.trim().toLowerCase());
  const isName = (cell = ''): boolean => isPatch(cell.trim()) || PICTURE.test(cell.trim());
  /** Those that the head calls so, the most likely first. */
  const called = (known: string[]): number[] => known.map((name) => plain.indexOf(name)).filter((at) => at >= 0);
  const [names, labels, patients] = [called(NAMES), called(LABELS), called(PATIENTS)];
  const hasLabel = cells.some((cell, at) => at > 0 && labelOf(cell) !== undefined);
  const hasHead = (names.length > 0 && labels.length > 0) || (!hasLabel && !cells.some(isName));
  const looked = (hasHead || !first ? rest : [first, ...rest]).slice(0, LOOKED_AT);
  const isLabel = (cell: string): boolean => labelOf(cell) !== undefined;
  const holding = (at: number, fits: (cell: string) => boolean): number => looked.filter(({ cells: row }) => fits(row[at] ?? '')).length;
  const most = (columns: number[], fits: (cell: string) => boolean): number => {
    const counted = columns.map((at) => [holding(at, fits), at] as const);
    return counted.reduce((best, each) => (each[0] > best[0] ? each : best), [0, columns[0] ?? -1] as const)[1];
  };
  const all = [...cells.keys()];
  if (hasHead) {
    const label = labels.find((at) => 2 * holding(at, isLabel) >= looked.length) ?? most(labels, isLabel);
    const meant = names.length > 0 ? names : all.filter((at) => holding(at, isName) > 0);
    return { hasHead, label, name: most(meant.filter((at) => at !== label), isName), patient: patients[0] ?? -1 };
  }
  const name = most(all, isName);
  const label = most([...all.slice(name + 1), ...all.slice(0, name)], isLabel);
  // What stands beside the two is the patient, behind them before ahead of them.
  const patient = all.find((at) => at > Math.max(name, label)) ?? all.find((at) => at !== name && at !== label) ?? -1;
  return { hasHead, name, label, patient };
}

/** Fields in quotes may hold separators, line ends and doubled quotes. Empty lines are left out. Nothing of a line with too many columns. */
function cells(text: string): Cells[] | undefined {
  const head = text.slice(0, (text.search(/[\r\n]/) + 1 || text.length + 1) - 1);
  const separator = [...',;\t'].map((each) => [head.split(each).length, each] as const).sort((a, b) => b[0] - a[0])[0]?.[1] ?? ',';
  const rows: Cells[] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let began = 1;
  const end = (): void => {
    row.push(cell);
    if (row.some((each) => each.trim() !== '')) rows.push({ line: began, cells: row });
    [row, cell] = [[], ''];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character === '\n' || (character === '\r' && text[at + 1] !== '\n')) line += 1;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') [cell, at] = [`${cell}"`, at + 1];
      else quoted = false;
    } else if (character === '"' && cell.trim() === '') [quoted, cell] = [true, ''];
    else if (character === separator) {
      if (row.push(cell) >= MOST_COLUMNS) return undefined;
      cell = '';
    } else if (character === '\n' || character === '\r') {
      if (character === '\n' || text[at + 1] !== '\n') {
        end();
        began = line;
      }
    } else cell += character;
  }
  end();
  return rows;
}
