// Drives the Firefox that is installed, over WebDriver BiDi: as much of it as our tests need. Playwright drives only its
// own build of Firefox, which cannot be had here.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';

// What a browser does on its own would be taken for the page's doing.
const PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': '',
  'toolkit.telemetry.enabled': false,
  // Downloads go to a folder without asking.
  'browser.download.folderList': 2,
  'browser.download.useDownloadDir': true,
  'browser.download.always_ask_before_handling_new_types': false,
};

const START_MILLISECONDS = 60_000;

/** One Firefox with one tab. */
export class Firefox {
  requests = [];
  /** Errors and warnings of the console. */
  complaints = [];
  version = '';
  profile = '';
  downloads = '';
  #nextId = 1;
  #waiting = new Map();
  #process;
  #socket;
  #context;

  /** With preferences of its own. */
  static async start(more = {}) {
    const firefox = new Firefox();
    firefox.profile = await mkdtemp(path.join(os.tmpdir(), 'nodulens-firefox-'));
    firefox.downloads = await mkdtemp(path.join(os.tmpdir(), 'nodulens-downloads-'));
    const preferences = { ...PREFERENCES, ...more, 'browser.download.dir': firefox.downloads };
    await writeFile(path.join(firefox.profile, 'user.js'), Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
    try {
      await firefox.#launch();
    } catch (error) {
      await firefox.close();
      throw error;
    }
    return firefox;
  }

  async #launch() {
    const program = process.env.FIREFOX ?? 'firefox-esr';
    this.#process = spawn(program, ['--headless', '--no-remote', '--profile', this.profile, '--remote-debugging-port', '0', 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const address = await new Promise((resolve, reject) => {
      let said = '';
      const late = setTimeout(() => reject(new Error(`${program} did not start in time: ${said}`)), START_MILLISECONDS);
      this.#process.on('error', (error) => reject(new Error(`${program}: ${error.message}`)));
      this.#process.on('exit', (code) => reject(new Error(`${program} ended (${code}): ${said}`)));
      this.#process.stderr.on('data', (chunk) => {
        said += chunk;
        const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
        if (!found) return;
        clearTimeout(late);
        resolve(found[1]);
      });
    });
    this.#socket = new WebSocket(`${address}/session`, { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 });
    await new Promise((resolve, reject) => this.#socket.once('open', resolve).once('error', reject));
    this.#socket.on('message', (data) => this.#receive(JSON.parse(data)));
    const { capabilities } = await this.#send('session.new', { capabilities: {} });
    this.version = `${capabilities.browserName} ${capabilities.browserVersion}`;
    await this.#send('session.subscribe', { events: ['log.entryAdded', 'network.beforeRequestSent'] });
    ({ context: this.#context } = await this.#send('browsingContext.create', { type: 'tab' }));
    await this.#send('browsingContext.setViewport', { context: this.#context, viewport: { width: 1280, height: 800 } });
  }

  #receive({ id, type, method, params, result, error, message }) {
    if (type === 'event') {
      if (method === 'network.beforeRequestSent') this.requests.push(params.request.url);
      if (method === 'log.entryAdded' && ['error', 'warn'].includes(params.level)) this.complaints.push(`${params.level}: ${params.text}`);
      return;
    }
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (type === 'success') resolve?.(result);
    else reject?.(new Error(`${error}: ${message}`));
  }

  #send(method, params) {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async goto(url) {
    await this.#send('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  /** Calls a function in the page, which may be async; arguments and answer travel as JSON. */
  async call(f, ...args) {
    const { type, result, exceptionDetails } = await this.#send('script.callFunction', {
      target: { context: this.#context },
      awaitPromise: true,
      functionDeclaration: `async (text) => JSON.stringify(await (${f})(...JSON.parse(text)) ?? null)`,
      arguments: [{ type: 'string', value: JSON.stringify(args) }],
    });
    if (type === 'exception') throw new Error(exceptionDetails.text);
    return JSON.parse(result.value);
  }

  text(css) {
    return this.call((selector) => document.querySelector(selector)?.textContent ?? '', css);
  }

  click(css) {
    return this.call((selector) => document.querySelector(selector).click(), css);
  }

  async choose(css, files) {
    const { nodes: [node] } = await this.#send('browsingContext.locateNodes', { context: this.#context, locator: { type: 'css', value: css } });
    await this.#send('input.setFiles', { context: this.#context, element: { sharedId: node.sharedId }, files });
  }

  async close() {
    this.#socket?.close();
    if (this.#process && this.#process.exitCode === null) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill();
      const late = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    }
    for (const folder of [this.profile, this.downloads]) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
