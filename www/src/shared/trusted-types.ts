/**
 * The one place where text becomes the address of a script. The page's policy (scripts/csp.mjs) demands Trusted Types
 * where the browser has them: a worker from any other address is refused by the browser itself.
 */

/** Not in TypeScript's types yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('nodulens', {
  createScriptURL(url) {
    // A blob's address is only ever made from the page's own files (page/assets/code-and-weights.ts).
    if (url.startsWith('blob:') || url === new URL('./service-worker.js', location.href).href) return url;
    throw new TypeError(`${url} is no script of this page.`);
  },
});

/** What `new Worker` and `register` take. */
export const scriptUrl = (url: string): string => policy?.createScriptURL(url) ?? url;
