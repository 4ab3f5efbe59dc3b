/** From files to an open scan: one loader's worker an attempt, with progress, and a way out. */
import { RequestFailed, WorkerDied } from '../../shared/channel/worker-errors.ts';
import { ProgressVoice } from '../../ui/announce.ts';
import { byId, setText } from '../../ui/dom.ts';
import { keepFocus } from '../../ui/focus.ts';
import { strings } from '../../strings/strings.ts';
import { LoaderWorker } from './loader-client.ts';
import { problemLines } from './problem-lines.ts';
import type { FileProblem, NamedBlob, Opened } from '../../shared/loader-messages.ts';
import type { ScanPanel } from './scan-panel.ts';

const text = strings.scan;
/** A loader that stops on file after file has another trouble than they. */
const MOST_SET_ASIDE = 10;

class Cancelled extends Error {}

export class FileOpener {
  private readonly panel: ScanPanel;
  private readonly notify: (...text: string[]) => void;
  private readonly voice = new ProgressVoice(byId('scan-status', 'p'));
  private loader: LoaderWorker | undefined;
  private seed = 1;

  constructor(panel: ScanPanel, notify: (...text: string[]) => void) {
    this.panel = panel;
    this.notify = notify;
    byId('opening-cancel', 'button').addEventListener('click', () => this.cancel());
  }

  /** Opens what these files hold. What was open stays until something new is there. */
  files(files: NamedBlob[]): Promise<void> {
    let rest = files;
    let at = -1;
    const setAside: FileProblem[] = [];
    return this.open(text.opening, files.length, async (loader, progress) => {
      // One that stops before it has begun stopped on no file.
      at = -1;
      const { opened } = await loader.ask({ kind: 'open', files: rest }, (done, total) => {
        at = done;
        progress(done + setAside.length, total + setAside.length);
      });
      return { opened: { ...opened, problems: [...setAside, ...opened.problems] } };
    }, () => {
      // What it was reading when it stopped is set aside; beyond the last file it was no single one's fault.
      const culprit = rest[at];
      if (!culprit || setAside.length >= MOST_SET_ASIDE) return false;
      setAside.push({ name: culprit.name, ...text.stoppedOn });
      rest = rest.filter((file) => file !== culprit);
      return true;
    });
  }

  example(): Promise<void> {
    const seed = this.seed;
    this.seed += 1;
    return this.open(text.drawing, 1, (loader, progress) => loader.ask({ kind: 'example', seed }, progress));
  }

  cancel(): void {
    this.loader?.end(new Cancelled());
  }

  private async open(
    line: (done: number, total: number) => string,
    total: number,
    ask: (loader: LoaderWorker, progress: (done: number, total: number) => void) => Promise<{ opened: Opened }>,
    again: () => boolean = () => false,
  ): Promise<void> {
    this.cancel();
    let loader = new LoaderWorker();
    this.loader = loader;
    const show = (done: number, of: number): void => {
      if (this.loader !== loader) return;
      setText(byId('opening-text', 'p'), line(done, of));
      this.voice.say(line(done, of), true);
      Object.assign(byId('opening-progress', 'progress'), { max: Math.max(1, of), value: done });
    };
    byId('opening', 'div').hidden = false;
    show(0, total);
    try {
      let answer: { opened: Opened } | undefined;
      while (!answer) {
        answer = await ask(loader, show).catch((error: unknown) => {
          if (!(error instanceof WorkerDied) || this.loader !== loader || !again()) throw error;
          return undefined;
        });
        if (!answer) this.loader = loader = new LoaderWorker();
      }
      const { opened } = answer;
      if (this.loader !== loader) return loader.end(new Cancelled());
      this.problems(opened.problems);
      if (opened.series.length > 0 || opened.pictures.length > 0) this.panel.open(loader, opened);
      else {
        if (opened.problems.length === 0) this.notify(text.nothing);
        loader.end(new Cancelled());
      }
    } catch (error) {
      loader.end(new Cancelled());
      if (error instanceof Cancelled) {
        if (this.loader === loader) this.notify(text.cancelled);
      } else {
        const hint = error instanceof RequestFailed ? error.problem.hint : strings.engine.reloadHint;
        this.notify(text.failed(error instanceof Error ? error.message : String(error)), hint);
      }
    } finally {
      if (this.loader === loader) {
        this.loader = undefined;
        keepFocus(byId('opening', 'div'), () => (byId('opening', 'div').hidden = true), () => byId('choose-files', 'button'));
        this.voice.say('', false);
        byId('opening-progress', 'progress').value = 0;
        setText(byId('opening-text', 'p'), '');
      }
    }
  }

  /** Files that could not be read stop no other; each is named with its reason. */
  private problems(problems: FileProblem[]): void {
    if (problems.length === 0) return;
    this.notify(text.problems(problems.length), ...problemLines(problems));
  }
}

