/** What became of a labelled set on its way: where the labels are from, and what does not count, and why. */
import { make } from '../../../ui/dom.ts';
import { evaluateText as text } from '../../../strings/evaluate.ts';
import type { LabelledRow } from './labelled-rows.ts';
import type { Proposal } from './recognise.ts';

/** Named up to so many. */
const NAMED = 8;

export class SetReport {
  readonly element = make('div', 'set-report');
  private readonly from = make('p');
  private readonly lists = make('div', 'set-lists');
  private readonly remarks = make('ul', 'set-remarks');

  constructor() {
    this.element.append(this.from, this.remarks, this.lists);
    this.remarks.setAttribute('role', 'status');
    this.begin(undefined);
  }

  begin(proposal: Proposal | 'synthetic' | undefined): void {
    this.element.hidden = proposal === undefined;
    this.remarks.replaceChildren();
    this.remarks.hidden = true;
    this.lists.replaceChildren();
    if (proposal === undefined) return;
    if (proposal === 'synthetic') {
      this.from.textContent = text.setFrom('synthetic', '');
      return;
    }
    this.from.textContent = text.setFrom(proposal.how, proposal.by);
    const list = (title: string, names: string[]): void => {
      if (names.length === 0) return;
      const items = names.slice(0, NAMED).map((name) => make('li', '', name));
      if (names.length > NAMED) items.push(make('li', 'quiet', text.setAndMore(names.length - NAMED)));
      this.lists.append(make('details', 'set-list', make('summary', '', `${title}: ${names.length}`), make('ul', '', ...items)));
    };
    list(text.setWithoutLabel, proposal.withoutLabel);
    list(text.setWithoutFile, proposal.withoutFile);
    list(text.setUnknown, proposal.unknownLabels);
    list(text.setContradictory, proposal.contradictory);
    list(text.setAmbiguous, proposal.ambiguous);
    list(text.setRepeated, proposal.repeated);
  }

  /** `counted` of all that have a label. */
  draw(all: LabelledRow[], counted: LabelledRow[]): void {
    const cancelled = all.filter(({ row }) => row.state === 'cancelled').length;
    const failed = all.filter(({ row }) => row.state === 'refused' || row.state === 'stopped').length;
    const others = all.filter(({ row }) => row.state === 'done').length - counted.length;
    const labels = new Map<string, Set<boolean>>();
    let [twice, clash] = [0, 0];
    for (const { row, nodule } of counted) {
      const hash = row.patch?.sha256 ?? '';
      const before = labels.get(hash);
      if (before) twice += 1;
      if (before && !before.has(nodule)) clash += 1;
      labels.set(hash, (before ?? new Set()).add(nodule));
    }
    const nodules = counted.filter(({ nodule }) => nodule).length;
    this.say([
      ...(all.length === 0 ? [text.setGone] : counted.length === 0 ? [text.setNone] : []),
      ...(cancelled > 0 ? [text.setCancelled(cancelled)] : []),
      ...(failed > 0 ? [text.setFailed(failed)] : []),
      ...(others > 0 ? [text.setByOthers(others)] : []),
      ...(counted.length > 0 && (nodules === 0 || nodules === counted.length) ? [text.setOneClass(nodules > 0)] : []),
      ...(twice > 0 ? [text.setTwice(twice)] : []),
      ...(clash > 0 ? [text.setClash(clash)] : []),
    ]);
  }

  /** One more remark. */
  add(remark: string): void {
    this.remarks.hidden = false;
    this.remarks.append(make('li', '', remark));
  }

  say(remarks: string[]): void {
    this.element.hidden = false;
    this.remarks.hidden = remarks.length === 0;
    this.remarks.replaceChildren(...remarks.map((remark) => make('li', '', remark)));
  }
}
