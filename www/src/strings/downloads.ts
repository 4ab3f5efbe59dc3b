/** Files of the page that do not arrive, stall, or are still being built. */

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
