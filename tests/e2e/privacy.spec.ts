/** What is promised of privacy, checked from outside: every request and name lookup, and a server that waits for a leak. */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { chromium } from '@playwright/test';
import type { Page } from '@playwright/test';
import { choose, csv, expect, open, opened, settled, test, volumeScanned } from './helpers.ts';
import { dist, makeScan, many, models, out, patches, scanFile } from './fixtures.ts';
import config from './playwright.config.ts';

/** The policy's refusals are errors in the console: wanted here. */
const REFUSALS = /violates|Content.Security.Policy|Refused|Failed to load resource|TrustedScriptURL|TrustedHTML|Failed to fetch|navigation|was stopped|ERR_BLOCKED|sealed|requires 'Trusted|preloaded/i;

const selfTested = async (page: Page): Promise<Map<string, string>> => {
  await page.locator('#self-test').click();
  await expect(page.locator('#self-test')).not.toHaveAttribute('aria-busy', 'true', { timeout: 60_000 });
  await expect(page.locator('#self-test-result')).toContainText('refused');
  const rows = page.locator('#self-test-rows tr');
  return new Map(await rows.evaluateAll((all) => all.map((row): [string, string] => [row.querySelector('td')?.textContent ?? '', (row as HTMLElement).dataset['result'] ?? ''])));
};

/** Not one way out; the file's own count of them is not trusted. */
function allRefused(tried: Map<string, string>, least: number): void {
  expect(tried.size).toBeGreaterThanOrEqual(least);
  expect([...tried].filter(([, result]) => !['refused-by-policy', 'taken-away', 'stopped'].includes(result))).toEqual([]);
}

test('the self-test: every way out is refused, before sealing and, with the own server, after it; work goes on', async ({ page, site, watch }) => {
  watch.expectErrors(REFUSALS);
  watch.expectRefused();
  await open(page, site.url);
  await expect(page.locator('#requests')).toContainText('No file has been opened yet');
  const before = await selfTested(page);
  allRefused(before, 42);
  // Taken away, and not only refused by a policy that not every browser has.
  for (const [way, result] of before) if (/markup|spoken|notification|cover picture|goes on when|payment|Handing over|Devices|auction|font|Worklet/.test(way)) expect(result, way).toBe('taken-away');
  expect(before.get('A worker from elsewhere')).toBe('refused-by-policy');
  await choose(page, patches().slice(0, 3));
  await settled(page, 3);
  await page.locator('#seal').click();
  await expect(page.locator('#seal')).toHaveText('This page is sealed', { timeout: 60_000 });
  allRefused(await selfTested(page), before.size + 6);
  // What the self-test tried is in its table, and is no request of the page's.
  await expect(page.locator('#requests-list')).not.toContainText('nodulens.invalid');
  await expect(page.locator('#requests-list')).not.toContainText('image=patient');
  await expect(page.locator('#self-test-result')).toContainText('All');
  expect(page.url()).toBe(site.url);

  // Everything goes on working: patches, threads, another network, a scan, exports; with fresh workers, under the new policy.
  await choose(page, many().slice(0, 60));
  await settled(page, 63);
  const [, second] = models();
  if (second) {
    await page.locator(`input[name=network][value=${second.id}]`).check({ force: true });
    await expect(page.locator('#networks label').filter({ has: page.locator(`input[value=${second.id}]`) })).toContainText('In use');
  }
  await page.locator('input[name=engine][value=reference]').check({ force: true });
  await expect(page.locator('#engine-facts')).toContainText('burn-flex');
  await page.locator('input[name=engine][value=automatic]').check({ force: true });
  await expect(page.locator('#engine-facts')).toContainText('Nodulens engine');
  await choose(page, [scanFile]);
  await opened(page, 24);
  await page.locator('#scan-slice').click();
  await expect(page.locator('#scanning-text')).toContainText('in slice', { timeout: 60_000 });
  expect((await csv(page)).text.split('\r\n')).toHaveLength(65);
  // Reloading lifts the seal.
  await page.reload();
  await expect(page.locator('#seal')).toHaveText('Seal this page');
});

test('a self-test that finds a way out says so', async ({ page, site, watch }) => {
  watch.expectErrors(REFUSALS);
  watch.expectRefused();
  // A browser whose policy fails to see images: what the test must notice.
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      if (event.blockedURI.includes('/image')) event.stopImmediatePropagation();
    }, true);
  });
  await open(page, site.url);
  const tried = await selfTested(page);
  expect([...tried].filter(([, result]) => result === 'got-out').map(([name]) => name)).toEqual(['Data in the address of an image']);
  await expect(page.locator('#self-test-result')).toContainText('NOT refused');
});

test('where there are no Trusted Types, markup still makes no frame', async ({ page, site, watch }) => {
  watch.expectErrors(REFUSALS);
  watch.expectRefused();
  const without = (text: string): string => text.replace(/;? *(require-trusted-types-for &#39;script&#39;|require-trusted-types-for 'script'|trusted-types nodulens)/g, '');
  await page.route(site.url, async (route) => {
    const response = await route.fetch();
    const headers = response.headers();
    const policy = 'content-security-policy';
    expect(headers[policy]).toContain('trusted-types');
    const body = without(await response.text());
    expect(body).not.toContain('trusted-types');
    await route.fulfill({ response, body, headers: { ...headers, [policy]: without(headers[policy] ?? '') } });
  });
  await open(page, site.url);
  const made = await page.evaluate(() => {
    const frame = '<iframe></iframe>';
    const host = document.body.appendChild(document.createElement('div'));
    const inner = host.appendChild(document.createElement('p'));
    const other = document.implementation.createHTMLDocument('');
    const ways: Record<string, () => unknown> = {
      innerHTML: () => (host.innerHTML = frame),
      outerHTML: () => (inner.outerHTML = frame),
      insertAdjacentHTML: () => host.insertAdjacentHTML('beforeend', frame),
      setHTMLUnsafe: () => host.setHTMLUnsafe(frame),
      parseHTMLUnsafe: () => host.append(...Document.parseHTMLUnsafe(frame).body.children),
      fragment: () => host.append(document.createRange().createContextualFragment(frame)),
      parser: () => host.append(...new DOMParser().parseFromString(frame, 'text/html').body.children),
      write: () => {
        other.write(frame);
        host.append(...other.body.children);
      },
      'inner HTML of another document': () => {
        other.body.innerHTML = frame;
        host.append(...other.body.children);
      },
      command: () => {
        host.contentEditable = 'true';
        getSelection()?.selectAllChildren(host);
        document.execCommand('insertHTML', false, frame);
      },
      template: () => {
        const template = document.createElement('template');
        template.innerHTML = frame;
        host.append(template.content);
      },
      'shadow root': () => {
        const root = host.attachShadow({ mode: 'open' });
        root.innerHTML = frame;
      },
      descriptor: () => Object.getOwnPropertyDescriptor(Element.prototype, 'innerHTML')?.set?.call(host, frame),
    };
    return Object.entries(ways).filter(([, act]) => {
      const before = window.length;
      try {
        act();
      } catch {
        // What counts is what there is.
      }
      return window.length > before || document.querySelector('iframe') !== null;
    }).map(([name]) => name);
  });
  expect(made).toEqual([]);
  allRefused(await selfTested(page), 42);
});

test('what is fetched after a file is open is named: files of the page as such, anything else as what it is, and nothing hides behind the leak test', async ({ page, site, watch }) => {
  watch.expectErrors(/404/);
  // Chosen while the network is still on its way: only then the page fetches its other parts.
  let go: () => void = () => undefined;
  const chosen = new Promise<void>((resolve) => (go = resolve));
  await page.route('**/models/*.nodulens', async (route) => {
    await chosen;
    await route.continue();
  });
  await page.goto(site.url);
  await choose(page, patches().slice(0, 1));
  await expect(page.locator('#count-all')).toHaveText('1');
  go();
  await settled(page, 1);
  await page.waitForLoadState('networkidle');
  await expect(page.locator('#requests')).toContainText('Each is for a file of this page');
  await expect(page.locator('#privacy-summary')).toHaveText(/^Privacy: nothing but \d+ files of this page fetched since a file was opened$/);
  await expect(page.locator('#requests-list')).toContainText('pkg/loader/nodulens_bg.wasm');
  // A request with something in its address is none for a file of the page, whatever stands at its end.
  await page.evaluate(() => Promise.all(['./icon.svg?image=patient', './Zweigmann', './parts.json'].map((address) => fetch(address))).then(() => undefined));
  await expect(page.locator('#requests')).toContainText('2 of them are for no file of this page');
  await expect(page.locator('#privacy-summary')).toHaveText('Privacy: 2 requests since a file was opened that are for no file of this page');
  const first = page.locator('#requests-list li.problem-what');
  await expect(first).toHaveCount(2);
  expect((await first.allTextContents()).sort()).toEqual([expect.stringContaining('Zweigmann'), expect.stringContaining('icon.svg?image=patient')]);
});

test('what the service worker fetches after a file is open is counted and named', async ({ browser, site }) => {
  const context = await browser.newContext({ serviceWorkers: 'allow' });
  const page = await context.newPage();
  await page.goto(site.url);
  await choose(page, patches().slice(0, 1));
  await settled(page, 1);
  await expect(page.locator('#offline')).toContainText('Available offline', { timeout: 60_000 });
  await expect(page.locator('#requests')).toContainText('Each is for a file of this page');
  await expect(page.locator('#requests-list')).toContainText('service-worker.js, by the browser');
  await expect(page.locator('#requests-list')).toContainText(/worker-cpu\.js, for use without a network|and \d+ more/);
  const kept = Object.keys(JSON.parse(readFileSync(path.join(dist, 'sizes.json'), 'utf8')).files as object).length;
  // It keeps nearly every file of the page, and each was asked for.
  expect(Number(/opened: (\d+)\./.exec((await page.locator('#requests').textContent()) ?? '')?.[1])).toBeGreaterThan(kept / 2);
  await context.close();
});

interface NetLog {
  constants: { logEventTypes: Record<string, number> };
  events: { type: number; params?: Record<string, unknown> }[];
}

/**
 * Addresses and names in a browser's own log of its network that a page had a part in. Chromium's own services (updates, account)
 * have neither an origin of a page nor its partition of the network.
 */
function reached(file: string, origin: string): { urls: Set<string>; names: Set<string> } {
  const text = readFileSync(file, 'utf8').trimEnd();
  // Whole where the browser ended in order; otherwise its list is open.
  const { constants, events } = JSON.parse(/\}\s*,$/.test(text) ? `${text.replace(/,$/, '')}]}` : text) as NetLog;
  const types = Object.fromEntries(Object.entries(constants.logEventTypes).map(([name, type]) => [type, name]));
  const found = { urls: new Set<string>(), names: new Set<string>() };
  const site = new URL(origin).hostname;
  for (const { type, params = {} } of events) {
    const name = types[type] ?? '';
    const { url, host, initiator, network_isolation_key: partition, network_anonymization_key: key } = params as Record<string, string | undefined>;
    if (name === 'URL_REQUEST_START_JOB' && url && (initiator !== 'not an origin' || partition?.includes(site))) found.urls.add(url);
    if (name === 'HOST_RESOLVER_MANAGER_JOB' && host && !/^null|google\.com/.test(key ?? 'null')) found.names.add(host);
  }
  return found;
}

test('a whole session, in the browser’s own log of its network: only this page’s files, no lookup of a name, and none after a file is open', async ({ site }) => {
  const log = path.join(out, 'network.json');
  rmSync(log, { force: true });
  const { launchOptions } = config.use ?? {};
  const browser = await chromium.launch({ ...launchOptions, args: [...(launchOptions?.args ?? []), `--log-net-log=${log}`, '--net-log-capture-mode=IncludeSensitive',
    // Chromium would ask Google what the fields of any page are for.
    '--disable-features=AutofillServerCommunication'] });
  const asked: { url: string; method: string; body: boolean }[] = [];
  let atOpening = 0;
  try {
    const context = await browser.newContext({ acceptDownloads: true, serviceWorkers: 'allow' });
    context.on('request', (request) => asked.push({ url: request.url(), method: request.method(), body: request.postData() !== null }));
    const page = await context.newPage();
    await open(page, site.url);
    // The page fetches the reader, and what works without a network, when it has nothing else to do.
    await page.waitForLoadState('networkidle');
    await expect.poll(() => asked.some(({ url }) => url.endsWith('/pkg/loader/nodulens_bg.wasm'))).toBe(true);
    // The service worker's requests are in the log, too.
    await expect(page.locator('#offline')).toContainText('Available offline', { timeout: 60_000 });
    await page.waitForLoadState('networkidle');
    atOpening = asked.length;
    await choose(page, many().slice(0, 80));
    await settled(page, 80);
    await csv(page);
    await choose(page, [scanFile]);
    await opened(page, 24);
    await volumeScanned(page);
    for (const button of ['#findings-csv', '#findings-json', '#findings-report', '#heat-png']) {
      const download = page.waitForEvent('download');
      await page.locator(button).click();
      expect(existsSync(await (await download).path())).toBe(true);
    }
    await expect(page.locator('#requests')).toHaveText('Requests since the first file was opened: 0.');
    await expect(page.locator('#privacy-summary')).toHaveText('Privacy: 0 requests since a file was opened');
    expect(asked.slice(atOpening).map(({ url }) => url).filter((url) => !url.startsWith('blob:'))).toEqual([]);
    // Another network is one of the page's files, and is counted.
    const [, second] = models();
    if (second) {
      await page.locator(`input[name=network][value=${second.id}]`).check({ force: true });
      await expect(page.locator('#networks label').filter({ has: page.locator(`input[value=${second.id}]`) })).toContainText('In use');
      await expect(page.locator('#requests')).toContainText('opened: 1.');
      await expect(page.locator('#requests-list')).toContainText(`models/${second.file}`);
    }
    expect(await context.cookies()).toEqual([]);
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0]);
    // A control: the same page without its policy does get out, and the log must show it.
    const control = await (await browser.newContext({ bypassCSP: true })).newPage();
    await control.goto(site.url);
    await control.evaluate(() => fetch('http://control.invalid/leak', { mode: 'no-cors' }).catch(() => undefined));
    await control.close();
  } finally {
    await browser.close();
  }
  const own = new URL(site.url);
  const { urls, names } = reached(log, own.origin);
  const controlled = (text: string): boolean => text.includes('control.invalid');
  expect([...urls].some(controlled)).toBe(true);
  const assets = [...urls].filter((url) => !/^(data|blob|chrome)/.test(url) && !controlled(url));
  expect(assets.some((url) => url.endsWith('/worker-reference.js')), 'the service worker is in the log').toBe(true);
  for (const url of assets) {
    const { origin, pathname, search } = new URL(url);
    expect(origin, url).toBe(own.origin);
    expect(search, url).toBe('');
    expect(existsSync(path.join(dist, pathname.endsWith('/') ? `${pathname}index.html` : pathname)), url).toBe(true);
  }
  expect(asked.filter(({ method, body }) => method !== 'GET' || body)).toEqual([]);
  expect([...names].filter(controlled).length).toBeGreaterThan(0);
  expect([...names].filter((name) => !controlled(name))).toEqual([]);
  console.log(`    ${asked.length} requests, ${assets.length} addresses, each a file of the page; no name looked up`);
});

test('what is kept: nothing, choices where the user says so, and nothing after “Forget everything”', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  const stored = (): Promise<string[]> => page.evaluate(() => Object.values({ ...localStorage }) as string[]);
  expect(await stored()).toEqual([]);
  await page.locator('#remember').check();
  await page.locator('input[name=network][value=paper]').check({ force: true });
  await expect(page.locator('#networks label').filter({ hasText: 'paper' })).toContainText('In use');
  expect(await stored()).toEqual([JSON.stringify({ engine: 'automatic', network: 'paper' })]);
  await page.reload();
  await expect(page.locator('#networks label').filter({ hasText: 'paper' })).toContainText('In use');
  await expect(page.locator('#remember')).toBeChecked();
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  await page.locator('#forget').click();
  await expect(page.locator('#forget-note')).toContainText('Forgotten');
  await expect(page.locator('#results')).toBeHidden();
  await expect(page.locator('#remember')).not.toBeChecked();
  expect(await stored()).toEqual([]);
  expect(await page.evaluate(async () => [(await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length])).toEqual([0, 0]);
  // What it showed is gone from the canvases, hidden ones too; and it goes on working.
  expect(await page.evaluate(() => [...document.querySelectorAll('canvas')].every(({ width, height }) => width * height === 0))).toBe(true);
  await choose(page, patches().slice(0, 2));
  await settled(page, 2);
  await choose(page, [scanFile]);
  await opened(page, 24);
  await page.reload();
  await expect(page.locator('#networks label').filter({ has: page.locator(`input[value=${models()[0].id}]`) })).toContainText('In use');
});

for (const [name, spoil] of [
  ['full', () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }],
  ['refused', () => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('no', 'SecurityError'); } })],
] as const) {
  test(`storage that is ${name}: everything works but remembering, and the page says so`, async ({ page, site }) => {
    await page.addInitScript(spoil);
    await open(page, site.url);
    await page.locator('#remember').click();
    await expect(page.locator('#remember-note')).toContainText('refuses to keep');
    await expect(page.locator('#remember')).not.toBeChecked();
    await choose(page, patches().slice(0, 2));
    await settled(page, 2);
    await page.locator('#forget').click();
    await expect(page.locator('#forget-note')).toContainText('Forgotten');
  });
}

test('exports say who the patient is only where that was asked for, and are not asked twice', async ({ page, site }) => {
  const folder = path.join(out, 'named');
  rmSync(folder, { recursive: true, force: true });
  makeScan('dicom', 16, 256, folder);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  await open(page, site.url);
  const searched = async (): Promise<void> => {
    await choose(page, names);
    await opened(page, 16);
    await page.locator('#scan-slice').click();
    await expect(page.locator('#scanning-text')).toContainText('in slice', { timeout: 60_000 });
  };
  const exported = async (id: string): Promise<string> => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(id).click()]);
    return readFileSync(await download.path(), 'latin1');
  };
  const name = 'Synthetic^Phantom';
  await searched();
  await expect(page.locator('#header-rows')).toContainText(name);
  for (const id of ['#findings-csv', '#findings-json', '#findings-report', '#findings-sr']) expect(await exported(id), id).not.toContain(name);
  await page.locator('#with-identity').check();
  for (const id of ['#findings-json', '#findings-report', '#findings-sr']) expect(await exported(id), id).toContain(name);
  expect(await exported('#findings-csv')).not.toContain(name);
  // Another scan is another patient: asked again.
  await page.locator('#scan-close').click();
  await searched();
  await expect(page.locator('#with-identity')).not.toBeChecked();
});
