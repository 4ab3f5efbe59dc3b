// The licences of all that ships. Without an argument: fails where a crate's licence is not allowed, where
// www/third-party.txt is not what the crates say, or where the page bundles anything of npm.
//   node scripts/release/licences.mjs [--write]
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { allowed, chosen } from './allowed.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const notices = path.join(root, 'www', 'third-party.txt');
/** What the modules of the page are built with (Makefile): none for the first two, flex for the lab. */
const FEATURES = ['', 'flex', 'webgpu'];
const TARGET = 'wasm32-unknown-unknown';

const cargo = (...args) => execFileSync('cargo', args, { cwd: root, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }).toString();

function fail(message) {
  console.error(`licences: ${message}`);
  process.exit(1);
}

/** What is linked into the modules: no build scripts, no macros, no tests. By "name version". */
export function shippedCrates() {
  const metadata = JSON.parse(cargo('metadata', '--locked', '--format-version', '1', '--filter-platform', TARGET));
  const known = new Map(metadata.packages.map((crate) => [`${crate.name} ${crate.version}`, crate]));
  const names = new Set(FEATURES.flatMap((feature) => cargo(
    'tree', '--locked', '--package', 'nodulens', '--target', TARGET, '--no-default-features', '--features', feature,
    '--edges', 'no-dev,no-build,no-proc-macro', '--prefix', 'none', '--format', '{p}',
  ).split('\n').filter(Boolean).map((line) => line.split(' ').slice(0, 2).join(' ').replace(' v', ' '))));
  const crates = [...names].sort().map((name) => known.get(name) ?? fail(`cargo metadata does not know ${name}`));
  // Our own are not from a registry.
  return crates.filter((crate) => crate.source !== null);
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Names of files that hold the text of a licence, where a crate has several of them. */
const FILES = {
  MIT: /mit/i, 'Apache-2.0': /apache/i, Zlib: /zlib/i, Unlicense: /unlicense/i, 'BSD-3-Clause': /bsd/i, '0BSD': /0bsd/i, 'BSL-1.0': /boost|bsl/i, 'Unicode-3.0': /unicode/i,
};

/** The texts of the licences under which a crate is taken, as its own folder has them. */
function texts(crate, licences) {
  const folder = path.dirname(crate.manifest_path);
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|copyright|notice|unlicense)/i.test(name)).sort();
  const wanted = files.filter((name) => licences.some((licence) => FILES[licence.split(' ')[0]]?.test(name)) || /^notice/i.test(name));
  const found = [...(wanted.length > 0 ? wanted : files), ...(crate.license_file && !files.length ? [crate.license_file] : [])];
  const read = found.flatMap((name) => {
    try {
      return [readFileSync(path.join(folder, name), 'utf8').replaceAll('\r', '').replace(/[ \t]+$/gm, '').trim()];
    } catch {
      return []; // A folder of texts; the files beside it have what is needed.
    }
  });
  if (read.length > 0) return read;
  // The crate says what its licence is and leaves the text away.
  const owners = crate.authors.map((author) => author.replace(/ <.*>/, '')).join(', ') || `the authors of ${crate.name}`;
  return licences.includes('MIT') ? [`Copyright (c) ${owners}\n\n${MIT}`] : [];
}

const line = (text) => `${text}\n`;

function document(crates) {
  const byText = new Map();
  const add = (text, name) => byText.set(text, [...(byText.get(text) ?? []), name]);
  let list = '';
  const without = [];
  for (const crate of crates) {
    const name = `${crate.name} ${crate.version}`;
    const licences = chosen(crate.license);
    list += line(`${name}: ${licences.join(' and ')}${crate.repository ? `, ${crate.repository}` : ''}`);
    const own = texts(crate, licences);
    for (const text of own) add(text, name);
    if (own.length === 0) without.push({ name, licences });
  }
  add(`Copyright (c) The Rust Project Contributors\n\n${MIT}`, 'the Rust standard library');
  list += line('the Rust standard library: MIT, https://github.com/rust-lang/rust');
  // The full text of a licence that some crates only name is there from another.
  for (const { name, licences } of without) {
    const marks = { 'Apache-2.0': /^\s*Apache License\s+Version 2\.0/, 'MPL-2.0': /^Mozilla Public License Version 2\.0/ };
    const text = [...byText.keys()].find((each) => licences.some((licence) => marks[licence.split(' ')[0]]?.test(each)));
    if (!text) fail(`${name} (${licences.join(' and ')}) comes without the text of its licence`);
    add(text, name);
  }
  const rule = '-'.repeat(80);
  const parts = [...byText].sort(([, a], [, b]) => (a[0] < b[0] ? -1 : 1)).map(([text, names]) => `${rule}\n${names.join(', ')}\n${rule}\n\n${text}\n\n`);
  return `Nodulens contains the works of others, unchanged, under the licences below. Their sources are at
https://crates.io and at the addresses in this list.

${list}
${parts.join('')}`;
}

/** The page is our own code and what wasm-bindgen writes, which is among the crates. */
async function checkNpm() {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  if (dependencies) fail('package.json has run-time dependencies; their licences are not in third-party.txt');
  const sources = readdirSync(path.join(root, 'www', 'src'), { recursive: true }).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  const { metafile } = await esbuild.build({
    entryPoints: sources.map((name) => path.join(root, 'www', 'src', name)),
    outdir: path.join(root, 'target', 'unused'), bundle: true, format: 'esm', write: false, metafile: true, logLevel: 'error',
    define: { WEBGPU_IS_BUILT: 'true' }, absWorkingDir: root, external: ['#glue'],
  });
  const foreign = Object.keys(metafile.inputs).filter((name) => !name.startsWith('www/'));
  if (foreign.length > 0) fail(`the page bundles ${foreign.join(', ')}`);
  return Object.keys(metafile.inputs).length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const crates = shippedCrates();
  const bad = crates.filter((crate) => !allowed(crate.license));
  if (bad.length > 0) fail(`not allowed: ${bad.map(({ name, version, license }) => `${name} ${version} (${license})`).join(', ')}`);
  const text = document(crates);
  if (process.argv.includes('--write')) {
    writeFileSync(notices, text);
    console.log(`wrote ${path.relative(root, notices)}: ${crates.length} crates, ${(text.length / 1000).toFixed(0)} kB`);
  } else {
    let there = '';
    try { there = readFileSync(notices, 'utf8'); } catch { /* Then it differs. */ }
    if (there !== text) fail('www/third-party.txt is not up to date: node scripts/release/licences.mjs --write');
    const files = await checkNpm();
    console.log(`licences: ${crates.length} crates are allowed and named; the page's ${files} sources are ours, npm ships nothing`);
  }
}
