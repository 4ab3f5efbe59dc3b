/** Why this answer: which pixels counted, how firm it is, what the number means. */
import { decisionMark, probabilityBar } from '../../../ui/probability-bar.ts';
import { drawGrey, make } from '../../../ui/dom.ts';
import { problemOf } from '../../shell/problem-of.ts';
import { percent } from '../../../ui/numbers.ts';
import { modelName } from '../../../strings/networks.ts';
import { looksAround } from '../../../shared/heads.ts';
import { strings } from '../../../strings/strings.ts';
import { why as text } from '../../../strings/why.ts';
import { rewrite } from '../address.ts';
import { Lab } from '../lab-client.ts';
import type { Shared, View } from '../view.ts';
import { Firmness } from './firmness.ts';
import { Maps } from './maps.ts';
import { Meaning } from './meaning.ts';

export class WhyView implements View {
  readonly element = make('div', 'learn-view why');
  private readonly picture = make('canvas');
  private readonly answer = make('div', 'why-answer');
  private readonly maps: Maps;
  /** A worker of its own: what follows the pointer must not wait for a map. */
  private readonly firmness = new Firmness(new Lab());
  private meaning: Meaning;
  private readonly shared: Shared;
  private visible = false;
  private asked = 0;

  constructor(shared: Shared) {
    this.shared = shared;
    this.maps = new Maps(shared.lab);
    this.meaning = new Meaning(shared.lab);
    this.picture.setAttribute('role', 'img');
    this.element.append(make('div', 'why-head', this.picture, this.answer), this.maps.element, this.firmness.element, make('section', 'why-meaning', make('h4', '', text.meaningTitle), this.meaning.element));
  }

  show(): void {
    rewrite({ see: 'why' });
    if (this.visible) return;
    this.visible = true;
    this.changed();
  }

  changed(): void {
    if (this.visible) void this.draw();
  }

  hide(): void {
    this.visible = false;
    this.maps.cancel();
  }

  renew(): void {
    this.firmness.renew();
  }

  forgetPatch(): void {
    this.forget();
  }

  forget(): void {
    this.asked += 1;
    this.maps.forget();
    this.firmness.forget();
    const before = this.meaning.element;
    this.meaning = new Meaning(this.shared.lab);
    before.replaceWith(this.meaning.element);
    this.picture.width = 0;
    this.picture.removeAttribute('aria-label');
    this.answer.replaceChildren();
  }

  private async draw(): Promise<void> {
    const network = this.shared.network();
    const { method } = this.shared.engines;
    if (!network || !method) return this.answer.replaceChildren(make('p', 'quiet', text.working));
    const asked = (this.asked += 1);
    try {
      const subject = await this.shared.subject();
      const { predictions: [prediction] } = await this.shared.lab.ask('classify', { values: subject.values }, { network: network.file });
      // Another patch or another network came first.
      if (asked !== this.asked || !this.visible || !prediction) return;
      const { probability, decision, head, threshold } = prediction;
      drawGrey(this.picture, subject.grey, method.patchSize);
      this.picture.setAttribute('aria-label', strings.detail.picture(subject.name));
      this.answer.replaceChildren(
        make('p', 'quiet', text.answer(subject.name, modelName(network.info), looksAround(network.info) ? head : undefined)),
        make('p', 'headline-decision', decisionMark(decision)),
        make('p', '', make('span', 'big-number', percent(probability)), ' ', make('span', 'unit', strings.detail.probability)),
        probabilityBar(probability, threshold, decision),
      );
      this.meaning.draw(prediction, network.info);
      void this.firmness.show(subject, network.file, network.info, method);
      await this.maps.show(subject, network.file, method.patchSize);
    } catch (error) {
      if (asked === this.asked) this.answer.replaceChildren(make('p', 'problem', text.failed(problemOf(error).message)));
    }
  }
}
