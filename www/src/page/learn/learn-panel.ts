/** The section "See why, and learn": one view at a time, chosen by the address. */
import { byId, make, setText } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import { OwnWeights } from '../settings/own-weights.ts';
import type { Arrivals } from '../intake/arrivals.ts';
import type { Results, Row } from '../patches/results.ts';
import type { Queue } from '../patches/queue.ts';
import { strings } from '../../strings/strings.ts';
import { asSentence } from '../../ui/numbers.ts';
import { partThere } from '../assets/parts.ts';
import { loadLater } from '../load-later.ts';
import { problemOf } from '../shell/problem-of.ts';
import { VIEWS, linkTo, readAddress } from './address.ts';
import type { ViewName } from './address.ts';
import { Lab } from './lab-client.ts';
import type { Proposal } from './own-set/recognise.ts';
import { Subjects } from './patch-in-view.ts';
import type { Spot } from './patch-in-view.ts';
import type { LookedAt, Shared, View } from './view.ts';
import type { Views } from './views.ts';

const text = strings.lab;

/** What the views may have the page do. */
export interface PageActions {
  /** A view was opened, or the last one closed. */
  opened(): void;
  notify(...text: string[]): void;
  arriveAsSet(arrivals: Arrivals): void;
}

export class Learn {
  readonly lab = new Lab();
  readonly own: OwnWeights;
  private readonly section = byId('learn', 'section');
  private readonly title = byId('learn-view', 'h3');
  /** In place of a view that is not there yet. */
  private readonly status = byId('learn-status', 'p');
  private readonly links = new Map<ViewName, HTMLAnchorElement>();
  private readonly subjects: Subjects;
  private readonly shared: Shared;
  private views: Views | undefined;
  private making: Promise<Views> | undefined;
  /** What the address names. */
  private shown: ViewName | undefined;
  /** The view that is in sight. */
  private current: View | undefined;
  private network = '';
  /** How often everything was forgotten. */
  private forgotten = 0;
  private readonly engines: Engines;
  private readonly page: PageActions;

  constructor(engines: Engines, results: Results, runner: Queue, page: PageActions) {
    this.engines = engines;
    this.page = page;
    this.subjects = new Subjects(this.lab, results);
    this.own = new OwnWeights(engines, this.lab, page.notify, () => runner.resume());
    this.shared = {
      lab: this.lab,
      engines,
      results,
      subject: () => this.subjects.current(),
      subjectOf: (row) => this.subjects.of(row),
      network: () => this.lookedAt(),
      own: this.own,
      runner,
      arriveAsSet: page.arriveAsSet,
      notify: page.notify,
    };
    const nav = byId('learn-nav', 'nav');
    for (const name of VIEWS) {
      const link = make('a', '', text.views[name]);
      link.href = linkTo({ see: name });
      // Once more for a view that could not be shown: its address does not change.
      link.addEventListener('click', () => {
        if (this.shown === name && !this.current) void this.display();
      });
      nav.append(link);
      this.links.set(name, link);
    }
    addEventListener('hashchange', () => this.follow(true));
  }

  /** The page is wired: shows what its address names. */
  begin(): void {
    this.follow(false);
  }

  /** Whether a view is shown. */
  get open(): boolean {
    return this.shown !== undefined;
  }

  /** The engine, the results or the patch may have changed. */
  changed(): void {
    const before = this.network;
    const looked = this.lookedAt();
    this.network = looked ? `${looked.file} ${looked.info.modelId}` : '';
    const moved = this.subjects.changed();
    if (moved || this.network !== before) this.current?.changed();
    this.current?.redraw?.();
  }

  /** A click in a scan: that patch is looked at from now on. */
  look(spot: Spot): void {
    this.subjects.look(spot);
    this.current?.changed();
  }

  /** A row of the results: that patch is looked at from now on. */
  lookAt(row: Row): void {
    this.subjects.lookAt(row);
    this.current?.changed();
  }

  /** Fresh workers, under the policy that holds now; what waits is asked again. */
  renew(): void {
    this.lab.renew();
    for (const view of Object.values(this.views ?? {})) view.renew?.();
  }

  /** What a patch of the scan was shown in, in sight or not, forgets it, and so does the lab. */
  leaveScan(): void {
    if (!this.subjects.leaveScan()) return;
    for (const view of Object.values(this.views ?? {})) view.forgetPatch?.();
    this.lab.end();
    this.current?.changed();
  }

  /** The views themselves go: what they had drawn stays in no corner of them. */
  forget(): void {
    this.forgotten += 1;
    this.leave();
    this.subjects.forget();
    this.own.forget();
    for (const view of Object.values(this.views ?? {})) {
      view.forget();
      view.element.remove();
    }
    this.views = undefined;
    this.making = undefined;
    this.lab.end();
  }

  /** A network is in training, or was trained and is nowhere else. */
  get hasWork(): boolean {
    return this.views?.train.hasWork ?? false;
  }

  /** A labelled set of the user's. */
  async takeSet(proposal: Proposal, rows: Row[]): Promise<void> {
    const { forgotten } = this;
    const views = await this.make();
    if (forgotten === this.forgotten) views['own-set'].take(proposal, rows);
  }

  /** Its patches stay; their labels go. */
  leaveSet(): void {
    this.views?.['own-set'].leave();
  }

  /** No view is shown, and the address names none. */
  private leave(): void {
    if (!this.open) return;
    this.close();
    history.replaceState(history.state, '', location.pathname + location.search);
  }

  private close(): void {
    if (!this.open) return;
    this.putAway();
    this.shown = undefined;
    setText(this.title, '');
    this.title.hidden = true;
    for (const link of this.links.values()) link.removeAttribute('aria-current');
    this.page.opened();
  }

  private putAway(): void {
    setText(this.status, '');
    if (!this.current) return;
    this.current.hide();
    this.current.element.hidden = true;
    this.current = undefined;
  }

  private lookedAt(): LookedAt | undefined {
    const { current, model } = this.engines;
    return current && model && { file: current.file, info: model };
  }

  /** The views, made when the first is wanted. */
  private make(): Promise<Views> {
    if (!this.making) {
      const making = loadLater().then(({ makeViews }) => {
        // Everything was forgotten while they came.
        if (this.making !== making) return this.make();
        const views = makeViews(this.shared);
        for (const { element } of Object.values(views)) {
          element.hidden = true;
          byId('learn-body', 'div').append(element);
        }
        this.views = views;
        return views;
      });
      this.making = making;
      making.catch(() => {
        if (this.making === making) this.making = undefined;
      });
    }
    return this.making;
  }

  /** Shows what the address names. A link that was followed brings the section into sight; a page that opens does, too. */
  private follow(moved: boolean): void {
    const address = readAddress();
    // Back to where no view was open; an address of another section leaves it open.
    if (!address && moved && location.hash === '') this.close();
    if (!address) return;
    const { see } = address;
    if (this.shown === see) return void this.display();
    this.putAway();
    this.shown = see;
    setText(this.title, text.titles[see]);
    this.title.hidden = false;
    for (const [name, link] of this.links) {
      if (name === see) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    // The page gives it the width that it needs.
    this.page.opened();
    void this.display().then(() => {
      const { top } = this.section.getBoundingClientRect();
      if (!moved || top < 0 || top > innerHeight / 2) this.section.scrollIntoView();
    });
  }

  /** The view at its address, or why it cannot be shown. */
  private async display(): Promise<void> {
    const see = this.shown;
    if (!see) return;
    try {
      if (!this.views) setText(this.status, text.opening);
      await partThere('lab');
      const views = await this.make();
      const address = readAddress();
      // Another one was asked for since.
      if (this.shown !== see || address?.see !== see) return;
      setText(this.status, '');
      this.current = views[see];
      this.current.element.hidden = false;
      this.current.show(address);
    } catch (error) {
      const { message, hint } = problemOf(error);
      if (this.shown === see) setText(this.status, `${asSentence(message)} ${hint}`);
    }
  }
}
