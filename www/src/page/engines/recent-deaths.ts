/**
 * Workers that stopped, of late. Many within a short time say that something is wrong for good; one now and then in a day of
 * work does not, so each is forgotten after a while.
 */
const MOST = 12;
const REMEMBERED_MILLISECONDS = 10 * 60_000;

export class RecentDeaths {
  private times: number[] = [];
  private readonly now: () => number;

  constructor(now = () => performance.now()) {
    this.now = now;
  }

  add(): void {
    this.times = [...this.recent(), this.now()];
  }

  /** An answer came: whatever stopped the workers before, this one works. */
  clear(): void {
    this.times = [];
  }

  get tooMany(): boolean {
    return this.recent().length >= MOST;
  }

  private recent(): number[] {
    const since = this.now() - REMEMBERED_MILLISECONDS;
    return this.times.filter((time) => time > since);
  }
}
