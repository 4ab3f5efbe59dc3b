/** The page in Firefox as it is installed: the same numbers, no complaint, no request outside; without a network; as one file. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@playwright/test';
import { serve } from '../../scripts/serve.mjs';
import { dist, models, nativeScan, patches, root, scanFile } from '../e2e/fixtures.ts';
import { worstDifference } from '../e2e/helpers.ts';
import type { Exported } from '../e2e/helpers.ts';
import { Firefox } from './bidi.mjs';

test.describe.configure({ mode: 'serial' });

let firefox: Firefox;
/** The others use it again. */
let usual: Firefox;
let server: Server;
let url: string;

test.beforeAll(async () => {
  usual = await Firefox.start();
  firefox = usual;
  console.log(`    ${firefox.version}`);
  ({ server, url } = (await serve({ dir: dist, port: 0 })) as { server: Server; url: string });
});
test.afterAll(async () => {
  await usual?.close();
  stop();
});
test.afterEach(() => {
  const outside = firefox.requests.splice(0).filter((asked) => !/^(blob|data|about|moz-extension|chrome|resource):/.test(asked) && !asked.startsWith(url) && asked !== singleFile);
  expect(outside, 'requests').toEqual([]);
  // What Firefox says of a load through the service worker that a test ended by going elsewhere; it names no file then.
  const ended = /Failed to load ‘’\. A ServiceWorker intercepted/;
  expect(firefox.complaints.splice(0).filter((complaint) => !ended.test(complaint)), 'console').toEqual([]);
});

const singleFile = pathToFileURL(path.join(root, 'dist-single', 'nodulens.html')).href;

function stop(): void {
  server?.close();
  server?.closeAllConnections();
}

const says = (css: string, text: string | RegExp, timeout = 60_000): Promise<void> =>
  expect.poll(() => firefox.text(css), { timeout, message: css }).toMatch(text);

async function open(address: string): Promise<void> {
  await firefox.goto(address);
  await says('#lead', /./);
}

async function settled(total: number): Promise<void> {
  await says('#count-all', String(total));
  await expect.poll(() => firefox.call(() => document.querySelector<HTMLElement>('#run')?.hidden)).toBe(true);
  await expect.poll(async () => (await firefox.call(() => [...document.querySelectorAll('#count-nodule, #count-none, #count-problem')].map((count) => Number(count.textContent)))).reduce((a: number, b: number) => a + b)).toBe(total);
}

/** The file that a click gives; the page names it. */
async function download(button: string): Promise<string> {
  const folder = firefox.downloads;
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name));
  await firefox.click(button);
  const whole = (): string | undefined => {
    const names = readdirSync(folder);
    return names.some((name) => name.endsWith('.part')) ? undefined : names.find((name) => (statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0) > 0);
  };
  await expect.poll(whole, { message: button }).toBeDefined();
  return readFileSync(path.join(folder, whole() ?? ''), 'utf8');
}

async function classified(count: number, engine = /^Nodulens engine \(CPU\)$/): Promise<void> {
  await firefox.choose('#input-files', patches().slice(0, count));
  await settled(count);
  const { results } = JSON.parse(await download('#json')) as { results: Exported[] };
  expect(results).toHaveLength(count);
  for (const row of results) expect(row.engine).toMatch(engine);
  const worst = worstDifference(results);
  console.log(`    ${count} patches against native: largest difference ${worst.toExponential(2)}`);
  expect(worst).toBeLessThan(1e-4);
}

test('patches: the numbers of the native build, exported', async () => {
  await open(url);
  await classified(patches().length);
  expect((await download('#csv')).split('\r\n')).toHaveLength(patches().length + 2);
  expect(await firefox.call(() => crossOriginIsolated)).toBe(true);
});

test('the example patches, and a change of the network', async () => {
  await open(url);
  await firefox.click('#try-examples');
  await settled(8);
  const [, second] = models();
  await firefox.click(`input[name=network][value=${second?.id}]`);
  await says(`#network-${second?.id}-state`, 'In use');
});

test('scans: the example, a slice searched; a file, all of it searched with the numbers of the native build', async () => {
  await open(url);
  await firefox.click('#try-scan');
  await says('#scan-line', '512 × 512 × 48');
  await firefox.click('#scan-slice');
  await says('#scanning-text', /in slice/);
  await firefox.choose('#input-files', [scanFile]);
  await says('#scan-line', '320 × 320 × 24');
  await firefox.click('#scan-volume');
  await says('#scanning-text', 'in the volume', 120_000);
  const native = nativeScan();
  const { findings } = JSON.parse(await download('#findings-json')) as typeof native;
  expect(findings).toHaveLength(native.findings.length);
  const worst = Math.max(...findings.map(({ probability }, i) => Math.abs(probability - (native.findings[i]?.probability ?? NaN))));
  console.log(`    ${findings.length} findings against native: largest difference ${worst.toExponential(2)}`);
  expect(worst).toBeLessThan(1e-4);
});

test('the answer explained, the network opened, a network trained', async () => {
  await open(`${url}#see=why`);
  const maps = (): Promise<number> => firefox.call(() => document.querySelectorAll('.why-card:not([aria-busy]) canvas[width="50"]').length);
  await expect.poll(maps, { timeout: 60_000 }).toBe(4);
  await says('.firm-answer', /was [\d.]+ %/);
  await firefox.call(() => void (location.hash = '#see=inside&layer=conv4&channel=5&y=3&x=2'));
  await says('.inside .number-headline', /conv4, channel 5, row 3, column 2 = [\d.]+/);
  await firefox.call(() => void (location.hash = '#see=train'));
  await firefox.click('.train .primary');
  await says('.train-result', /Of 50 patches that were held out, (4[5-9]|50) are/, 120_000);
});

test('WebGPU, where it is switched on: the same numbers', async () => {
  const own = await Firefox.start({ 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true });
  firefox = own;
  try {
    await open(url);
    await says('#engine-facts', /Why(?!.*asking)/);
    const adapter = await firefox.call(async () => Boolean(await (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu?.requestAdapter()));
    test.skip(!adapter && !process.env['NODULENS_NEEDS_ADAPTER'], 'there is no adapter here');
    await firefox.click('input[name=engine][value=webgpu]');
    await says('#engine-facts', 'You chose WebGPU. It agrees');
    await classified(4, /WebGPU/);
  } finally {
    firefox = usual;
    await own.close();
  }
});

test('the self-test of privacy: every way out is refused, sealed and before; the sealed page works', async () => {
  await open(url);
  const tried = async (): Promise<[string, string][]> => {
    await firefox.click('#self-test');
    await expect.poll(() => firefox.call(() => document.querySelector('#self-test')?.getAttribute('aria-busy') ?? 'no'), { timeout: 60_000 }).toBe('no');
    return firefox.call(() => [...document.querySelectorAll<HTMLTableRowElement>('#self-test-rows tr')].map((row): [string, string] => [row.cells[0]?.textContent ?? '', row.dataset['result'] ?? '']));
  };
  const notRefused = (all: [string, string][]): [string, string][] => all.filter(([, result]) => !['refused-by-policy', 'taken-away', 'stopped'].includes(result));
  const before = await tried();
  expect(before.length).toBeGreaterThan(23);
  expect(notRefused(before)).toEqual([]);
  await firefox.click('#seal');
  await says('#seal', 'This page is sealed');
  const sealed = await tried();
  expect(sealed.length).toBe(before.length + 6);
  expect(notRefused(sealed)).toEqual([]);
  // Refusals are complaints of the console, and refused requests may be listed: these are wanted.
  firefox.complaints.splice(0);
  const asked = firefox.requests.splice(0).filter((address) => !address.includes('nodulens.invalid') && !address.includes('?image=patient'));
  firefox.requests.push(...asked);
  await classified(8);
  await firefox.click('#try-scan');
  await says('#scan-line', '512 × 512 × 48');
});

test('after one visit without a network and a server', async () => {
  await open(url);
  await says('#offline', 'Available offline.');
  stop();
  await open(url);
  await classified(8);
  await firefox.click('#try-scan');
  await says('#scan-line', '512 × 512 × 48');
});

test('the one file from the disk', async () => {
  execFileSync(process.execPath, [path.join(root, 'scripts', 'single-file.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  await open(singleFile);
  await classified(8);
  await firefox.click('#try-scan');
  await says('#scan-line', '512 × 512 × 48');
  await firefox.click('#scan-slice');
  await says('#scanning-text', /in slice/);
});

test('what Firefox has of what the page can use (docs/browsers.md)', async () => {
  await open(singleFile);
  const has = await firefox.call(() => ({
    webgpu: 'gpu' in navigator,
    folders: 'webkitdirectory' in document.createElement('input'),
    trustedTypes: 'trustedTypes' in globalThis,
    serviceWorker: 'serviceWorker' in navigator,
    compileStreaming: 'compileStreaming' in WebAssembly,
  }));
  console.log(`    ${JSON.stringify(has)}`);
  expect(has).toMatchObject({ folders: true, compileStreaming: true });
});
