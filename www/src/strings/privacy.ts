/** The words of the privacy section and of its self-test; strings.ts has them all together. */
import { bytes, count, ended, plural } from '../ui/numbers.ts';

/** Text of index.html. */
export const privacyHtml = {
  privacyPanel: 'Privacy',
  sealButton: 'Seal this page',
  selfTest: 'Run the leak test',
  selfTestNote: 'Tries the ways that a page has to send data, over forty, and shows what became of each.',
  selfTestCaption: 'Ways to send data, and what became of each',
  selfTestWay: 'Tried',
  selfTestBecame: 'What became of it',
  forget: 'Forget everything',
  forgetNote: 'Clears files, results, weights of your own, choices, and what this browser keeps of the page.',
  rememberChoices: 'Remember engine and network on this computer',
  promiseTitle: 'What is promised, and how to check it',
  promisedTitle: 'What is promised',
  promised1: 'Images, their headers and all results are processed in this browser only. They are never transmitted, to nobody, in whole or in part.',
  promised2: 'The page requests nothing but its own files, from the server it came from. There are no third parties, no cookies, no statistics, no fonts or scripts from elsewhere.',
  promised3: 'Nothing that you open is written to storage. The browser keeps the page’s own files for use without a network, and your choice of engine and network if you ask for that.',
  promised4: 'Exports leave out what identifies the patient unless you tick the box beside them; the table of findings (CSV) carries the identifier (UID) of the series, and a DICOM SR those of its images, so that whoever has the images can tell which they are. Files are only written when you press a button.',
  promised5: 'These are not only intentions: the browser itself is told to refuse everything else (Content-Security-Policy), for the page and for its workers.',
  checkTitle: 'How to check it',
  check1: 'Press “Run the leak test”. It tries over forty ways out; each must be refused. A way that merely fails is not counted as refused.',
  check2: 'Press “Seal this page”, then try again. Now even the page’s own server is out of reach, until you reload the page.',
  check3: 'Watch the number above: requests since you opened the first file, as the browser records them, with those of the part that keeps the page for use without a network. Not counted are the leak test’s own attempts, which are in its table, and addresses within the page’s own memory (blob:, data:), which lead nowhere. The browser’s own developer tools (F12, Network) show the same.',
  check4: 'Pull the plug: turn the network off and go on working. Nothing changes.',
  check5: 'Read the program: it is open, builds to the same bytes every time, and its tests record every request and name lookup of a whole session (docs/privacy.md of the source).',
  notPromisedTitle: 'What no page can promise',
  notPromised1: 'Browser extensions, the browser’s maker and the operating system see what you see. On a computer with sensitive images use a profile without extensions.',
  notPromised2: 'Whoever runs the server could put another program there. Use a copy that you host yourself, or the single file from a release whose checksum you have compared.',
  notPromised3: 'Files that you export are yours to protect. File names are part of the exported tables; a name that names a patient should be changed first.',
  notPromised4: 'Your browser tells the server your network address when it loads the page, as with any page; the server may log that.',
  identityTitle: 'Data that identifies a person',
  identity1: 'The header panel of a scan marks every entry that may identify the patient, after the confidentiality profile of DICOM PS3.15.',
  identity2: 'Text burned into the picture itself (ultrasound, secondary captures, screenshots) cannot be removed by leaving entries out. A warning is shown where the file says so or is of such a kind.',
  identity3: 'A scan of the head or chest can be recognised from its anatomy. Leaving entries out is no anonymisation in the sense of the law.',
  lawTitle: 'For data-protection officers',
  law1: 'No personal data is transmitted to the provider of this page, so that no processing on behalf takes place (in the sense of Article 28 GDPR) by opening images here. The responsible body remains whoever opens the image, on their own device. This is a description of how the program works, not legal advice. Threat model: docs/threat-model.md of the source.',
} as const;

/** Requests since the first file was opened; `others`: for what is no file of the page. */
interface Since {
  all: number;
  others: number;
}

export const privacy = {
  summary: (sealed: boolean, since: Since | undefined) => {
    if (sealed) return 'Sealed';
    if (!since) return 'Privacy';
    if (since.others > 0) return `Privacy: ${plural(since.others, 'request', 'requests')} since a file was opened that ${since.others === 1 ? 'is' : 'are'} for no file of this page`;
    return since.all === 0 ? 'Privacy: 0 requests since a file was opened' : `Privacy: nothing but ${plural(since.all, 'file', 'files')} of this page fetched since a file was opened`;
  },
  beforeOpened: (total: number) => `No file has been opened yet. So far the page has fetched ${plural(total, 'file', 'files')} of its own.`,
  sinceOpened: ({ all, others }: Since) =>
    `Requests since the first file was opened: ${count(all)}.${all === 0 ? '' : others === 0 ? ' Each is for a file of this page, as it is on the server for everybody:'
      : ` ${count(others)} of them ${others === 1 ? 'is' : 'are'} for no file of this page, and stand first:`}`,
  request: ({ path, by, bytes: size }: { path: string; by: 'page' | 'service-worker' | 'browser'; bytes: number }) =>
    `${path || './'}, ${by === 'service-worker' ? 'for use without a network' : by === 'browser' ? 'by the browser, for use without a network and for new versions' : size > 0 ? bytes(size) : 'from the browser’s own store'}`,
  moreRequests: (n: number) => `and ${count(n)} more.`,
  seal: 'Seal this page',
  sealed: 'This page is sealed',
  sealNote: 'Fetches what may still be needed, then has the browser refuse every request, even to this page’s own server. Reloading lifts the seal.',
  sealing: (done: number, total: number) => `Fetching what may be needed: ${done} of ${total}…`,
  sealedNote: 'Every request is refused until the page is reloaded. Everything goes on working.',
  sealedOld: 'The page is sealed, but a worker that was started before could not be replaced and keeps its older rules: it has no network functions, but it is not under the new policy. Reload and seal again.',
  sealFailed: (reason: string) => `The page was not sealed, for not everything could be fetched first: ${ended(reason)} Nothing is lost; try again.`,
  notKept: 'This browser refuses to keep anything, or has no room left: the choices will be forgotten. Everything else works.',
  forgotten: 'Forgotten. Close this tab, and nothing is left of what was opened; the next visit fetches the page again.',
  tested: (n: number, out: number, sealed: boolean) =>
    out > 0 ? `${count(out)} of ${count(n)} ways were NOT refused. Do not use this page for images that must stay here, and please report it.`
      : `All ${count(n)} ways were refused.${sealed ? '' : ' Requests to this page’s own server are possible until it is sealed.'}`,
  testing: 'Trying…',
  testFailed: (reason: string) => `The test could not be finished: ${ended(reason)}`,
  result: {
    'refused-by-policy': 'refused by the browser’s policy',
    'taken-away': 'refused: the function is not there',
    stopped: 'refused by the page',
    'cannot-refuse': 'not refused: this browser has no way to',
    'got-out': 'NOT REFUSED',
  },
};
