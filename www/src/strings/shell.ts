/** The words that belong to no place: use without a network. */

export const offline = {
  oneFile: 'All of it is in this one file, which asks for nothing.',
  keeping: 'Being kept for use without a network…',
  kept: 'Available offline.',
  notKept: 'Could not be kept for use without a network; the next visit tries again.',
  notUpdated: 'A new version could not be fetched whole; this one stays.',
  update: 'A new version of Nodulens is ready. Reloading takes it into use and empties this page: download results first.',
  reload: 'Reload now',
  later: 'Later',
  others: (n: number) => `The new version waits: Nodulens is open in ${n === 1 ? 'another tab' : `${n} other tabs`}. Close ${n === 1 ? 'it' : 'them'}, then reload.`,
};
