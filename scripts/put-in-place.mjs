// Puts a folder's files in the place of another's, file by file, so that a server of the other always has a whole page: what
// index.html names comes before it, and what only the old one named goes last.
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

const LAST = /^(index\.html|parts\.json|service-worker\.js)/;

async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

export async function putInPlace(from, to) {
  const names = (await listFiles(from)).sort((a, b) => Number(LAST.test(a)) - Number(LAST.test(b)));
  const before = await listFiles(to);
  for (const name of names) {
    await mkdir(path.dirname(path.join(to, name)), { recursive: true });
    await rename(path.join(from, name), path.join(to, name));
  }
  const now = new Set(names);
  for (const name of before) if (!now.has(name)) await rm(path.join(to, name), { force: true });
  await rm(from, { recursive: true, force: true });
}
