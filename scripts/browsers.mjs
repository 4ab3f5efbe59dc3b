// The oldest browsers in which everything is there that the page cannot do without, by their documentation: the code is built for
// them, the page names them (strings/browsers.ts), www/first/first.js looks for what makes them so, and docs/browsers.md says why.
export const BROWSERS = { chrome: '98', edge: '98', firefox: '97', safari: '16.4' };

/** For esbuild. */
export const target = Object.entries(BROWSERS).map(([name, version]) => name + version);
