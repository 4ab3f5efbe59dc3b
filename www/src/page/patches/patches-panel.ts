/** The place of the classified patches: table, selected patch, run, filter, exports, clearing. */
import { byId, setText } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';
import type { Engines } from '../engines/engines.ts';
import type { Notices } from '../shell/notices.ts';
import { download, exportRows, toCsv, toJson } from './export-patches.ts';
import type { Queue } from './queue.ts';
import { QueuePanel } from './queue-panel.ts';
import { ResultsTable } from './results-table.ts';
import type { Filter, Results, Row } from './results.ts';
import { SelectedPatch } from './selected-patch.ts';

export interface PatchesActions {
  /** "Why this answer?" of a row. */
  lookAt(row: Row): void;
  /** The rows that only the size policy refused, now with their centre. */
  cropAgain(rows: Row[]): void;
  /** Pictures larger than a patch, as slices in the viewer. */
  openSlices(rows: Row[]): void;
}

export class PatchesPanel {
  private readonly table: ResultsTable;
  private readonly detail: SelectedPatch;
  private readonly run: QueuePanel;
  private readonly filters = document.querySelectorAll<HTMLInputElement>('input[name=filter]');
  private readonly engines: Engines;
  private readonly results: Results;
  private readonly runner: Queue;
  private readonly notices: Notices;

  constructor(engines: Engines, results: Results, runner: Queue, notices: Notices, actions: PatchesActions) {
    this.engines = engines;
    this.results = results;
    this.runner = runner;
    this.notices = notices;
    this.table = new ResultsTable(results);
    this.detail = new SelectedPatch((row) => actions.lookAt(row));
    this.run = new QueuePanel(engines, results, runner, {
      cropAgain: (rows) => actions.cropAgain(rows),
      openSlices: (rows) => actions.openSlices(rows),
      rerunCancelled: () => this.again(results.rows.filter(({ state }) => state === 'cancelled')),
      again: (rows) => this.again(rows),
    });
    for (const input of this.filters) input.addEventListener('change', () => results.show(input.value as Filter));
    byId('csv', 'button').addEventListener('click', () => download('nodulens.csv', 'text/csv;charset=utf-8', toCsv(exportRows(results.rows))));
    byId('json', 'button').addEventListener('click', () => {
      const { method } = engines;
      if (method) download('nodulens.json', 'application/json', toJson(results.rows, method));
    });
    byId('clear', 'button').addEventListener('click', () => this.clear());
    setText(byId('no-rows', 'p'), strings.table.empty);
  }

  draw(): void {
    const { rows, selected } = this.results;
    const { method } = this.engines;
    document.body.classList.toggle('has-one', rows.length === 1);
    byId('results', 'section').hidden = rows.length === 0;
    byId('skip-results', 'a').hidden = rows.length === 0;
    this.run.draw();
    this.table.draw(method);
    this.detail.draw(selected, method);
  }

  /** Whatever was found is found once more. */
  again(rows: Row[]): void {
    this.results.reset(rows);
    this.runner.enqueue(rows);
  }

  /** Without a way back. */
  forget(): void {
    this.runner.forget();
    this.results.clear();
    this.results.forgetCleared();
    this.checkFilter();
    // Now, not with the next frame: names of files are in it.
    this.draw();
  }

  /** Clearing can be undone until something new arrives. */
  private clear(): void {
    this.runner.forget();
    const removed = this.results.clear();
    this.checkFilter();
    this.notices.clear();
    this.notices.offer(strings.run.cleared(removed), strings.undo, () => {
      this.results.undoClear();
      // Now: what is hidden takes no focus.
      this.draw();
      byId('csv', 'button').focus();
    }, () => this.results.forgetCleared());
    byId('choose-files', 'button').focus();
  }

  private checkFilter(): void {
    for (const input of this.filters) input.checked = input.value === this.results.filter;
  }
}
