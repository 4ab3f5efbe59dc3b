/** The table of results: a page of rows at a time, real table elements, rows reused so that focus and canvases stay. */
import { button } from '../../ui/button.ts';
import { byNetwork, decisionMark, probabilityBar, syntheticBadge } from '../../ui/probability-bar.ts';
import { byId, drawGrey, make, setText } from '../../ui/dom.ts';
import type { Results, Row, SortColumn } from './results.ts';
import { asSentence, milliseconds, percent } from '../../ui/numbers.ts';
import { looksAround } from '../../shared/heads.ts';
import { strings } from '../../strings/strings.ts';
import type { MethodInfo } from '../../shared/wasm/engine-wasm.ts';

/** Few enough that a page is laid out at once, many enough to scan by eye. */
const PAGE_ROWS = 100;

interface Drawn {
  element: HTMLTableRowElement;
  button: HTMLButtonElement;
  /** What the cells show; drawn again only when it changed. */
  shows: string;
  drawnPicture: boolean;
}

export class ResultsTable {
  private readonly body = byId('rows', 'tbody');
  private readonly pager = byId('pager', 'nav');
  private readonly pageText = byId('page-text', 'span');
  private readonly previous = byId('page-previous', 'button');
  private readonly next = byId('page-next', 'button');
  private readonly empty = byId('no-rows', 'p');
  private readonly heads = [...document.querySelectorAll<HTMLTableCellElement>('th[data-column]')];
  private readonly drawn = new Map<number, Drawn>();
  private page = 0;
  private readonly results: Results;

  constructor(results: Results) {
    this.results = results;
    for (const head of this.heads) {
      head.querySelector('button')?.addEventListener('click', () => {
        this.page = 0;
        results.sortBy(head.dataset['column'] as SortColumn);
      });
    }
    this.previous.addEventListener('click', () => this.turn(-1));
    this.next.addEventListener('click', () => this.turn(1));
    this.body.addEventListener('click', (event) => this.choose(event.target as Element));
    this.body.addEventListener('keydown', (event) => this.moveByArrow(event));
  }

  draw(method: MethodInfo | undefined): void {
    const rows = this.results.visible();
    const pages = Math.max(1, Math.ceil(rows.length / PAGE_ROWS));
    this.page = Math.min(this.page, pages - 1);
    const from = this.page * PAGE_ROWS;
    const shown = rows.slice(from, from + PAGE_ROWS);

    this.pager.hidden = pages === 1;
    setText(this.pageText, strings.table.page(from + 1, from + shown.length, rows.length));
    const { activeElement } = document;
    this.previous.disabled = this.page === 0;
    this.next.disabled = this.page === pages - 1;
    // At an end the way back takes the focus of the button that goes no further.
    if (activeElement === this.next && this.next.disabled && !this.previous.disabled) this.previous.focus();
    if (activeElement === this.previous && this.previous.disabled && !this.next.disabled) this.next.focus();
    this.empty.hidden = rows.length > 0;
    for (const head of this.heads) {
      const { sort } = this.results;
      const sorted = sort?.column === head.dataset['column'] && sort;
      head.setAttribute('aria-sort', !sorted ? 'none' : sorted.descending ? 'descending' : 'ascending');
    }

    const keep = new Set(shown.map(({ key }) => key));
    for (const [key, { element }] of this.drawn) {
      if (keep.has(key)) continue;
      element.remove();
      this.drawn.delete(key);
    }
    const selected = this.results.selected?.key;
    shown.forEach((row, index) => {
      const drawn = this.drawn.get(row.key) ?? this.create(row);
      this.fill(drawn, row, method);
      const isSelected = row.key === selected;
      drawn.element.classList.toggle('selected', isSelected);
      drawn.button.setAttribute('aria-pressed', String(isSelected));
      // Moving an element drops its focus, so only those that stand wrong are moved.
      const there = this.body.children[index];
      if (there !== drawn.element) this.body.insertBefore(drawn.element, there ?? null);
    });
  }

  /** Shows the page that holds the row. */
  reveal(key: number): void {
    const index = this.results.visible().findIndex((row) => row.key === key);
    if (index >= 0) this.page = Math.floor(index / PAGE_ROWS);
  }

  private turn(by: number): void {
    this.page += by;
    const first = this.results.visible()[this.page * PAGE_ROWS];
    this.results.select(first?.key);
  }

  private create(row: Row): Drawn {
    const select = button('', undefined, 'row-name');
    const element = make('tr');
    element.dataset['key'] = String(row.key);
    const drawn: Drawn = { element, button: select, shows: '', drawnPicture: false };
    const canvas = make('canvas', 'thumb');
    canvas.setAttribute('aria-hidden', 'true');
    select.append(make('span', 'name', row.name));
    const name = make('th', 'cell-name', select, make('span', 'remark'));
    name.scope = 'row';
    element.append(make('td', 'cell-picture', canvas), name, make('td', 'cell-probability'), make('td', 'cell-decision'), make('td', 'cell-time'), make('td', 'cell-status'));
    this.drawn.set(row.key, drawn);
    return drawn;
  }

  private fill(drawn: Drawn, row: Row, method: MethodInfo | undefined): void {
    const shows = `${row.state} ${row.prediction?.probability} ${row.milliseconds} ${row.model?.modelId}`;
    if (drawn.shows === shows) return;
    drawn.shows = shows;
    const { element } = drawn;
    element.dataset['state'] = row.state;
    const cell = (name: string): HTMLElement => element.querySelector<HTMLElement>(`.cell-${name}`) as HTMLElement;
    const { prediction, patch, problem, model } = row;

    const canvas = element.querySelector('canvas');
    if (canvas && patch && method && !drawn.drawnPicture) {
      drawGrey(canvas, patch.grey, method.patchSize);
      drawn.drawnPicture = true;
    }
    const remark = element.querySelector<HTMLElement>('.remark') as HTMLElement;
    const remarks: (Node | string)[] = [];
    if (row.synthetic) remarks.push(syntheticBadge());
    if (prediction && model && looksAround(model)) remarks.push(strings.seen[prediction.head]);
    if (problem) remarks.push(asSentence(problem.message));
    else if (patch && patch.notes.length > 0) remarks.push(strings.table.notesInRow(patch.notes.length));
    remark.replaceChildren(...remarks.flatMap((one, at) => (typeof one === 'string' && typeof remarks[at - 1] === 'string' ? [', ', one] : [one])));

    if (prediction && model) {
      cell('probability').replaceChildren(
        make('span', 'number', percent(prediction.probability)),
        probabilityBar(prediction.probability, prediction.threshold, prediction.decision),
      );
      cell('decision').replaceChildren(decisionMark(prediction.decision), ' ', byNetwork(model));
    } else {
      cell('probability').replaceChildren(make('span', 'number none', strings.none));
      cell('decision').replaceChildren(make('span', 'none', strings.none));
    }
    cell('time').textContent = row.milliseconds === undefined ? strings.none : milliseconds(row.milliseconds);
    cell('status').textContent = strings.state[row.state];
  }

  private choose(target: Element): void {
    const key = target.closest('tr')?.dataset['key'];
    if (!key) return;
    this.results.select(Number(key));
    // On a narrow screen the large picture stands above the list.
    const detail = byId('detail', 'section');
    if (detail.getBoundingClientRect().bottom < 0) detail.scrollIntoView();
  }

  /** Arrow keys walk through the rows, as in any list; Tab still reaches each of them. */
  private moveByArrow(event: KeyboardEvent): void {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const row = (event.target as Element).closest('tr');
    const to = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
    const button = to?.querySelector<HTMLButtonElement>('.row-name');
    if (!button) return;
    event.preventDefault();
    button.focus();
    this.choose(button);
  }
}
