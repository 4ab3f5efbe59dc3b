/** The oldest browsers: the same versions where the code is built, where the page names them, and in the documentation. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import { BROWSERS, target } from '../../scripts/browsers.mjs';
import { BROWSERS as named, browsersHtml } from '../../www/src/strings/browsers.ts';
import { completeInfo } from '../../www/src/shared/adapter-info.ts';

const read = (name: string): string => readFileSync(name, 'utf8');

test('one minimum: built for, named on the page, written in the documentation', () => {
  assert.deepEqual(target, ['chrome98', 'edge98', 'firefox97', 'safari16.4']);
  const { chrome, firefox, safari } = BROWSERS;
  const sentence = `Chrome or Edge ${chrome}, Firefox ${firefox}, Safari ${safari}`;
  assert.ok(named.startsWith(sentence), named);
  for (const file of ['README.md', 'docs/running.md', 'docs/browsers.md']) assert.ok(read(file).includes(sentence), file);
  for (const script of ['build', 'precache', 'single-file']) assert.match(read(`scripts/${script}.mjs`), /\n *target,|, target,/, script);
});

/** Runs the first script in a browser that has what `globals` says, and tells what it finds missing. */
function missing(globals: Record<string, unknown>): { shown: boolean; lacks: string[] } {
  const shown = new Set<string>();
  const ids = [...read('www/index.html').matchAll(/id="(lacks-\w+|too-old)"/g)].map(([, id]) => id);
  const document = {
    getElementById: (id: string) => {
      assert.ok(ids.includes(id), `index.html has no ${id}`);
      return { removeAttribute: () => shown.add(id) };
    },
    createElement: () => (globals['noModule'] ? { noModule: false } : {}),
  };
  vm.runInNewContext(read('www/first/first.js'), { document, ...globals });
  return { shown: shown.has('too-old'), lacks: [...shown].filter((id) => id !== 'too-old').map((id) => id.replace('lacks-', '')) };
}

class Any {
  replaceChildren(): void {
    // As browsers have it.
  }
}
const whole = { noModule: true, Worker: Any, URL, MessageChannel, AbortSignal, ResizeObserver: Any, PerformanceObserver: Any, Element: Any };

test('the first script finds nothing missing where all is there, and names what is', () => {
  assert.deepEqual(missing(whole), { shown: false, lacks: [] });
  assert.deepEqual(missing({ ...whole, noModule: false }).lacks, ['modules']);
  assert.deepEqual(missing({ ...whole, AbortSignal: class {} }), { shown: true, lacks: ['cancelling'] });
  assert.deepEqual(missing({ ...whole, WebAssembly: undefined }).lacks, ['wasm', 'simd', 'references']);
  // Without SIMD, as before Chromium 91.
  const noSimd = { validate: (bytes: Uint8Array) => bytes.length < 20 && WebAssembly.validate(bytes.slice()), Module: WebAssembly.Module };
  assert.deepEqual(missing({ ...whole, WebAssembly: noSimd }).lacks, ['simd']);
  // Nothing at all, as in Internet Explorer.
  assert.equal(missing({ WebAssembly: undefined }).lacks.length, Object.keys(browsersHtml).filter((key) => key.startsWith('lacks')).length - 1);
});

test('the first script is plain enough for a browser of fifteen years ago', () => {
  const text = read('www/first/first.js').replace(/\/\*[^]*?\*\//g, '').replace(/'[^'\n]*'/g, "''");
  assert.doesNotMatch(text, /=>|\b(let|const|class|async|await)\b|`|\?\.|\?\?|\.\.\.|\/\/|\bof\b/);
});

test('an adapter without `info` is asked for it, and one that tells nothing is not an error', async () => {
  const asked: { info?: unknown; requestAdapterInfo(): Promise<object> } = { requestAdapterInfo: () => Promise.resolve({ vendor: 'acme' }) };
  await completeInfo(asked);
  assert.deepEqual(asked.info, { vendor: 'acme' });
  const silent: { info?: { vendor?: string } } = {};
  await completeInfo(silent);
  assert.equal(silent.info?.vendor, '');
  const refusing: { info?: { vendor?: string }; requestAdapterInfo(): Promise<object> } = { requestAdapterInfo: () => Promise.reject(new Error('no')) };
  await completeInfo(refusing);
  assert.equal(refusing.info?.vendor, '');
});
