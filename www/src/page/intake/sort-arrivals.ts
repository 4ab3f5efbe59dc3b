/**
 * What arrived, told apart by content: pictures go to the patches, scans to the loader. Only the first bytes of a file
 * are read here.
 */
import type { Arrival, Arrivals, Skipped } from './arrivals.ts';
import { looksLikeWeights } from './arrivals.ts';

export type Kind = 'picture' | 'scan' | 'weights' | 'other';
type Found = Kind | 'unreadable';

/** Up to the magic of NIfTI, the last one looked at. */
const HEAD_BYTES = 352;
/** Heads read at a time: enough to keep a disk busy, few enough for a browser. */
const AT_ONCE = 64;
/** In folders of more files than this those that are named like pictures are taken for pictures unread. */
const LOOK_INTO = 500;

const PICTURE_EXTENSION = /\.(png|jpe?g|tiff?|bmp)$/i;
/** Samples that stand beside a header of MetaImage, NRRD or NIfTI: bytes without a mark of their own. */
const SAMPLES_EXTENSION = /\.(z?raw|raw\.gz|img)$/i;

const latin = (bytes: Uint8Array, from: number, length: number): string => String.fromCharCode(...bytes.subarray(from, from + length));

/** By the first bytes, as the formats' own definitions give them. */
export function kindOf(head: Uint8Array, name: string): Kind {
  const four = latin(head, 0, 4);
  if (latin(head, 0, 8) === 'NODULENS' || looksLikeWeights(name)) return 'weights';
  if (four === '\x89PNG' || four.startsWith('\xff\xd8\xff') || four.startsWith('BM') || four === 'II*\0' || four === 'MM\0*') {
    // Some DICOM files begin with the mark of a TIFF, so that both programs open them.
    return latin(head, 128, 4) === 'DICM' ? 'scan' : 'picture';
  }
  const scan = latin(head, 128, 4) === 'DICM'
    || four === 'PK\x03\x04' || four.startsWith('\x1f\x8b') || four === 'NRRD'
    || ['n+1\0', 'ni1\0'].includes(latin(head, 344, 4)) || ['n+2\0', 'ni2\0'].includes(latin(head, 4, 4))
    || /^\s*(ObjectType|NDims|Comment)\s*=/.test(latin(head, 0, 64))
    || isBareDicom(head) || SAMPLES_EXTENSION.test(name);
  return scan ? 'scan' : 'other';
}

/** A data set without preamble: its first element is of group 2 or 8, in either byte order. */
function isBareDicom(head: Uint8Array): boolean {
  const [a, b, , d] = head;
  return head.length > 16 && d === 0 && ((b === 0 && (a === 8 || a === 2)) || (a === 0 && (b === 8 || b === 2)));
}

export interface Sorted {
  pictures: Arrival[];
  scans: Arrival[];
  /** Of networks, the user's own. */
  weights: Arrival[];
  /** From a folder, of no known kind. */
  skipped: Skipped;
  /** Names of files and folders that could not be read, and are told nowhere else. */
  unreadable: string[];
}

/** Locked, moved, or of a drive that is gone: nobody knows what it is. */
async function foundIn({ name, blob }: Arrival): Promise<Found> {
  try {
    return kindOf(new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer()), name);
  } catch {
    // Its row, or whoever loads weights, will say why it cannot be read.
    if (PICTURE_EXTENSION.test(name)) return 'picture';
    return looksLikeWeights(name) ? 'weights' : 'unreadable';
  }
}

export async function sortArrivals({ files, fromFolder, unreadable }: Arrivals, extensionOf: (name: string) => string): Promise<Sorted> {
  const sorted: Sorted = { pictures: [], scans: [], weights: [], skipped: { count: 0, byExtension: new Map() }, unreadable: [...unreadable] };
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const part = files.slice(at, at + AT_ONCE);
    const kinds = await Promise.all(part.map(async (file): Promise<Found> => {
      if (file.synthetic || (files.length > LOOK_INTO && PICTURE_EXTENSION.test(file.name))) return 'picture';
      return foundIn(file);
    }));
    part.forEach((file, i) => {
      const kind = kinds[i];
      if (kind === 'scan') sorted.scans.push(file);
      else if (kind === 'unreadable') sorted.unreadable.push(file.name);
      else if (kind === 'weights') sorted.weights.push(file);
      // What a person chose one by one, or what is named like a picture, is never passed over: it is refused with its reason.
      else if (kind === 'picture' || !fromFolder.has(file) || PICTURE_EXTENSION.test(file.name)) sorted.pictures.push(file);
      else {
        sorted.skipped.count += 1;
        const label = extensionOf(file.name);
        sorted.skipped.byExtension.set(label, (sorted.skipped.byExtension.get(label) ?? 0) + 1);
      }
    });
  }
  return sorted;
}
