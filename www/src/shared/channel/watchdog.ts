/**
 * Tells when something has been silent for too long, by time that the page itself was awake: after a laptop's sleep, or in a
 * tab that the browser has frozen, the worker has had no more time than the page, and must not be taken for dead.
 */
const TICKS = 8;

export class Watchdog {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private left: number;
  private lastTick = 0;
  private readonly silent: () => void;

  /** `silence` in milliseconds; `silent` is called once. */
  constructor(silence: number, silent: () => void) {
    this.left = silence;
    this.silent = silent;
    this.arm();
  }

  /** A sign of life: the count begins again, with this length. */
  feed(silence: number): void {
    this.left = silence;
    this.arm();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private arm(): void {
    clearTimeout(this.timer);
    const wait = Math.max(1, Math.min(this.left, Math.max(1000, this.left / TICKS)));
    this.lastTick = performance.now();
    this.timer = setTimeout(() => {
      // However long the page was away, a tick counts once: messages that wait are read before the next.
      this.left -= Math.min(wait, performance.now() - this.lastTick);
      if (this.left > 1) this.arm();
      else this.silent();
    }, wait);
  }
}
