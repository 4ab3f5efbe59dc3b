// Serves the bench pages: folders mounted under prefixes, cross-origin isolated, nothing cached. Not the product's
// server (scripts/serve.mjs), whose policy forbids what some peers do.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.wasm': 'application/wasm',
};
const HEADERS = {
  // SharedArrayBuffer, and so threads, exist only with these.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

async function find(mounts, url) {
  const { pathname } = new URL(url, 'http://local');
  const [prefix, folder] = Object.entries(mounts).find(([mount]) => pathname.startsWith(`/${mount}/`)) ?? [];
  if (!folder) return undefined;
  const file = path.join(folder, decodeURIComponent(pathname.slice(prefix.length + 2)));
  if (!file.startsWith(folder + path.sep)) return undefined;
  const info = await stat(file).catch(() => undefined);
  return info?.isFile() ? { file, size: info.size } : undefined;
}

/** Serves `mounts`, `{prefix: folder}`, on a free port of 127.0.0.1. */
export async function serveMounts(mounts) {
  const server = http.createServer(async (request, response) => {
    const found = await find(mounts, request.url ?? '/').catch(() => undefined);
    if (!found) return response.writeHead(404, HEADERS).end();
    const type = TYPES[path.extname(found.file)] ?? 'application/octet-stream';
    response.writeHead(200, { ...HEADERS, 'content-type': type, 'content-length': found.size });
    createReadStream(found.file).on('error', () => response.destroy()).pipe(response);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
