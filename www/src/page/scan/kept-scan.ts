/** A scan that was closed: nothing of it is left in the document, but for a while it is in memory, so that closing can be undone. */
import { strings } from '../../strings/strings.ts';
import type { Notices } from '../shell/notices.ts';

const MINUTES = 1;

export class KeptScan {
  private readonly notices: Notices;
  private takeAway: (() => void) | undefined;

  constructor(notices: Notices) {
    this.notices = notices;
  }

  /** One of the two is called, and once: `back` where that is asked for in time, `gone` where the way back is closed. */
  keep(back: () => void, gone: () => void): void {
    const end = (): void => {
      clearTimeout(timer);
      this.takeAway = undefined;
    };
    const takeAway = this.notices.offer(strings.scan.closed(MINUTES), strings.undo, () => {
      end();
      back();
    }, () => {
      end();
      gone();
    });
    const timer = setTimeout(takeAway, MINUTES * 60_000);
    this.takeAway = takeAway;
  }

  /** Closes the way back now. */
  drop(): void {
    this.takeAway?.();
  }
}
