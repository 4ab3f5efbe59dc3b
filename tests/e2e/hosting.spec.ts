/**
 * The built folder on any server, at any path. NODULENS_ALSO takes addresses of other servers that have dist/ (nginx,
 * Caddy, ...): they get the same test.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import path from 'node:path';
import { writeServiceWorker } from '../../scripts/precache.mjs';
import { serve } from '../../scripts/serve.mjs';
import { brokenCopy, choose, expect, json, open, opened, settled, test, worstDifference } from './helpers.ts';
import { dist, out, patches, trainer } from './fixtures.ts';

test.use({ serviceWorkers: 'allow' });

/** Serves folders at paths: { 'a/b': dist }. */
async function serveAt(folders: Record<string, string>): Promise<{ url: string; stop(): void }> {
  const top = path.join(out, 'hosting');
  rmSync(top, { recursive: true, force: true });
  for (const [at, folder] of Object.entries(folders)) {
    mkdirSync(path.dirname(path.join(top, at)), { recursive: true });
    symlinkSync(folder, path.join(top, at));
  }
  const { server, url } = (await serve({ dir: top, port: 0 })) as { server: Server; url: string };
  return { url, stop: () => { server.close(); server.closeAllConnections(); } };
}

const others = (process.env['NODULENS_ALSO'] ?? '').split(',').filter(Boolean);
for (const address of [undefined, ...others]) {
  test(`below ${address ?? '/a/b/'}: everything is asked for in that folder, and works there, with and without a network`, async ({ page, context }) => {
    test.setTimeout(240_000);
    const own = address === undefined ? await serveAt({ 'a/b': dist }) : undefined;
    const url = address ?? `${own?.url}a/b/`;
    const outside: string[] = [];
    context.on('request', (request) => {
      if (request.url().startsWith('http') && !request.url().startsWith(url)) outside.push(request.url());
    });
    await open(page, url);
    await choose(page, patches().slice(0, 4));
    await settled(page, 4);
    expect(worstDifference((await json(page)).results)).toBeLessThan(1e-4);
    await page.locator('#try-scan').click();
    await opened(page, 48);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await expect(page.locator('#offline')).toContainText('Available offline', { timeout: 60_000 });
    const manifest = await page.evaluate(async () => {
      const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')?.href ?? '';
      const { start_url, scope, icons, name } = await (await fetch(link)).json() as { start_url: string; scope: string; name: string; icons: { src: string; sizes: string; purpose: string }[] };
      const sizes = await Promise.all(icons.filter(({ src }) => src.endsWith('.png')).map(async ({ src, sizes, purpose }) => {
        const picture = await createImageBitmap(await (await fetch(new URL(src, link))).blob());
        return `${purpose} ${sizes} ${picture.width}x${picture.height}`;
      }));
      return { start: new URL(start_url, link).href, scope: new URL(scope, link).href, name, sizes };
    });
    expect(manifest).toEqual({ start: url, scope: url, name: 'Nodulens', sizes: ['any 192x192 192x192', 'any 512x512 512x512', 'maskable 512x512 512x512'] });
    // Chromium's own opinion.
    const session = await context.newCDPSession(page);
    expect((await session.send('Page.getInstallabilityErrors')).installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);

    await context.setOffline(true);
    own?.stop();
    await open(page, url);
    await page.locator('#try-examples').click();
    await settled(page, 8);
    expect(outside).toEqual([]);
  });
}

test('two builds in two folders of one origin stay apart', async ({ page, context }) => {
  test.setTimeout(240_000);
  const other = brokenCopy('two', { 'index.html': (bytes) => bytes.toString().replace(/<title>[^<]*/, '<title>The other one') });
  await writeServiceWorker(other);
  for (const suffix of ['.br', '.gz']) rmSync(path.join(other, `service-worker.js${suffix}`));
  const { url, stop } = await serveAt({ one: dist, two: other });
  for (const folder of ['one/', 'two/']) {
    await open(page, url + folder);
    await expect(page.locator('#offline')).toContainText('Available offline', { timeout: 60_000 });
  }
  stop();
  await context.setOffline(true);
  await open(page, `${url}one/`);
  await expect(page).not.toHaveTitle('The other one');
  await open(page, `${url}two/`);
  await expect(page).toHaveTitle('The other one');
  expect(await page.evaluate(() => caches.keys())).toHaveLength(2);
});

test('what is written for other servers is what ours sends', async ({ request, site }) => {
  const answer = (await request.get(site.url)).headers();
  const { headers } = JSON.parse(readFileSync(path.join(dist, 'headers.json'), 'utf8')) as { headers: Record<string, string> };
  expect(Object.keys(headers)).toContain('content-security-policy');
  const files = ['_headers', 'hosting/nginx.conf', 'hosting/Caddyfile'].map((name) => readFileSync(path.join(dist, name), 'utf8'));
  for (const [name, value] of Object.entries(headers)) {
    expect(answer[name], name).toBe(value);
    const [netlify, nginx, caddy] = files;
    expect(netlify).toContain(`  ${name}: ${value}\n`);
    expect(nginx).toContain(`add_header ${name} "${value}" always;\n`);
    expect(caddy).toContain(`\t${name} "${value}"\n`);
  }
});

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** As it comes over the wire, packed or not. */
const ask = (url: string, encoding: string, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    http.request(url, { method, headers: { 'accept-encoding': encoding } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
    }).on('error', reject).end();
  });

test('`cargo trainer serve` answers as scripts/serve.mjs does', async ({ site }) => {
  const child = spawn(trainer, ['serve', '--dir', dist, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', (text: Buffer) => resolve(/http:\S+/.exec(text.toString())?.[0] ?? ''));
      child.on('exit', () => reject(new Error('trainer serve ended')));
    });
    const script = readFileSync(path.join(dist, 'service-worker.js'), 'utf8');
    const files = Object.keys(JSON.parse(/files:(\{.*?\})/.exec(script)?.[1] ?? '{}') as Record<string, string>);
    expect(files.length).toBeGreaterThan(15);
    // What depends on the program or the moment.
    const own = /^(etag|last-modified|accept-ranges|date|connection|keep-alive|transfer-encoding|vary)$/;
    const plain = ({ headers }: Answer): Record<string, unknown> => Object.fromEntries(Object.entries(headers).filter(([name]) => !own.test(name)).sort());
    for (const encoding of ['gzip, deflate, br', 'gzip', 'identity']) {
      for (const file of ['', 'service-worker.js', ...files]) {
        const [ours, theirs] = [await ask(site.url + file, encoding), await ask(url + file, encoding)];
        expect(theirs.status, file).toBe(200);
        expect(plain(theirs), `${file}, ${encoding}`).toEqual(plain(ours));
        expect(theirs.body.equals(ours.body), `${file}, ${encoding}`).toBe(true);
      }
    }
    for (const [file, method] of [['not-here', 'GET'], ['', 'POST']] as const) {
      const [ours, theirs] = [await ask(site.url + file, 'br', method), await ask(url + file, 'br', method)];
      expect(theirs.status).toBe(ours.status);
      expect(theirs.headers['content-security-policy']).toBe(ours.headers['content-security-policy']);
    }
  } finally {
    child.kill();
  }
});
