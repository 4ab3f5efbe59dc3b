/**
 * Ways in: files chosen, dropped or pasted, whole folders, and synthetic patches. Everything becomes a `Source`: its
 * bytes are read only when its turn comes, so that thousands of files cost nothing while they wait.
 */
import type { FileIn, FileOut } from '../../shared/engine-messages.ts';
import { strings } from '../../strings/strings.ts';
import type { Phantom, PhantomLabel } from '../../shared/wasm/engine-wasm.ts';

/** What arrived: a named blob, not yet a row. */
export interface Arrival {
  name: string;
  blob: Blob;
  synthetic?: { label: PhantomLabel; seed: number };
}

/** Files of a folder that are no images and no scans are passed over, with how many of each extension. */
export interface Skipped {
  count: number;
  byExtension: Map<string, number>;
}

export interface Arrivals {
  files: Arrival[];
  /** Those that were not chosen one by one. */
  fromFolder: Set<Arrival>;
  /** Names of files that could not be opened, and of folders, with a stroke at the end, that could not be listed to their end. */
  unreadable: string[];
}

export interface Source {
  key: number;
  blob: Blob;
}

export interface ReadFiles {
  files: FileIn[];
  unreadable: FileOut[];
}

/** A patch is a few kilobytes; a film that was dropped by mistake must not be read into memory. */
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

const nothing = (): Arrivals => ({ files: [], fromFolder: new Set(), unreadable: [] });

function extensionOf(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  return dot > 0 ? base.slice(dot + 1).toLowerCase() : '';
}

/** ".txt", or in words that there is none. */
export function extensionLabel(name: string): string {
  const extension = extensionOf(name);
  return extension ? `.${extension}` : strings.intake.noExtension;
}

export const looksLikeWeights = (name: string): boolean => /\.(nodulens|safetensors)$/i.test(name);

function takeFromFolder(into: Arrivals, name: string, blob: Blob): void {
  const file = { name, blob };
  into.files.push(file);
  into.fromFolder.add(file);
}

export function arrivalsFromInput(input: HTMLInputElement): Arrivals {
  const arrivals = nothing();
  for (const file of input.files ?? []) {
    if (input.webkitdirectory) takeFromFolder(arrivals, file.webkitRelativePath || file.name, file);
    else arrivals.files.push({ name: file.name, blob: file });
  }
  if (input.webkitdirectory) sortByName(arrivals);
  // So that the same file can be chosen again.
  input.value = '';
  return arrivals;
}

let pasted = 0;

/** An image copied from another program arrives as "image.png" every time; the rows need names that differ. */
export function arrivalsFromClipboard(data: DataTransfer): Arrivals {
  const files = [...data.files].map((file) => {
    const anonymous = file.name === '' || /^image\.\w+$/.test(file.name);
    return { name: anonymous ? strings.intake.pastedName((pasted += 1), extensionOf(file.name) || 'png') : file.name, blob: file };
  });
  return { ...nothing(), files };
}

/** Must be called inside the drop event: the list of items is emptied when the handler returns. */
export async function arrivalsFromDrop(data: DataTransfer): Promise<Arrivals> {
  const arrivals = nothing();
  const folders: FileSystemDirectoryEntry[] = [];
  for (const item of data.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    if (entry?.isDirectory) {
      folders.push(entry as FileSystemDirectoryEntry);
      continue;
    }
    const file = item.getAsFile();
    if (file) arrivals.files.push({ name: file.name, blob: file });
    else if (entry) arrivals.unreadable.push(entry.name);
  }
  const fromFolders: Arrivals = { ...arrivals, files: [] };
  for (const folder of folders) await walk(folder, fromFolders);
  sortByName(fromFolders);
  arrivals.files.push(...fromFolders.files);
  return arrivals;
}

const nameOf = ({ fullPath }: FileSystemEntry): string => fullPath.replace(/^\//, '');

async function walk(folder: FileSystemDirectoryEntry, into: Arrivals): Promise<void> {
  const reader = folder.createReader();
  for (;;) {
    // The browser hands out the entries in parts (100 in Chromium) until a part is empty.
    const entries = await new Promise<FileSystemEntry[] | undefined>((resolve) => reader.readEntries(resolve, () => resolve(undefined)));
    // What was listed before is taken all the same.
    if (!entries) into.unreadable.push(`${nameOf(folder)}/`);
    if (!entries || entries.length === 0) return;
    for (const entry of entries) {
      if (entry.isDirectory) {
        await walk(entry as FileSystemDirectoryEntry, into);
        continue;
      }
      const file = await new Promise<File | undefined>((resolve) =>
        (entry as FileSystemFileEntry).file(resolve, () => resolve(undefined)),
      );
      if (file) takeFromFolder(into, nameOf(entry), file);
      else into.unreadable.push(nameOf(entry));
    }
  }
}

function sortByName({ files }: Arrivals): void {
  const collator = new Intl.Collator(undefined, { numeric: true });
  files.sort((a, b) => collator.compare(a.name, b.name));
}

export function arrivalsFromPhantoms(phantoms: Phantom[]): Arrivals {
  const files = phantoms.map(({ name, label, seed, png }) => ({
    name,
    blob: new Blob([png], { type: 'image/png' }),
    synthetic: { label, seed },
  }));
  return { ...nothing(), files };
}

/** Reads a chunk. A file that is gone or cannot be read is answered here and stops no other. */
export async function readSources(sources: Source[]): Promise<ReadFiles> {
  const read: ReadFiles = { files: [], unreadable: [] };
  const buffers = await Promise.all(sources.map(({ blob }) => readBlob(blob)));
  sources.forEach(({ key }, index) => {
    const result = buffers[index];
    if (result instanceof ArrayBuffer) read.files.push({ key, bytes: result });
    else read.unreadable.push({ key, ok: false, problem: result ?? strings.intake.unreadable });
  });
  return read;
}

async function readBlob(blob: Blob): Promise<ArrayBuffer | FileProblem> {
  if (blob.size > LARGEST_FILE_BYTES) return strings.intake.fileTooLarge(blob.size, LARGEST_FILE_BYTES);
  try {
    return await blob.arrayBuffer();
  } catch {
    return strings.intake.unreadable;
  }
}

type FileProblem = Extract<FileOut, { ok: false }>['problem'];
