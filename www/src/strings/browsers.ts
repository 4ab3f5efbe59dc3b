/** What an old browser lacks, and which ones will do (scripts/browsers.mjs has the same versions; a test compares them). */

export const BROWSERS = 'Chrome or Edge 98, Firefox 97, Safari 16.4, or a newer version of any of them, will do.';

/** Text of index.html, in words that any browser can show: nothing else runs where they are needed. */
export const browsersHtml = {
  tooOld: 'This browser is too old for Nodulens, or does not allow what it needs. It lacks:',
  tooOldUse: `${BROWSERS} On a managed computer WebAssembly may be turned off; its administrator can allow it.`,
  lacksModules: 'modules of JavaScript',
  lacksLanguage: 'newer parts of JavaScript (Object.hasOwn, Array.at)',
  lacksWasm: 'WebAssembly, or leave to use it under a content security policy',
  lacksSimd: 'WebAssembly with SIMD (arithmetic on several numbers at once)',
  lacksReferences: 'WebAssembly with reference types',
  lacksWorkers: 'workers, which compute beside the page',
  lacksCancelling: 'AbortSignal.reason, by which work is cancelled',
  lacksDrawing: 'ResizeObserver, PerformanceObserver or replaceChildren, by which the page is drawn',
} as const;
