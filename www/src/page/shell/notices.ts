/** Lines that stay until they are dismissed, in a live region. */
import { button } from '../../ui/button.ts';
import { byId, make } from '../../ui/dom.ts';
import { keepFocus } from '../../ui/focus.ts';
import { strings } from '../../strings/strings.ts';

/** More than this would push the page away. */
const MOST = 3;

const nothing = (): void => undefined;

export class Notices {
  private readonly area = byId('notices', 'div');
  /** What goes with a line that is taken away. */
  private readonly lines = new Map<Element, () => void>();

  readonly notify = (...text: string[]): void => void this.offer(text.join(' '), strings.dismiss, nothing);

  /**
   * With something to do about it. `gone`: the line went without that being done, and it cannot be done any more. The answer takes
   * the line away.
   */
  offer(text: string, action: string, act: () => void, gone = nothing): () => void {
    const dismiss = button(action, () => {
      this.lines.delete(line);
      this.take(line);
      act();
    }, 'plain');
    const line = make('div', 'notice-line', make('p', '', text), dismiss);
    this.lines.set(line, gone);
    this.area.append(line);
    while (this.area.childElementCount > MOST && this.area.firstElementChild) this.remove(this.area.firstElementChild);
    return () => this.remove(line);
  }

  /** What was only told; ways back stay open. */
  clearTold(): void {
    for (const [line, gone] of [...this.lines]) if (gone === nothing) this.remove(line);
  }

  clear(): void {
    const ends = [...this.lines.values()];
    this.lines.clear();
    keepFocus(this.area, () => this.area.replaceChildren(), () => byId('intake', 'section'));
    for (const end of ends) end();
  }

  private remove(line: Element): void {
    const end = this.lines.get(line);
    if (!end) return;
    this.lines.delete(line);
    this.take(line);
    end();
  }

  /** The focus goes to the next line, or to the top of the page's contents. */
  private take(line: Element): void {
    keepFocus(line, () => line.remove(), () => this.area.querySelector('button') ?? byId('intake', 'section'));
  }
}
