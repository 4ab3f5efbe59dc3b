// The page as one file: dist-single/nodulens.html, which opens by double click and asks for nothing. CPU engine, loader
// and the default network are inside. Made from dist/, so build that first.
//   node scripts/single-file.mjs
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import esbuild from 'esbuild';
import { target } from './browsers.mjs';
import { metaPolicy } from './csp.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const out = path.join(root, 'dist-single');
const BUDGET = 3_000_000;

function fail(message) {
  console.error(`single-file: ${message}`);
  process.exit(1);
}

const read = (name) => readFile(path.join(dist, name)).catch(() => fail(`dist/${name} is not there: run "npm run build" first`));
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The page's policy, without anything from a server: scripts and styles by hash, connections to nowhere. */
function policy(scripts, styles) {
  const own = {
    'script-src': [...scripts.map(hash), "'wasm-unsafe-eval'"],
    'style-src': styles.map(hash),
    'worker-src': ['blob:'],
    'connect-src': ["'none'"],
    'manifest-src': ["'none'"],
    'img-src': ['blob:', 'data:'],
  };
  const text = metaPolicy.split('; ').map((directive) => {
    const [name] = directive.split(' ');
    return own[name] ? [name, ...own[name]].join(' ') : directive;
  }).join('; ');
  if (text.includes("'self'") || Object.keys(own).some((name) => !text.includes(`${name} `))) fail(`csp.mjs has changed: ${text}`);
  return text;
}

async function mainScript() {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(root, 'www', 'src', 'page', 'main.ts')],
    bundle: true,
    format: 'esm',
    target,
    minify: true,
    write: false,
    define: { OFFLINE: '"one file"' },
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

/** Where fetch-file.ts looks first: gzip as base64, in an element that the browser neither runs nor shows. */
async function inside(name, type, bytes) {
  const packed = await promisify(zlib.gzip)(bytes, { level: 9 });
  return `<script type="text/plain" id="file:./${name}" data-type="${type}">${packed.toString('base64')}</script>`;
}

/** A worker as scripts/build.mjs makes it. */
async function worker(entry, folder) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(root, 'www', 'src', 'worker', entry)],
    bundle: true,
    format: 'iife',
    target,
    minify: true,
    write: false,
    alias: { '#glue': path.join(root, 'www', 'pkg', folder, 'nodulens.js') },
    define: { 'import.meta.url': 'undefined' },
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

/** Replaces what is there once and only once. */
function replace(page, what, by) {
  if (page.split(what).length !== 2) fail(`index.html has not exactly one ${what}`);
  return page.replace(what, () => by);
}

const models = JSON.parse((await read('models/models.json')).toString()).slice(0, 1);
const files = await Promise.all([
  inside('models/models.json', 'application/json', JSON.stringify(models)),
  inside(`models/${models[0].file}`, 'application/octet-stream', await read(`models/${models[0].file}`)),
  // The lab's module holds the CPU engine, too: one of them is enough here.
  ...[['cpu', 'engine/engine-worker.ts', 'lab'], ['lab', 'lab/lab-worker.ts', 'lab'], ['loader', 'loader/loader-worker.ts', 'loader']].map(async ([name, entry, folder]) =>
    inside(`worker-${name}.js`, 'text/javascript', await worker(entry, folder))),
  ...['lab', 'loader'].map(async (folder) => inside(`pkg/${folder}/nodulens_bg.wasm`, 'application/wasm', await read(`pkg/${folder}/nodulens_bg.wasm`))),
  inside('third-party.txt', 'text/plain', await read('third-party.txt')),
  '<script type="text/plain" id="file:./pkg/cpu/nodulens_bg.wasm" data-same="./pkg/lab/nodulens_bg.wasm"></script>',
]);
const script = await mainScript();
const first = (await read('first.js')).toString();
let page = (await read('index.html')).toString();
const sheets = [...page.matchAll(/<link rel="stylesheet" href="\.\/([^"]+)">/g)].map(([, name]) => name);
const styles = await Promise.all(sheets.map(async (name) => (await read(name)).toString()));

const attribute = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
page = page.replace(/(http-equiv="Content-Security-Policy" content=")[^"]*/, (_, start) => start + attribute(policy([first, script], styles)));
page = page.replace(/<!--[^]*?-->\n/, '<!-- One file: nothing is asked for, and nothing could be (connect-src). -->\n');
page = replace(page, '<link rel="manifest" href="./manifest.json">\n', '');
page = replace(page, '<link rel="apple-touch-icon" href="./icons/192.png">\n', '');
sheets.forEach((name, i) => (page = replace(page, `<link rel="stylesheet" href="./${name}">`, `<style>${styles[i]}</style>`)));
// The licences that it lives under travel with it; unpacked when they are opened (licences.ts).
page = page.replace(/<p><a href="\.\/third-party\.txt">([^<]*)<\/a><\/p>/, (_, title) => `<details><summary>${title}</summary><pre class="commands" tabindex="0" data-file="./third-party.txt"></pre></details>`);
page = page.replace(/<link rel="modulepreload"[^>]*>\n/g, '');
page = page.replace(/ data-parts="[^"]*" data-parts-coming="[^"]*" data-files="[^"]*"/, ' data-parts="cpu loader lab"');
page = replace(page, '<script type="module" src="./main.js"></script>\n', '');
page = replace(page, '<script src="./first.js"></script>', `<script>${first}</script>`);
page = replace(page, '</body>', `${files.join('\n')}\n<script type="module">${script}</script>\n</body>`);
if (/(src|href)="\.\//.test(page)) fail('something in index.html still comes from a file of its own');

await mkdir(out, { recursive: true });
await writeFile(path.join(out, 'nodulens.html'), page);
const size = Buffer.byteLength(page);
console.log(`dist-single/nodulens.html: ${(size / 1e6).toFixed(2)} MB (budget ${BUDGET / 1e6} MB), sha256 ${createHash('sha256').update(page).digest('hex')}`);
if (size > BUDGET) fail('larger than the budget');
