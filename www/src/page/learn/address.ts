/**
 * What is looked at, in the part of the address behind #: `#see=inside&layer=conv1&channel=3`. A teacher can link to it; no
 * image and no file name ever stands there. The browser does not send it to a server.
 */
export const VIEWS = ['why', 'inside', 'threshold', 'own-set', 'train', 'tour'] as const;
export type ViewName = (typeof VIEWS)[number];

export type Address = { see: ViewName } & Record<string, string>;

/** Nothing where the address names no view. */
export function readAddress(hash = location.hash): Address | undefined {
  const pairs = Object.fromEntries(new URLSearchParams(hash.replace(/^#/, '')));
  const see = VIEWS.find((name) => name === pairs['see']);
  return see && { ...pairs, see };
}

export const linkTo = (address: Address): string => `#${new URLSearchParams(address).toString()}`;

/** Keeps the address in step with what is shown, without a new entry in the history and without an event. */
export function rewrite(address: Address): void {
  const link = linkTo(address);
  if (location.hash !== link) history.replaceState(history.state, '', link);
}
