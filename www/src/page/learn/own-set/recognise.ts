/** Whether what arrived is a labelled set: a labels file beside pictures, or a folder for each class. */
import type { Arrival, Arrivals } from '../../intake/arrivals.ts';
import { classOfFolder, readLabels, textOf } from './labels-file.ts';
import type { Label, LabelsProblem } from './labels-file.ts';

/** Beyond this it is no list of labels. */
const LARGEST_LABELS_BYTES = 32 * 1024 * 1024;
const LABELS_NAME = /^(labels?|manifest)\.(csv|tsv|txt)$/i;
const TABLE_NAME = /\.(csv|tsv|txt)$/i;
const PICTURE_NAME = /\.(png|jpe?g|tiff?|bmp)$/i;

export interface Proposal {
  how: 'file' | 'folders';
  /** The labels file, or the two folders. */
  by: string;
  labels: Map<Arrival, Label>;
  hasPatients: boolean;
  /** What was left out, and why; names of files, or lines. */
  withoutLabel: string[];
  withoutFile: string[];
  unknownLabels: string[];
  contradictory: string[];
  repeated: string[];
  ambiguous: string[];
}

export type Recognised =
  | { kind: 'set'; proposal: Proposal; rest: Arrivals }
  | { kind: 'unusable'; file: string; problem: LabelsProblem | 'unreadable' | 'too-large' | 'no-match' }
  | { kind: 'none' };

const base = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
const stem = (name: string): string => base(name).replace(/\.[^.]+$/, '');
const folder = (name: string): string => name.slice(0, name.lastIndexOf('/') + 1);

/** `asked`: in the view, any table may be the labels file, and pictures outside of the two folders are passed over. */
export async function recognise(arrivals: Arrivals, asked: boolean): Promise<Recognised> {
  const { files } = arrivals;
  if (files.some(({ synthetic }) => synthetic)) return { kind: 'none' };
  const pictures = files.filter(({ name }) => PICTURE_NAME.test(name));
  if (pictures.length === 0) return { kind: 'none' };
  const named = files.filter(({ name }) => LABELS_NAME.test(base(name)));
  const tables = asked && named.length === 0 ? files.filter(({ name }) => TABLE_NAME.test(name)) : named;
  // A file "labels" is meant before a manifest.
  const [table] = [...tables].sort((a, b) => Number(/^label/i.test(base(b.name))) - Number(/^label/i.test(base(a.name))) || a.name.length - b.name.length);
  if (table) {
    const found = await fromFile(arrivals, table, pictures);
    // A manifest that nobody has called a list of labels may be one of something else.
    return found.kind === 'unusable' && !asked && /^manifest/i.test(base(table.name)) ? { kind: 'none' } : found;
  }
  const proposal = fromFolders(pictures, asked);
  return proposal ? { kind: 'set', proposal, rest: arrivals } : { kind: 'none' };
}

async function fromFile(arrivals: Arrivals, table: Arrival, pictures: Arrival[]): Promise<Recognised> {
  const file = base(table.name);
  if (table.blob.size > LARGEST_LABELS_BYTES) return { kind: 'unusable', file, problem: 'too-large' };
  let bytes: ArrayBuffer;
  try {
    bytes = await table.blob.arrayBuffer();
  } catch {
    return { kind: 'unusable', file, problem: 'unreadable' };
  }
  const find = index(pictures, folder(table.name));
  const read = readLabels(textOf(new Uint8Array(bytes)), (name) => find(name) !== undefined);
  if (typeof read === 'string') return { kind: 'unusable', file, problem: read };
  const proposal = none('file', file);
  proposal.hasPatients = read.hasPatients;
  proposal.unknownLabels = read.unknown.map(({ line, label }) => `${line}: “${label}”`);
  const left = new Set<Arrival>();
  for (const { name, nodule, patient } of read.lines) {
    const found = find(name);
    if (found === 'several') proposal.ambiguous.push(name);
    else if (!found) proposal.withoutFile.push(name);
    else if (left.has(found)) continue;
    else {
      const before = proposal.labels.get(found);
      if (!before) proposal.labels.set(found, { nodule, patient });
      else if (before.nodule === nodule) proposal.repeated.push(name);
      else {
        proposal.contradictory.push(name);
        proposal.labels.delete(found);
        left.add(found);
      }
    }
  }
  if (proposal.labels.size + left.size === 0) return { kind: 'unusable', file, problem: 'no-match' };
  proposal.withoutLabel = pictures.filter((picture) => !proposal.labels.has(picture) && !left.has(picture)).map(({ name }) => name);
  const rest = { ...arrivals, files: arrivals.files.filter((each) => each !== table) };
  return { kind: 'set', proposal, rest };
}

/** By path from the labels file, by name, by name without its ending. */
function index(pictures: Arrival[], beside: string): (name: string) => Arrival | 'several' | undefined {
  const by = [new Map<string, Arrival | 'several'>(), new Map<string, Arrival | 'several'>(), new Map<string, Arrival | 'several'>()] as const;
  const add = (map: Map<string, Arrival | 'several'>, key: string, picture: Arrival): void => void map.set(key, map.has(key) ? 'several' : picture);
  for (const picture of pictures) {
    const { name } = picture;
    add(by[0], name.startsWith(beside) ? name.slice(beside.length) : name, picture);
    add(by[1], base(name), picture);
    add(by[2], stem(name), picture);
  }
  return (name) => {
    const path = name.replaceAll('\\', '/').replace(/^\.\//, '');
    if (path === '') return undefined;
    return by[0].get(path) ?? by[1].get(base(path)) ?? by[2].get(base(path));
  };
}

/** Exactly two folders that are named like the classes, and every picture in one of them. */
function fromFolders(pictures: Arrival[], asked: boolean): Proposal | undefined {
  const proposal = none('folders', '');
  const folders = new Map<string, boolean>();
  for (const picture of pictures) {
    const parts = folder(picture.name).split('/').filter(Boolean);
    const at = parts.map((part) => classOfFolder(part) !== undefined).lastIndexOf(true);
    const nodule = classOfFolder(parts[at] ?? '');
    if (nodule === undefined) {
      proposal.withoutLabel.push(picture.name);
      continue;
    }
    folders.set(parts.slice(0, at + 1).join('/'), nodule);
    proposal.labels.set(picture, { nodule, patient: undefined });
  }
  const classes = [...folders.values()];
  if (classes.length !== 2 || classes[0] === classes[1] || (!asked && proposal.withoutLabel.length > 0)) return undefined;
  proposal.by = [...folders.keys()].map(base).join(', ');
  return proposal;
}

const none = (how: Proposal['how'], by: string): Proposal => ({
  how, by, labels: new Map(), hasPatients: false, withoutLabel: [], withoutFile: [], unknownLabels: [], contradictory: [], repeated: [], ambiguous: [],
});
