/** The multiply-add behind one number, as numbers. Redrawn while the pointer moves, so what can stay, stays. */
import { button } from '../../../ui/button.ts';
import { headRow, row, scrollRegion } from '../../../ui/tables.ts';
import { make, setText } from '../../../ui/dom.ts';
import { figure, insideText as text } from '../../../strings/inside.ts';
import type { TemperatureOrigin } from '../../../strings/inside.ts';
import type { Convolved, DenseMade, Made, Unit } from '../../../shared/wasm/inside-wasm.ts';
import { Totals } from './totals.ts';

/** Terms of a dense layer that are shown at first. */
export const FIRST_TERMS = 10;
/** How far a cell is tinted at most, percent: text on it stays readable in both themes. */
const TINT = 32;

export interface ArithmeticEvents {
  /** An input channel of a convolution, or the strongest. */
  input(channel: number | undefined): void;
  /** All terms of a dense layer, or the largest. */
  all(all: boolean): void;
}

export interface Context {
  unit: Unit;
  /** Name of the layer before, and whether it has maps. */
  before: string;
  /** Names of all that are read. */
  names?: string[];
  beforeIsMap: boolean;
  /** The input channel that was asked for. */
  asked: number | undefined;
  /** Whether all terms of a dense layer were asked for. */
  all: boolean;
  /** Of the softmax's temperature. */
  temperature?: TemperatureOrigin;
}

/** `background` between the sheet and the colour of its sign. */
export function tint(element: HTMLElement, value: number, largest: number): void {
  const share = largest > 0 ? Math.min(1, Math.abs(value) / largest) * TINT : 0;
  element.style.setProperty('background', `color-mix(in srgb, var(--${value < 0 ? 'takes' : 'adds'}) ${share.toFixed(1)}%, var(--sheet))`);
}

interface Cell {
  cell: HTMLTableCellElement;
  input: HTMLElement;
  weight: HTMLElement;
  product: HTMLElement;
}

export class Arithmetic {
  readonly element = make('div', 'arithmetic');
  private kind = '';
  private cells: Cell[] = [];
  private caption = make('caption');
  private readonly note = make('p', 'quiet', text.outsideNote);
  private readonly divided = make('p', 'quiet');
  private readonly lines = make('dl', 'sum-lines');
  private readonly totals: Totals;
  private readonly select = make('select');
  private readonly selectLabel = make('label', 'field', text.inputChannel, this.select);
  private readonly more: HTMLButtonElement;
  private readonly rows = make('tbody');
  private all = false;

  constructor(events: ArithmeticEvents) {
    this.totals = new Totals((channel) => events.input(channel));
    this.more = button('', () => events.all(!this.all));
    this.select.addEventListener('change', () => events.input(this.select.value === '' ? undefined : Number(this.select.value)));
  }

  show(made: Made, context: Context): void {
    switch (made.operation) {
      case 'convolution':
        return this.convolution(made, made.value, context);
      case 'dense':
        return this.dense(made, made.value, context);
      case 'max-pool':
        this.frame('max-pool', () => [make('p', '', text.pooled), this.table(2)]);
        for (const [i, { cell, input }] of this.cells.entries()) {
          setText(input, figure(made.inputs[i] ?? NaN));
          cell.classList.toggle('winner', i === made.winner);
          if (i === made.winner) cell.setAttribute('aria-label', `${figure(made.value)}: ${text.pooled.replace(':', '')}`);
          else cell.removeAttribute('aria-label');
        }
        return;
      case 'softmax':
        return this.softmax(made, context.temperature ?? 'file');
      case 'input':
        return this.sentence(text.inputIs(figure(made.hu, 0)));
      case 'surroundings':
        return this.sentence(text.surroundingsIs(figure(made.hu, 0)));
      case 'join':
        return this.sentence(text.joins(context.before, made.channel, figure(made.input)));
      case 'sum':
        return this.sentence(text.sums(context.names ?? [], made.inputs.map((input) => figure(input)), figure(made.value)));
      case 'mean':
        return this.sentence(`${text.mean(made.count)} ${figure(made.sum)} ÷ ${made.count} = ${figure(made.value)}`);
      case 'dropout':
        return this.sentence(text.droppedNothing(figure(made.input)));
    }
  }

  private sentence(content: string): void {
    this.frame('sentence', () => [make('p')]);
    const line = this.element.querySelector('p');
    if (line) setText(line, content);
  }

  /** Builds what a kind of layer needs, once. */
  private frame(kind: string, build: () => Node[]): void {
    if (this.kind === kind) return;
    this.kind = kind;
    this.element.replaceChildren(...build());
  }

  private table(side: number): HTMLTableElement {
    this.cells = [];
    this.caption = make('caption');
    const body = make('tbody');
    for (let row = 0; row < side; row += 1) {
      const line = make('tr');
      for (let column = 0; column < side; column += 1) {
        const [input, weight, product] = [make('span', 'cell-input'), make('span', 'cell-weight'), make('span', 'cell-product')];
        const cell = make('td', '', input, weight, product);
        this.cells.push({ cell, input, weight, product });
        line.append(cell);
      }
      body.append(line);
    }
    return make('table', `products side-${side}`, this.caption, body);
  }

  private convolution(made: Convolved, value: number, { asked }: Context): void {
    this.frame(`convolution ${made.kernel} ${made.totals.length}`, () => {
      const scroll = scrollRegion(this.table(made.kernel), text.products(0).split(',')[0] ?? '');
      return [...(made.totals.length > 1 ? [this.selectLabel] : []), scroll, this.note, ...(made.totals.length > 1 ? [this.totals.element] : []), this.lines];
    });
    setText(this.caption, text.products(made.input));
    const largest = made.products.reduce((most, product) => Math.max(most, Math.abs(product)), 0);
    for (const [i, { cell, input, weight, product }] of this.cells.entries()) {
      setText(input, made.outside[i] ? text.outside : figure(made.inputs[i] ?? NaN));
      setText(weight, `× ${figure(made.weights[i] ?? NaN)}`);
      setText(product, `= ${figure(made.products[i] ?? NaN)}`);
      tint(cell, made.products[i] ?? 0, largest);
    }
    this.note.hidden = !made.outside.includes(true);
    setText(this.note, text.outsideNote);
    if (made.totals.length > 1) {
      this.options(made, asked);
      this.totals.show(made.totals, made.input);
    }
    this.sum(made.totals.length > 1 ? text.totalsAll(made.totals.length) : text.totalsOne, made.sum - made.bias, made.bias, made.sum, value);
  }

  private options({ totals, input }: Convolved, asked: number | undefined): void {
    const { select } = this;
    if (select.options.length !== totals.length + 1) {
      select.replaceChildren(make('option'), ...totals.map(() => make('option')));
      for (const [i, option] of [...select.options].entries()) option.value = i === 0 ? '' : String(i - 1);
    }
    // An open list must not change under the hand.
    if (document.activeElement !== select) {
      for (const [i, option] of [...select.options].entries()) setText(option, i === 0 ? `${text.strongest}: ${input}` : text.channelNumber(i - 1, figure(totals[i - 1] ?? NaN)));
    }
    select.value = asked === undefined ? '' : String(asked);
  }

  private sum(what: string, products: number, bias: number, sum: number, value: number | undefined): void {
    const lines: [string, string, string][] = [['products', what, figure(products)], ['bias', text.bias, `+ ${figure(bias)}`], ['sum', text.sum, `= ${figure(sum)}`]];
    if (value !== undefined) lines.push(['value', sum < 0 ? `${text.afterRelu}: ${text.relued}` : text.afterRelu, figure(value)]);
    if (this.lines.childElementCount !== lines.length) {
      this.lines.replaceChildren(...lines.map(([name]) => {
        const line = make('div', '', make('dt'), make('dd'));
        line.dataset['part'] = name;
        return line;
      }));
    }
    for (const [i, [, term, number]] of lines.entries()) {
      const [dt, dd] = this.lines.children[i]?.children ?? [];
      if (dt) setText(dt as HTMLElement, term);
      if (dd) setText(dd as HTMLElement, number);
    }
  }

  private dense(made: DenseMade, value: number, { before, beforeIsMap, all }: Context): void {
    this.all = all;
    this.frame('dense', () => {
      const table = make('table', 'figures terms', make('caption', '', text.denseTerms), headRow(text.from, text.value, text.weight, text.product), this.rows);
      return [scrollRegion(table, text.denseTerms, 'scroll terms-scroll'), this.more, this.lines];
    });
    const lines: [string, string, string, string][] = made.terms.map((term) => [text.origin(before, term, beforeIsMap), figure(term.input), figure(term.weight), figure(term.product)]);
    if (made.others.count > 0) lines.push([text.others(made.others.count), '', '', figure(made.others.sum)]);
    while (this.rows.childElementCount > lines.length) this.rows.lastElementChild?.remove();
    while (this.rows.childElementCount < lines.length) {
      this.rows.append(row('', '', '', ''));
    }
    for (const [i, line] of lines.entries()) {
      for (const [j, content] of line.entries()) setText(this.rows.children[i]?.children[j] as HTMLElement, content);
    }
    const terms = made.terms.length + made.others.count;
    this.more.hidden = terms <= FIRST_TERMS;
    setText(this.more, all ? text.fewer : text.more(terms));
    this.sum(text.totalsOne, made.sum - made.bias, made.bias, made.sum, made.relu ? value : undefined);
  }

  private softmax(made: Extract<Made, { operation: 'softmax' }>, origin: TemperatureOrigin): void {
    this.frame('softmax', () => {
      const heads = headRow(text.className, text.logit, text.scaled, text.power, text.probability);
      const table = make('table', 'figures shares', make('caption', 'visually-hidden', text.numberTitle), heads, this.rows);
      return [this.divided, scrollRegion(table, text.probability), this.note];
    });
    setText(this.divided, text.softmax(figure(made.temperature), origin));
    const [no, yes] = made.classes;
    this.rows.replaceChildren(
      ...made.classes.map(({ logit, scaled, exp, share }, i) => row(text.classNames[i] ?? '', ...[logit, scaled, exp, share].map((number) => figure(number)))),
      row(text.both, '', '', figure(no.exp + yes.exp), figure(no.share + yes.share)),
    );
    const shift = made.classes[0].shift;
    this.note.hidden = shift === 0;
    setText(this.note, shift === 0 ? text.outsideNote : text.shifted(figure(shift)));
  }
}
