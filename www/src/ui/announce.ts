/**
 * What a screen reader says of things that change all the time. A live region speaks on every change, so none stands on what counts
 * up or follows a slider: these speak through a region of their own, now and then.
 */
import { byId, setText } from './dom.ts';

/** Progress is heard this often, not with every file and every slice. */
const EVERY_MILLISECONDS = 10_000;
/** What follows a slider, a pointer or a key is heard when it has been the same for so long. */
const RESTS_MILLISECONDS = 600;

/** Of something that goes on for a while and ends. */
export class ProgressVoice {
  private at = -EVERY_MILLISECONDS;
  private readonly region: HTMLElement;

  constructor(region: HTMLElement) {
    this.region = region;
  }

  /** `goesOn`: more will come; what is said last is always heard. */
  say(line: string, goesOn: boolean): void {
    const now = performance.now();
    if (goesOn && now - this.at < EVERY_MILLISECONDS) return;
    this.at = goesOn ? now : -EVERY_MILLISECONDS;
    setText(this.region, line);
  }
}

let resting: ReturnType<typeof setTimeout> | undefined;
const region = (): HTMLElement => byId('rested-status', 'p');

/** Heard when nothing else has taken its place for a moment. */
export function sayRested(line: () => string): void {
  clearTimeout(resting);
  resting = setTimeout(() => setText(region(), line()), RESTS_MILLISECONDS);
}

/** Whatever is written there is heard when it rests, while it is in sight. */
export function speakWhenRested(element: HTMLElement): void {
  new MutationObserver(() => {
    if (element.offsetParent !== null) sayRested(() => (element.offsetParent === null ? '' : element.textContent));
  }).observe(element, { characterData: true, childList: true, subtree: true });
}

/** Nothing of what was said stays written. */
export function hush(): void {
  clearTimeout(resting);
  setText(region(), '');
}
