// Writes the service worker of a built folder: the list of its files with their hashes, and a version made of them all.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { target } from './browsers.mjs';
import { metaPolicy } from './csp.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const SCRIPT = 'service-worker.js';
/** Beside the page's own files, `headers.json` makes the version: the kept page keeps the policy that it came with. */
const HEADERS = 'headers.json';
/** What no page asks for. */
const NOT_KEPT = /\.(br|gz|map|md)$|^hosting\/|^(_headers|sizes\.json|headers\.json|parts\.json|service-worker\.js)$/;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function listFiles(dir) {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/')).sort();
}

/** Without `kept` the worker ends itself and what an earlier build kept. */
export async function writeServiceWorker(dir, { kept = true } = {}) {
  const names = await listFiles(dir);
  const files = {};
  const versions = createHash('sha256');
  for (const name of kept ? names : []) {
    if (NOT_KEPT.test(name) && name !== HEADERS) continue;
    const hash = sha256(await readFile(path.join(dir, name)));
    versions.update(`${name} ${hash}\n`);
    if (name !== HEADERS) files[name] = hash;
  }
  const precache = { version: versions.digest('hex').slice(0, 16), policy: metaPolicy, files };
  await esbuild.build({
    entryPoints: [path.join(root, 'www', 'src', 'sw', 'service-worker.ts')],
    outfile: path.join(dir, SCRIPT),
    bundle: true,
    format: 'iife',
    target,
    minify: true,
    define: { PRECACHE: JSON.stringify(precache) },
    logLevel: 'warning',
  });
  return precache;
}
