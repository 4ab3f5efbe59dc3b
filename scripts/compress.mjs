// Brotli and gzip variants beside the files, as serve.mjs sends them.
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);
const methods = {
  br: (bytes) => brotli(bytes, { params: {
    [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
    [zlib.constants.BROTLI_PARAM_LGWIN]: 24,
    [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  } }),
  gz: (bytes) => gzip(bytes, { level: 9 }),
};

// Brotli at 11 of the WebGPU module takes a minute; kept by content hash, outside dist/, which is made anew.
const cache = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../node_modules/.cache/nodulens-compressed');

async function compressed(bytes, method) {
  const kept = path.join(cache, `${createHash('sha256').update(bytes).digest('hex')}.${method}`);
  if (await access(kept).then(() => true, () => false)) return readFile(kept);
  const result = await methods[method](bytes);
  await writeFile(kept, result);
  return result;
}

async function* files(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* files(file);
    else yield file;
  }
}

/** Writes both variants of each file whose name fits; their sizes by name, in bytes. */
export async function compressFolder(folder, fits) {
  await mkdir(cache, { recursive: true });
  const sizes = {};
  for await (const file of files(folder)) {
    if (!fits.test(file)) continue;
    const bytes = await readFile(file);
    const [br, gz] = [await compressed(bytes, 'br'), await compressed(bytes, 'gz')];
    await Promise.all([writeFile(`${file}.br`, br), writeFile(`${file}.gz`, gz)]);
    const name = path.relative(folder, file).replaceAll(path.sep, '/');
    sizes[name] = { raw: bytes.length, gzip: gz.length, brotli: br.length };
  }
  return sizes;
}
