/**
 * The built folder on any server, at any path. NODULENS_ALSO takes addresses of other servers that have dist/ (nginx,
 * Caddy, ...): they get the same test.
 */
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Server } from 'node:http';
import { writeServiceWorker } from '../../scripts/precache.mjs';
import { serve } from '../../scripts/serve.mjs';
import { brokenCopy, choose, expect, json, open, opened, settled, test, worstDifference } from './helpers.ts';
import { dist, out, patches } from './fixtures.ts';

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
    await expect(page.locator('#offline')).toContainText('Opens without a network', { timeout: 60_000 });
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
    await expect(page.locator('#offline')).toContainText('Opens without a network', { timeout: 60_000 });
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
