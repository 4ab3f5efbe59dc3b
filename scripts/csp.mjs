// The content security policy, once: serve.mjs sends it, build.mjs writes it into index.html.
// 'wasm-unsafe-eval' allows compiling WebAssembly and nothing else; nothing may come from, or go to, another origin.
const directives = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  // Workers start from the page's memory, and so inherit this policy on any server; the service worker is a file.
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "form-action 'none'",
  "base-uri 'none'",
  // Text never becomes markup or a script's address, but for the one policy of www/src/shared/trusted-types.ts.
  "require-trusted-types-for 'script'",
  'trusted-types nodulens',
];
export const metaPolicy = directives.join('; ');
// A meta tag cannot carry this one.
export const headerPolicy = [...directives, "frame-ancestors 'none'"].join('; ');
