// Runs the unit tests of the page's code, tests/unit/*.test.ts, in Node: bundled by esbuild, for Node does not read TypeScript.
//   node scripts/unit.mjs [WORD ...]   only the files whose name has one of these words
import { spawn } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const tests = path.join(root, 'tests', 'unit');
const out = path.join(root, 'node_modules', '.cache', 'nodulens-unit');
const words = process.argv.slice(2);

const names = (await readdir(tests)).filter((name) => name.endsWith('.test.ts') && (words.length === 0 || words.some((word) => name.includes(word))));
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await esbuild.build({
  entryPoints: names.map((name) => path.join(tests, name)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = names.map((name) => path.join(out, name.replace(/\.ts$/, '.mjs')));
spawn(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1));
