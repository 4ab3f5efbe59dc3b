// What a server of the built folder should know, beside the page: headers.json (read by `cargo trainer serve`), _headers
// (Netlify, Cloudflare Pages), hosting/ with pieces for nginx and Caddy, README.md. All of it is what serve.mjs sends.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SECURITY, TYPES, WORTH_IT } from './serve.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const NOTE = '# Written by the build of Nodulens; README.md beside the page says how to use it.';

export async function writeHosting(dir) {
  const headers = { ...SECURITY, 'cache-control': 'no-cache' };
  const each = (line) => Object.entries(headers).map(([name, value]) => line(name, value)).join('\n');
  const files = {
    'headers.json': JSON.stringify({ headers, types: TYPES, compressedBelow: WORTH_IT }, null, 2),
    '_headers': `/*\n${each((name, value) => `  ${name}: ${value}`)}`,
    'hosting/nginx.conf': `${NOTE}\nindex index.html;\ngzip_static on;\n${each((name, value) => `add_header ${name} "${value}" always;`)}`,
    'hosting/Caddyfile': `${NOTE}\nheader {\n${each((name, value) => `\t${name} "${value}"`)}\n}\nfile_server {\n\tprecompressed br gzip\n}`,
  };
  await mkdir(path.join(dir, 'hosting'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), `${text}\n`);
  await cp(path.join(root, 'docs', 'hosting.md'), path.join(dir, 'README.md'));
}
