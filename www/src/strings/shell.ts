/** The words that belong to no place: files of the page that do not arrive, use without a network. */

export const fetchTexts = {
  failed: (file: string, why: string) => `${file} could not be loaded (${why}).`,
  noAnswer: 'no answer',
  broke: 'the connection broke',
  damaged: 'it is damaged',
  noModel: 'no model listed',
  serverHint: 'Check that the server of this page still runs, then try again.',
  incompleteHint: 'The page is not complete on its server. Build it again.',
  part: { cpu: 'The CPU engine', loader: 'The loader of scans', lab: 'The part behind “See why, and learn”', reference: 'The reference engine', webgpu: 'WebGPU' },
  coming: (part: string) => `${part} is still being built on the server of this page.`,
  comingHint: 'Try again in a few minutes; everything else works.',
};

export const offline = {
  oneFile: 'All of it is in this one file, which asks for nothing.',
  keeping: 'Being kept for use without a network…',
  kept: 'Available offline.',
  notKept: 'Could not be kept for use without a network; the next visit tries again.',
  notUpdated: 'A new version could not be fetched whole; this one stays.',
  update: 'A new version of Nodulens is ready. Reloading takes it into use and empties this page: download results first.',
  reload: 'Reload now',
  later: 'Later',
  others: (n: number) => `The new version waits: Nodulens is open in ${n === 1 ? 'another tab' : `${n} other tabs`}. Close ${n === 1 ? 'it' : 'them'}, then reload.`,
};
