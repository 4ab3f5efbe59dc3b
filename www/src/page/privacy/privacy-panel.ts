/** The privacy section: what was asked for since a file was opened, sealing, the self-test, what is kept, forgetting. */
import { ProgressVoice } from '../../ui/announce.ts';
import { byId, make, setText } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import { forgetOffline } from '../shell/available-offline.ts';
import { strings } from '../../strings/strings.ts';
import { loadLater } from '../load-later.ts';
import type { Attempt } from '../../shared/leak-attempt.ts';
import { forgetChoices, remember, remembered } from '../settings/kept-choices.ts';
import { Requests } from './count-requests.ts';
import { shutEverything } from './seal.ts';
import type { SealState } from './seal.ts';

const text = strings.privacy;
/** Requests are named up to so many. */
const NAMED = 20;

export interface Wiring {
  /** The self-test inside the workers that run. */
  tryWorkers(sealed: boolean): Promise<Attempt[]>;
  /** The loader of the open scan and the lab start again and go on with what they were asked. */
  renewWorkers(): void;
  /** Clears files, results and the open scan. */
  clearAll(): void;
}

export class PrivacyPanel {
  state: SealState = 'open';
  readonly requests = new Requests(() => this.draw());
  private readonly engines: Engines;
  private readonly wiring: Wiring;
  private readonly sealing = new ProgressVoice(byId('seal-status', 'p'));
  private failure = '';
  private kept = '';
  private testing = false;

  constructor(engines: Engines, wiring: Wiring) {
    this.engines = engines;
    this.wiring = wiring;
    byId('seal', 'button').addEventListener('click', () => void this.seal());
    byId('self-test', 'button').addEventListener('click', () => void this.selfTest());
    byId('forget', 'button').addEventListener('click', () => void this.forget());
    const box = byId('remember', 'input');
    box.checked = remembered() !== undefined;
    box.addEventListener('change', () => {
      if (box.checked) this.keep();
      else forgetChoices();
    });
    this.draw();
  }

  /** Keeps the choices where the user wants that. */
  keep(): void {
    const box = byId('remember', 'input');
    const { preference, current } = this.engines;
    const choices = { engine: preference, ...(current && !current.own ? { network: current.id } : {}) };
    const now = JSON.stringify(choices);
    if (!box.checked || now === this.kept) return;
    this.kept = now;
    if (remember(choices)) return setText(byId('remember-note', 'p'), '');
    box.checked = false;
    setText(byId('remember-note', 'p'), text.notKept);
  }

  draw(): void {
    const { requests, state } = this;
    const since = requests.sinceOpened;
    const counted = requests.opened === undefined ? undefined : { all: since.length, others: since.filter(({ ofPage }) => !ofPage).length };
    setText(byId('requests', 'p'), counted ? text.sinceOpened(counted) : text.beforeOpened(requests.total));
    setText(byId('privacy-summary', 'span'), text.summary(state === 'sealed', counted));
    const more = since.length > NAMED ? [make('li', '', text.moreRequests(since.length - NAMED))] : [];
    byId('requests-list', 'ul').replaceChildren(...since.slice(0, NAMED).map((each) => make('li', each.ofPage ? '' : 'problem-what', text.request(each))), ...more);
    const seal = byId('seal', 'button');
    // Not while a network is on its way in: its worker would keep the policy that it began under.
    seal.disabled = state !== 'open' || this.engines.cpu.phase !== 'ready' || this.engines.switching !== undefined;
    setText(seal, state === 'sealed' ? text.sealed : text.seal);
    if (state !== 'sealing') setText(byId('seal-note', 'p'), this.failure || (state === 'sealed' ? text.sealedNote : text.sealNote));
  }

  private async seal(): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'sealing';
    this.failure = '';
    this.draw();
    try {
      await shutEverything(this.engines.models, (done, total) => {
        setText(byId('seal-note', 'p'), text.sealing(done, total));
        this.sealing.say(text.sealing(done, total), true);
      });
      this.state = 'sealed';
      document.body.classList.add('sealed');
    } catch (error) {
      this.state = 'open';
      this.failure = text.sealFailed(error instanceof Error ? error.message : String(error));
    }
    this.draw();
    this.sealing.say(this.failure || text.sealedNote, false);
    // Fresh workers inherit the policy that holds now.
    if (this.state !== 'sealed') return;
    this.wiring.renewWorkers();
    if (await this.engines.renew()) return;
    this.failure = text.sealedOld;
    this.draw();
    this.sealing.say(this.failure, false);
  }

  private async selfTest(): Promise<void> {
    if (this.testing) return;
    this.testing = true;
    const button = byId('self-test', 'button');
    button.setAttribute('aria-busy', 'true');
    const rows = byId('self-test-rows', 'tbody');
    rows.replaceChildren();
    setText(byId('self-test-result', 'p'), text.testing);
    byId('self-test-table', 'table').hidden = false;
    const found: Attempt[] = [];
    try {
      const { attemptText, tryEverything } = await loadLater();
      const show = (attempt: Attempt): void => {
        found.push(attempt);
        const row = make('tr', '', make('td', '', attemptText(attempt.id)), make('td', '', text.result[attempt.result]));
        row.dataset['result'] = attempt.result;
        rows.append(row);
      };
      await tryEverything(this.state === 'sealed', show);
      for (const attempt of await this.wiring.tryWorkers(this.state === 'sealed')) show(attempt);
      setText(byId('self-test-result', 'p'), text.tested(found.length, found.filter(({ result }) => result === 'got-out' || result === 'cannot-refuse').length, this.state === 'sealed'));
    } catch (error) {
      setText(byId('self-test-result', 'p'), text.testFailed(error instanceof Error ? error.message : String(error)));
    } finally {
      this.testing = false;
      button.removeAttribute('aria-busy');
    }
  }

  private async forget(): Promise<void> {
    this.wiring.clearAll();
    byId('remember', 'input').checked = false;
    this.kept = '';
    forgetChoices();
    // A browser that refuses storage has nothing to delete.
    await forgetOffline().catch(() => undefined);
    setText(byId('forget-note', 'p'), text.forgotten);
  }
}
