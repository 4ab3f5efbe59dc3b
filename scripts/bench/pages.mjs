// Opens bench pages, each in a browser of its own.
import { launch } from '../chromium.mjs';

/** A SwiftShader adapter on a machine without a GPU. */
export const WEBGPU_FLAGS = ['--enable-unsafe-webgpu'];

/** A page whose `bench` is asked by `call(method, ...)`; `place` names it in the record of what agreed. */
export async function openPage(url, { place = 'one thread', flags = [] } = {}) {
  const browser = await launch(flags);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600_000);
    const said = [];
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    page.on('pageerror', (error) => said.push(String(error)));
    await page.goto(new URL('bench/page.html', url).href);
    await page.waitForFunction(() => window.bench, null, { timeout: 30_000 });
    return {
      place,
      call: async (method, ...given) => {
        try {
          return await page.evaluate(([name, values]) => window.bench[name](...values), [method, given]);
        } catch (error) {
          throw new Error(`${method} ${JSON.stringify(given)}: ${error.message}\n${said.join('\n')}`);
        }
      },
      close: () => browser.close(),
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
