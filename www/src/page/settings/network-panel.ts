/** Which network answers: what each costs, which is in use, and the change from one to another. */
import { byId, make, setText } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import type { OfferedModel } from '../assets/model-list.ts';
import { bytes } from '../../ui/numbers.ts';
import { modelName, networkName } from '../../strings/networks.ts';
import { strings } from '../../strings/strings.ts';

const text = strings.network;

interface Choice {
  model: OfferedModel;
  input: HTMLInputElement;
  facts: HTMLElement;
  state: HTMLElement;
}

export class NetworkPanel {
  private readonly fieldset = byId('networks', 'fieldset');
  private readonly problem = byId('network-problem', 'div');
  private readonly status = byId('network-status', 'p');
  private choices: Choice[] = [];
  private spoken = '';
  private readonly engines: Engines;
  private readonly choose: (id: string) => void;

  constructor(engines: Engines, choose: (id: string) => void) {
    this.engines = engines;
    this.choose = choose;
  }

  draw(): void {
    const { current, models, switching } = this.engines;
    if (this.choices.length !== models.length || this.choices.some(({ model }, at) => model !== models[at])) this.create(models);
    this.fieldset.hidden = models.length === 0;
    for (const choice of this.choices) {
      const { model, input } = choice;
      input.checked = model === (switching?.model ?? current);
      this.drawFacts(choice);
      setText(choice.state, this.stateOf(model));
    }
    this.drawProblem();
    this.speak();
  }

  private create(models: OfferedModel[]): void {
    for (const { input } of this.choices) input.closest('label')?.remove();
    this.choices = models.map((model) => {
      const { own } = model;
      const id = (part: string): string => `network-${model.id}-${part}`;
      const input = make('input');
      Object.assign(input, { type: 'radio', name: 'network', value: model.id });
      input.setAttribute('aria-labelledby', id('name'));
      input.setAttribute('aria-describedby', `${id('about')} ${id('facts')} ${id('state')}`);
      input.addEventListener('change', () => this.choose(model.id));
      const part = (name: string, content = ''): HTMLElement => {
        const element = make('span', `choice-${name}`, content);
        element.id = id(name);
        return element;
      };
      const [facts, state] = [part('facts'), part('state')];
      const name = part('name', networkName(model.id, model.name));
      if (own) name.append(' ', make('span', 'badge', strings.weights.badge));
      this.fieldset.append(make('label', 'choice', input, make('span', 'choice-text', name, part('about', own ? strings.weights.about(own.from) : text.about(model.id)), facts, state)));
      return { model, input, facts, state };
    });
  }

  /** Known as soon as any network is loaded, and then the same for good. */
  private drawFacts({ facts, model: { id, own, bytes: size } }: Choice): void {
    const cost = this.engines.networks.find(({ network }) => network === (own?.network ?? id));
    const parts = [...(size === undefined ? [] : [text.size(bytes(size))]), ...(cost ? text.cost(cost) : [])];
    if (facts.childElementCount === parts.length) return;
    // The commas are for the ear; the eye has a gap.
    const hidden = (): HTMLElement => make('span', 'visually-hidden', ', ');
    facts.replaceChildren(...parts.map((part, at) => make('span', 'fact', part, at < parts.length - 1 ? hidden() : '')));
  }

  private stateOf(model: OfferedModel): string {
    const { cpu, current, switching } = this.engines;
    if (switching?.model === model) return text.loading(switching.loaded, switching.total);
    if (model !== current) return '';
    if (cpu.phase === 'loading' && !this.engines.model) return text.loading(cpu.loaded, cpu.total);
    return cpu.phase === 'failed' ? '' : text.inUse;
  }

  /** What happened, what stays, what to do. */
  private drawProblem(): void {
    const { current, notLoaded } = this.engines;
    this.problem.hidden = !notLoaded || !current;
    if (!notLoaded || !current) {
      for (const id of ['network-problem-what', 'network-problem-hint']) setText(byId(id, 'p'), '');
      return;
    }
    const { model, problem } = notLoaded;
    const names = [model, current].map(({ id, name }) => networkName(id, name)) as [string, string];
    setText(byId('network-problem-what', 'p'), text.notLoaded(...names, problem.message));
    setText(byId('network-problem-hint', 'p'), [problem.hint, text.tryAgain].filter(Boolean).join(' '));
  }

  /** Spoken when another network is in use, not with every megabyte of its loading. */
  private speak(): void {
    const { model } = this.engines;
    if (!model || this.spoken === model.modelId) return;
    if (this.spoken) setText(this.status, text.nowInUse(modelName(model)));
    this.spoken = model.modelId;
  }
}
