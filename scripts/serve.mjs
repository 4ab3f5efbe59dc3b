// Serves dist/ on this computer, with the headers that a public server should send, too.
//   node scripts/serve.mjs [--port N] [--dir DIR]
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { headerPolicy } from './csp.mjs';

export const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  // instantiateStreaming refuses any other type.
  '.wasm': 'application/wasm',
};

export const SECURITY = {
  'content-security-policy': headerPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=(), publickey-credentials-get=(), publickey-credentials-create=(), identity-credentials-get=(), otp-credentials=()',
};

// Paths are resolved below `dir`; what leads out of it does not exist.
async function find(dir, url) {
  let pathname;
  try {
    pathname = decodeURIComponent(new URL(url, 'http://local').pathname);
  } catch {
    return undefined;
  }
  if (pathname.includes('\0')) return undefined;
  const file = path.join(dir, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
  if (!file.startsWith(dir + path.sep)) return undefined;
  const info = await stat(file).catch(() => undefined);
  return info?.isFile() ? { file, info } : undefined;
}

// By content, so that a rebuild with the same bytes stays cached; kept until the file changes.
const tags = new Map();
async function etag(file, { mtimeMs, size }) {
  const key = `${file} ${mtimeMs} ${size}`;
  if (!tags.has(key)) tags.set(key, `"${createHash('sha256').update(await readFile(file)).digest('hex').slice(0, 32)}"`);
  return tags.get(key);
}

// What shrinks by less than this goes out as it is: the weights lose 11 % to brotli, and unpacking them took 200 ms of a
// cold start of one second. A server far away may choose otherwise; the compressed files are there.
export const WORTH_IT = 0.8;

async function encoded(file, rawSize, accept = '') {
  for (const [name, suffix] of [['br', '.br'], ['gzip', '.gz']]) {
    // "br;q=0" says no.
    if (!new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accept)) continue;
    const info = await stat(file + suffix).catch(() => undefined);
    if (info && info.size < rawSize * WORTH_IT) return { file: file + suffix, size: info.size, name };
  }
  return undefined;
}

async function respond(dir, request, response) {
  const send = (status, headers = {}, body = '') => {
    response.writeHead(status, { ...SECURITY, ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, { allow: 'GET, HEAD' });
  const found = await find(dir, request.url ?? '/');
  if (!found) return send(404, { 'content-type': 'text/plain; charset=utf-8' }, 'Not found\n');
  const { file, info } = found;
  const variant = await encoded(file, info.size, request.headers['accept-encoding']);
  const tag = (await etag(file, info)).replace(/"$/, variant ? `-${variant.name}"` : '"');
  const headers = {
    'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
    // Always asks, mostly answered 304: a new build is seen at once.
    'cache-control': 'no-cache',
    etag: tag,
    vary: 'accept-encoding',
  };
  if (request.headers['if-none-match']?.split(/\s*,\s*/).includes(tag)) return send(304, headers);
  headers['content-length'] = variant?.size ?? info.size;
  if (variant) {
    headers['content-encoding'] = variant.name;
    // For the progress of the weights: content-length counts the compressed bytes.
    headers['x-uncompressed-length'] = info.size;
  }
  response.writeHead(200, { ...SECURITY, ...headers });
  if (request.method === 'HEAD') return response.end();
  createReadStream(variant?.file ?? file).on('error', () => response.destroy()).pipe(response);
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });
}

/** Starts the server; without `port` it takes the first free one from 8000 on. */
export async function serve({ dir, port }) {
  const folder = path.resolve(dir);
  const server = http.createServer((request, response) => {
    respond(folder, request, response).catch(() => response.destroy());
  });
  for (let candidate = port ?? 8000; ; candidate += 1) {
    try {
      const bound = await listen(server, candidate);
      return { server, url: `http://127.0.0.1:${bound}/` };
    } catch (error) {
      if (port !== undefined || error.code !== 'EADDRINUSE' || candidate > 8100) throw error;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
  const { values } = parseArgs({ options: { port: { type: 'string' }, dir: { type: 'string', default: path.join(root, 'dist') } } });
  if (!(await stat(path.join(values.dir, 'index.html')).catch(() => undefined))) {
    console.error(`serve: ${values.dir} holds no page; run "npm run build" first`);
    process.exit(1);
  }
  const { url } = await serve({ dir: values.dir, port: values.port === undefined ? undefined : Number(values.port) });
  const { coming } = JSON.parse(await readFile(path.join(values.dir, 'parts.json'), 'utf8').catch(() => '{"coming":""}'));
  console.log(`Nodulens: ${url}${coming ? `\nStill being built: ${coming.split(' ').join(', ')}. The page works, and takes them when they are there.` : ''}\nCtrl-C stops.`);
}
