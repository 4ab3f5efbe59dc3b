/** Lines that stay until they are dismissed, in a live region. */
import { button } from '../../ui/button.ts';
import { byId, make } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';

/** More than this would push the page away. */
const MOST = 3;

export class Notices {
  private readonly area = byId('notices', 'div');

  readonly notify = (...text: string[]): void => this.offer(text.join(' '), strings.dismiss, () => undefined);

  /** With something to do about it. */
  offer(text: string, action: string, act: () => void): void {
    const dismiss = button(action, () => {
      line.remove();
      act();
    }, 'plain');
    const line = make('div', 'notice-line', make('p', '', text), dismiss);
    this.area.append(line);
    while (this.area.childElementCount > MOST) this.area.firstElementChild?.remove();
  }

  clear(): void {
    this.area.replaceChildren();
  }
}
