/** Asks before work is lost that is nowhere else: on reloading, going back, closing the tab. The browser has its own words for it. */

let agreed = false;

/** Only while `hasWork` says so: a page that asks for nothing is one whose questions are read. */
export function askBeforeLeaving(hasWork: () => boolean): void {
  addEventListener('beforeunload', (event) => {
    if (agreed || !hasWork()) return;
    event.preventDefault();
    // What Chromium before 119 and Safari look at.
    event.returnValue = true;
  });
}

/** The user has been told what will be lost, and has said yes. */
export function leaveUnasked(): void {
  agreed = true;
}
