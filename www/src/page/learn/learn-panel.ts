/** The section "See why, and learn": one view at a time, chosen by the address. */
import { byId, make, setText } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import { OwnWeights } from '../settings/own-weights.ts';
import type { Arrivals } from '../intake/arrivals.ts';
import type { Results, Row } from '../patches/results.ts';
import type { Runner } from '../patches/queue.ts';
import { strings } from '../../strings/strings.ts';
import { VIEWS, linkTo, readAddress } from './address.ts';
import type { ViewName } from './address.ts';
import { Inside } from './inside/inside.ts';
import { Lab } from './lab-client.ts';
import { Subjects } from './subjects.ts';
import { OwnSetView } from './own-set/own-set.ts';
import { ThresholdView } from './threshold/threshold.ts';
import type { Spot } from './subjects.ts';
import { Tour } from './tour/tour.ts';
import type { LookedAt, Shared, View } from './view.ts';
import { TrainView } from './train/train-view.ts';
import { WhyView } from './why/why-view.ts';

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
  /** The user's labelled set. */
  readonly ownSet: OwnSetView;
  private readonly section = byId('learn', 'section');
  private readonly title = byId('learn-view', 'h3');
  private readonly links = new Map<ViewName, HTMLAnchorElement>();
  private readonly views: Partial<Record<ViewName, View>>;
  private readonly subjects: Subjects;
  private shown: ViewName | undefined;
  private network = '';
  private readonly engines: Engines;
  private readonly page: PageActions;

  constructor(engines: Engines, results: Results, runner: Runner, page: PageActions) {
    this.engines = engines;
    this.page = page;
    this.subjects = new Subjects(this.lab, results);
    this.own = new OwnWeights(engines, this.lab, page.notify, () => runner.resume());
    const shared: Shared = {
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
    this.ownSet = new OwnSetView(shared);
    this.views = this.makeViews(shared);
    const nav = byId('learn-nav', 'nav');
    for (const name of VIEWS) {
      if (!this.views[name]) continue;
      const link = make('a', '', text.views[name]);
      link.href = linkTo({ see: name });
      nav.append(link);
      this.links.set(name, link);
    }
    for (const view of Object.values(this.views)) {
      view.element.hidden = true;
      byId('learn-body', 'div').append(view.element);
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
    for (const view of Object.values(this.views)) view.renew?.();
  }

  forget(): void {
    this.leave();
    this.subjects.forget();
    this.own.forget();
    for (const view of Object.values(this.views)) view.forget();
    this.lab.end();
  }

  /** No view is shown, and the address names none. */
  private leave(): void {
    if (!this.current) return;
    this.close();
    history.replaceState(history.state, '', location.pathname + location.search);
  }

  private close(): void {
    if (!this.current) return;
    this.current.hide();
    this.current.element.hidden = true;
    this.shown = undefined;
    setText(this.title, '');
    this.title.hidden = true;
    for (const link of this.links.values()) link.removeAttribute('aria-current');
    this.page.opened();
  }

  private makeViews(shared: Shared): Partial<Record<ViewName, View>> {
    return {
      why: new WhyView(shared),
      train: new TrainView(shared, () => this.ownSet.labelled()),
      inside: new Inside(shared),
      tour: new Tour(shared),
      threshold: new ThresholdView(shared),
      'own-set': this.ownSet,
    };
  }

  private get current(): View | undefined {
    return this.shown && this.views[this.shown];
  }

  private lookedAt(): LookedAt | undefined {
    const { current, model } = this.engines;
    return current && model && { file: current.file, info: model };
  }

  /** Shows what the address names. A link that was followed brings the section into sight; a page that opens does, too. */
  private follow(moved: boolean): void {
    const address = readAddress();
    // Back to where no view was open; an address of another section leaves it open.
    if (!address && moved && location.hash === '') this.close();
    if (!address) return;
    const view = this.views[address.see];
    if (!view) return;
    if (this.shown !== address.see) {
      if (this.current) {
        this.current.hide();
        this.current.element.hidden = true;
      }
      this.shown = address.see;
      view.element.hidden = false;
      setText(this.title, text.titles[address.see]);
      this.title.hidden = false;
      for (const [name, link] of this.links) {
        if (name === address.see) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
      // The page gives it the width that it needs.
      this.page.opened();
      const { top } = this.section.getBoundingClientRect();
      if (!moved || top < 0 || top > innerHeight / 2) this.section.scrollIntoView();
    }
    view.show(address);
  }
}
