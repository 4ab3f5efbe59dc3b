/** Progress, cancel, and what can be done with the rows as a whole. */
import { ProgressVoice } from '../../ui/announce.ts';
import { byId, setText } from '../../ui/dom.ts';
import type { Engines } from '../engines/engines.ts';
import type { Counts, Results, Row } from './results.ts';
import type { Queue } from './queue.ts';
import { asSentence, count } from '../../ui/numbers.ts';
import { modelName } from '../../strings/networks.ts';
import { strings } from '../../strings/strings.ts';

const text = strings.run;

interface Actions {
  cropAgain(rows: Row[]): void;
  openSlices(rows: Row[]): void;
  rerunCancelled(): void;
  again(rows: Row[]): void;
}

export class QueuePanel {
  private readonly run = byId('run', 'div');
  private readonly progress = byId('progress', 'progress');
  private readonly runText = byId('run-text', 'p');
  private readonly voice = new ProgressVoice(byId('status', 'p'));
  private readonly paused = byId('paused', 'div');
  private readonly cropButton = byId('crop-again', 'button');
  private readonly slicesButton = byId('open-slices', 'button');
  private readonly resumeButton = byId('resume', 'button');
  private readonly rerunButton = byId('rerun', 'button');
  private readonly engines: Engines;
  private readonly results: Results;
  private readonly runner: Queue;

  constructor(engines: Engines, results: Results, runner: Queue, actions: Actions) {
    this.engines = engines;
    this.results = results;
    this.runner = runner;
    byId('cancel', 'button').addEventListener('click', () => {
      runner.cancel();
      byId('csv', 'button').focus();
    });
    byId('retry', 'button').addEventListener('click', () => void engines.retryCpu().then(() => runner.resume()));
    this.cropButton.addEventListener('click', () => actions.cropAgain(this.refusedForSize()));
    this.slicesButton.addEventListener('click', () => actions.openSlices(this.refusedForSize()));
    this.resumeButton.addEventListener('click', actions.rerunCancelled);
    this.rerunButton.addEventListener('click', () => {
      actions.again(this.byAnother());
      // The button goes; the focus must not fall back to the top of the page.
      byId('results', 'section').focus();
    });
  }

  draw(): void {
    const counts = this.results.counts();
    const { state } = this.runner;
    const running = state.phase === 'running';
    // Hiding a focused button would throw the focus back to the top of the page.
    if (!running && this.run.contains(document.activeElement)) byId('csv', 'button').focus();
    this.run.hidden = !running;
    if (running) {
      this.progress.max = state.total;
      // Without a value the bar shows that something goes on, which is the truth while the model loads.
      if (state.done > 0 || this.engines.cpu.phase === 'ready') this.progress.value = state.done;
      else this.progress.removeAttribute('value');
    }
    const line = this.line(counts);
    setText(this.runText, line);
    this.voice.say(line, running);
    this.drawPaused();
    this.drawActions(counts, running);
    setText(byId('count-all', 'b'), count(counts.total));
    setText(byId('count-nodule', 'b'), count(counts.nodule));
    setText(byId('count-none', 'b'), count(counts.noNodule));
    setText(byId('count-problem', 'b'), count(counts.problem));
  }

  private line(counts: Counts): string {
    const { state } = this.runner;
    switch (state.phase) {
      case 'idle':
        return '';
      case 'running': {
        if (state.done === 0 && this.engines.cpu.phase === 'loading') return strings.engine.loading(this.engines.cpu.loaded, this.engines.cpu.total);
        const done = text.progress(state.done, state.total);
        return state.rate ? `${done}, ${text.speed(state.rate, (state.total - state.done) / state.rate)}` : done;
      }
      case 'paused':
        return text.progress(counts.total - counts.waiting, counts.total);
      case 'cancelled':
        if (counts.cancelled > 0) return text.cancelled(counts.nodule + counts.noNodule, counts.cancelled);
        return this.finished(counts);
      case 'finished':
        return this.finished(counts);
    }
  }

  private finished(counts: Counts): string {
    return text.finished(counts.nodule, counts.noNodule, counts.problem);
  }

  /** The engine is not there: what happened, what to do, and that the files still wait. */
  private drawPaused(): void {
    const { cpu } = this.engines;
    const { state } = this.runner;
    const problem = cpu.phase === 'failed' ? cpu.problem : state.phase === 'paused' ? state.problem : undefined;
    this.paused.hidden = problem === undefined;
    if (!problem) return;
    setText(byId('paused-what', 'p'), `${this.engines.model ? strings.engine.failedNow : strings.engine.failed} ${asSentence(problem.message)}`);
    setText(byId('paused-hint', 'p'), problem.hint);
  }

  private drawActions(counts: Counts, running: boolean): void {
    byId('csv', 'button').disabled = this.engines.model === undefined;
    byId('json', 'button').disabled = this.engines.model === undefined;
    this.resumeButton.hidden = running || counts.cancelled === 0;
    const { method, model } = this.engines;
    const byAnother = running ? [] : this.byAnother();
    this.rerunButton.hidden = byAnother.length === 0;
    if (model && byAnother.length > 0) setText(this.rerunButton, strings.network.runAgain(byAnother.length, modelName(model)));
    const refused = running ? [] : this.refusedForSize();
    this.cropButton.hidden = refused.length === 0;
    this.slicesButton.hidden = refused.length === 0;
    setText(this.slicesButton, text.openSlices(refused.length));
    if (method && refused.length > 0) setText(this.cropButton, text.cropAgain(refused.length, method));
  }

  private byAnother(): Row[] {
    return this.engines.model ? this.results.notBy(this.engines.model) : [];
  }

  private refusedForSize(): Row[] {
    return this.results.rows.filter(({ problem }) => problem?.code === 'not-patch-size');
  }
}
