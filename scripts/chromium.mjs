// The headless Chromium that measures: Debian's, or the one that CHROMIUM names.
import { chromium } from '@playwright/test';

const ARGS = [
  '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** A browser with an empty profile, and `more` flags. */
export const launch = (more = []) => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...ARGS, ...more] });

/** Name and version of that browser. */
export async function browserName() {
  const browser = await launch();
  const version = browser.version();
  await browser.close();
  return `Chromium ${version}, headless`;
}

/** The page in a new browser; the clock starts with the navigation. The user's click on the examples is there as soon as the
 * page can take it, so that the model's load is inside the time. Ms until the model was ready and until the first answer. */
export async function coldStart(url) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.addInitScript(() => {
      const marks = (window.coldStart_ = {});
      const look = () => {
        if (!marks.ready && document.querySelector('#lead')?.textContent) marks.ready = performance.now();
        if (!marks.first && document.querySelector('#detail .big-number')) marks.first = performance.now();
        if (!marks.first) requestAnimationFrame(look);
      };
      look();
      addEventListener('DOMContentLoaded', () => setTimeout(() => document.querySelector('#try-examples').click()));
    });
    await page.goto(url);
    await page.waitForFunction(() => window.coldStart_.first, null, { timeout: 120_000 });
    return await page.evaluate(() => window.coldStart_);
  } finally {
    await browser.close();
  }
}
