// The content security policy, once: serve.mjs sends it, build.mjs writes it into index.html.
// 'wasm-unsafe-eval' allows compiling WebAssembly and nothing else; nothing may come from, or go to, another origin.
const directives = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "form-action 'none'",
  "base-uri 'none'",
];
export const metaPolicy = directives.join('; ');
// A meta tag cannot carry this one.
export const headerPolicy = [...directives, "frame-ancestors 'none'"].join('; ');
