// Builds the page into dist/: type check, bundle, texts into index.html, copy wasm and weights, compress, print sizes.
//   node scripts/build.mjs [--check-only] [--cpu-only] [--no-offline] [--parts-to-come] [--pkg=DIR] [--out=DIR]
// With --parts-to-come the modules beyond the CPU engine's and the loader's may be missing: the page says that they are still
// being built, and takes them once this has been run again. A folder that is being served stays whole all the while.
import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { target } from './browsers.mjs';
import { findCircles } from './circles.mjs';
import { compressFolder } from './compress.mjs';
import { metaPolicy } from './csp.mjs';
import { writeHosting } from './hosting.mjs';
import { putInPlace } from './put-in-place.mjs';
import { writeServiceWorker } from './precache.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const www = path.join(root, 'www');
const flags = new Set(process.argv.slice(2));
const option = (name) => process.argv.find((flag) => flag.startsWith(`--${name}=`))?.slice(`--${name}=`.length);
const dist = path.resolve(root, option('out') ?? 'dist');
/** Everything is made here and then put into `dist`, which may be served meanwhile. */
const out = `${dist}.building`;

const exists = (file) => stat(file).then(() => true, () => false);

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

// One project for each global scope, so that `document` in the worker is an error.
async function typeCheck() {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const projects = [...['page', 'worker', 'sw', 'shared', 'strings', 'ui'].map((folder) => `www/src/${folder}/tsconfig.json`), 'tests/e2e/tsconfig.json', 'tests/unit/tsconfig.json'];
  const codes = await Promise.all(projects.map((project) => new Promise((resolve) => {
    spawn(process.execPath, [tsc, '--noEmit', '-p', project], { cwd: root, stdio: 'inherit' }).on('exit', resolve);
  })));
  if (codes.some((code) => code !== 0)) fail('type check failed');
}

// The page shows what a network weighs before it is loaded, so the list says it.
async function writeModels() {
  const folder = path.join(www, 'models');
  await cp(folder, path.join(out, 'models'), { recursive: true });
  const models = JSON.parse(await readFile(path.join(folder, 'models.json'), 'utf8'));
  for (const model of models) {
    const file = path.join(folder, model.file);
    if (!(await exists(file))) fail(`www/models/models.json lists ${model.file}, which is not there`);
    model.bytes = (await stat(file)).size;
  }
  await writeFile(path.join(out, 'models', 'models.json'), `${JSON.stringify(models, null, 2)}\n`);
  return models[0].file;
}

/** Where cargo has built a part. The reference is an engine inside the lab's module: a worker of its own, but no module. */
const pkg = (part) => path.join(path.resolve(root, option('pkg') ?? 'www/pkg'), { reference: 'lab' }[part] ?? part);
const WORKERS = { loader: 'loader/loader-worker.ts', lab: 'lab/lab-worker.ts' };

const common = { bundle: true, target, minify: true, sourcemap: true, logLevel: 'warning' };

/** What the lab's views share with the rest goes into a chunk; the names have the content in them, for two builds must not mix. */
async function bundlePage() {
  const { metafile } = await esbuild.build({
    ...common,
    entryPoints: ['main.ts', 'main.css'].map((name) => path.join(www, 'src', 'page', name)),
    outdir: out,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
    define: { OFFLINE: JSON.stringify(flags.has('--no-offline') ? 'not kept' : 'kept') },
  });
  const outputs = Object.fromEntries(Object.entries(metafile.outputs).map(([name, output]) => [path.relative(out, path.resolve(name)).replaceAll(path.sep, '/'), output]));
  // What takes away ways out runs before everything else (page/privacy/guard.ts).
  const first = outputs['main.js'].imports.find(({ kind }) => kind === 'import-statement');
  const begins = first ? path.relative(out, path.resolve(first.path)).replaceAll(path.sep, '/') : 'main.js';
  const inputs = Object.keys(outputs[begins].inputs).filter((input) => outputs[begins].inputs[input].bytesInOutput > 0);
  const guards = ['www/src/shared/take-away.ts', 'www/src/page/privacy/ways-out.ts', 'www/src/page/privacy/guard.ts'];
  if (guards.some((guard, at) => inputs[at] !== guard)) fail(`${begins} does not begin with ${guards.join(' and ')}, but with ${inputs.slice(0, 4).join(', ')}`);
  return { atStart: outputs['main.js'].imports.filter(({ kind }) => kind === 'import-statement').map(({ path: file }) => path.relative(out, path.resolve(file)).replaceAll(path.sep, '/')) };
}

async function bundleWorkers(parts) {
  // A worker for each module, whole in one classic script: it runs from a blob: address and fetches nothing.
  await Promise.all(parts.map((part) => esbuild.build({
    ...common,
    entryPoints: [{ in: path.join(www, 'src', 'worker', WORKERS[part] ?? 'engine/engine-worker.ts'), out: `worker-${part}` }],
    outdir: out,
    format: 'iife',
    alias: { '#glue': path.join(pkg(part), 'nodulens.js') },
    // The glue would look for its module beside itself; it is handed the module.
    define: { 'import.meta.url': 'undefined' },
  })));
}

/** Every file of the page, for the count of its requests (page/privacy/count-requests.ts): what else is asked for is none. */
async function listFiles({ coming }) {
  const made = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    .map((entry) => path.relative(out, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/')).filter((name) => !name.endsWith('.map'));
  const later = coming.flatMap((part) => [`worker-${part}.js`, `pkg/${part}/nodulens_bg.wasm`]);
  return [...new Set([...made, ...later, 'index.html', 'manifest.json', 'parts.json', 'service-worker.js'])].sort();
}

// index.html holds {{keys}}; their text is `html` in strings/index-html.ts.
async function writeHtml({ there, coming }, { atStart }) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(www, 'src', 'strings', 'index-html.ts')], bundle: true, format: 'esm', write: false, logLevel: 'warning',
  });
  const { html } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  const texts = { ...html, csp: metaPolicy, parts: there.join(' '), partsComing: coming.join(' '), files: (await listFiles({ coming })).join(' ') };
  const unused = new Set(Object.keys(texts));
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  // Browsers ask for the icon again whenever the address changes behind #: nothing is to be asked for then.
  const icon = `data:image/svg+xml;base64,${(await readFile(path.join(www, 'icon.svg'))).toString('base64')}`;
  const source = (await readFile(path.join(www, 'index.html'), 'utf8')).replace('./icon.svg', icon);
  const page = source.replace(/\{\{(\w+)\}\}/g, (_, key) => {
    if (texts[key] === undefined) fail(`index.html asks for the text "${key}", which strings/index-html.ts does not have`);
    unused.delete(key);
    return escape(texts[key]);
  });
  if (unused.size > 0) fail(`strings/index-html.ts has texts that index.html does not use: ${[...unused].join(', ')}`);
  // Without this the browser would learn of them only from main.js.
  const preload = atStart.map((file) => `<link rel="modulepreload" href="./${file}">\n`).join('');
  await writeFile(path.join(out, 'index.html'), page.replace('<script type="module"', `${preload}<script type="module"`));
  await writeFile(path.join(out, 'parts.json'), `${JSON.stringify({ there: texts.parts, coming: texts.partsComing })}\n`);
  await writeManifest(html);
}

// In JSON the words need other quotes.
async function writeManifest(html) {
  const manifest = await readFile(path.join(www, 'manifest.json'), 'utf8');
  await writeFile(path.join(out, 'manifest.json'), manifest.replace(/\{\{(\w+)\}\}/g, (_, key) => JSON.stringify(html[key]).slice(1, -1)));
}

function printSizes(sizes, start, seconds) {
  const kilobytes = (n) => (n / 1000).toFixed(1).padStart(10);
  console.log(`${'kB'.padEnd(36)}${'raw'.padStart(10)}${'gzip'.padStart(10)}${'brotli'.padStart(10)}`);
  const line = (name, { raw, gzip: gz, brotli: br }) => console.log(name.padEnd(36) + [raw, gz, br].map(kilobytes).join(''));
  for (const [name, size] of Object.entries(sizes).sort(([a], [b]) => a.localeCompare(b))) line(name, size);
  line('what a CPU start loads', start);
  console.log(`built ${path.relative(root, dist)}/ in ${seconds.toFixed(1)} s`);
}

/** In bytes after brotli: what a visitor waits for, and what nobody should make larger without noticing. */
const BUDGETS = {
  'pkg/cpu/nodulens_bg.wasm': 308_000,
  'main.js': 58_500,
  'main.css': 9_500,
  views: 44_000,
  'worker-cpu.js': 11_500,
  'worker-reference.js': 12_500,
  'worker-webgpu.js': 15_500,
  'worker-loader.js': 6_000,
  'worker-lab.js': 10_000,
  'what a CPU start loads': 520_000,
};

function checkBudgets(sizes, start, { atStart }) {
  const brotli = (names) => names.reduce((sum, name) => sum + sizes[name].brotli, 0);
  const chunks = Object.keys(sizes).filter((name) => name.startsWith('chunks/') && !atStart.includes(name));
  const now = { ...Object.fromEntries(Object.keys(sizes).map((name) => [name, sizes[name].brotli])), 'main.js': brotli(['main.js', ...atStart]), views: brotli(chunks), 'what a CPU start loads': start.brotli };
  const over = Object.entries(BUDGETS).filter(([name, most]) => now[name] > most).map(([name, most]) => `${name} has ${now[name]} bytes after brotli; the budget is ${most}.`);
  if (over.length > 0) fail(`${over.join('\nbuild: ')} docs/benchmarks.md says what was gained where.`);
}

// Everything a first visit fetches before the first answer on the CPU: of the weights only the default network's.
function cpuStart(sizes, weights, { atStart }) {
  const total = { raw: 0, gzip: 0, brotli: 0 };
  for (const [name, size] of Object.entries(sizes)) {
    if (/^(pkg\/|worker-)(webgpu|reference|loader|lab)\b|^(service-worker\.js|(headers|manifest|parts)\.json|third-party\.txt)$/.test(name)) continue;
    if (name.startsWith('chunks/') && !atStart.includes(name)) continue;
    if (name.endsWith('.nodulens') && name !== `models/${weights}`) continue;
    for (const key of Object.keys(total)) total[key] += size[key];
  }
  return total;
}

const started = performance.now();
const [circles] = await Promise.all([findCircles(), typeCheck()]);
if (circles.length > 0) fail(circles.join('\nbuild: '));
if (flags.has('--check-only')) process.exit(0);

const REQUIRED = ['cpu', 'loader'];
const OTHERS = ['lab', 'reference', 'webgpu'];
const isBuilt = async (part) => exists(path.join(pkg(part), 'nodulens_bg.wasm'));
const isWanted = (part) => part !== 'webgpu' || !flags.has('--cpu-only');

for (const part of REQUIRED) if (!(await isBuilt(part))) fail(`the ${part} module is not built (see README.md)`);
if (!(await exists(path.join(www, 'models', 'models.json')))) fail('there are no weights in www/models (see README.md)');
const parts = { there: [...REQUIRED], coming: [] };
for (const part of OTHERS.filter(isWanted)) {
  if (await isBuilt(part)) parts.there.push(part);
  else if (flags.has('--parts-to-come')) parts.coming.push(part);
  else if (part === 'webgpu') console.log('build: without WebGPU; the page says so');
  else fail(`the ${part} module is not built (see README.md)`);
}
if (parts.coming.length > 0) console.log(`build: still to come: ${parts.coming.join(', ')}; the page says so`);

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const weights = await writeModels();
const [page] = await Promise.all([
  bundlePage(),
  bundleWorkers(parts.there),
  cp(path.join(www, 'third-party.txt'), path.join(out, 'third-party.txt')),
  // As it is written: what makes it smaller might make it younger.
  cp(path.join(www, 'first', 'first.js'), path.join(out, 'first.js')),
  cp(path.join(www, 'icon.svg'), path.join(out, 'icon.svg')),
  cp(path.join(www, 'icons'), path.join(out, 'icons'), { recursive: true }),
  ...parts.there.filter((part) => part !== 'reference').map((part) => cp(path.join(pkg(part), 'nodulens_bg.wasm'), path.join(out, 'pkg', part, 'nodulens_bg.wasm'))),
]);
await writeHtml(parts, page);
await writeHosting(out);
await writeServiceWorker(out, { kept: !flags.has('--no-offline') && parts.coming.length === 0 });
const sizes = await compressFolder(out, /\.(wasm|js|html|css|svg|json|txt|nodulens)$/);
const start = cpuStart(sizes, weights, page);
await writeFile(path.join(out, 'sizes.json'), `${JSON.stringify({ files: sizes, cpuStart: start }, null, 2)}\n`);
await putInPlace(out, dist);
printSizes(sizes, start, (performance.now() - started) / 1000);
checkBudgets(sizes, start, page);
