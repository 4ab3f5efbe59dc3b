/**
 * Which parts the page has: WebAssembly modules with their workers. The build writes that into index.html. On a fresh clone the
 * page is served while some are still being built; then it asks parts.json again where one of them is wanted.
 */
import { strings } from '../../strings/strings.ts';
import { fetchFile } from './fetch-file.ts';

export const PARTS = ['cpu', 'loader', 'lab', 'reference', 'webgpu'] as const;
export type Part = (typeof PARTS)[number];

/** Still being built: asked for again, it may be there. */
export class PartComing extends Error {
  readonly code = 'part-coming';
  readonly hint = strings.fetch.comingHint;
  constructor(part: Part) {
    super(strings.fetch.coming(strings.fetch.part[part]));
  }
}

const read = (names: string | undefined): Set<Part> => new Set(PARTS.filter((part) => names?.split(' ').includes(part)));
const { parts, partsComing } = document.documentElement.dataset;
let there = read(parts);
let coming = read(partsComing);

/** Of this build, or of the one that follows it. */
export const isPart = (part: Part): boolean => there.has(part) || coming.has(part);
/** Whether anything was still being built when it was last asked. */
export const isUnfinished = (): boolean => coming.size > 0;
export const isThere = (part: Part): boolean => there.has(part);

/** Rejects with `PartComing` where it is still being built. */
export async function partThere(part: Part): Promise<void> {
  if (!coming.has(part)) return;
  try {
    const now = (await (await fetchFile('./parts.json')).json()) as { there: string; coming: string };
    there = read(now.there);
    coming = read(now.coming);
  } catch {
    // Without an answer nothing new is known.
  }
  if (coming.has(part)) throw new PartComing(part);
}
