/** Heads of tables, and a frame for what is wider than a small screen. */
import { make } from './dom.ts';

export function head(scope: 'row' | 'col', content = ''): HTMLTableCellElement {
  const cell = make('th', '', content);
  cell.scope = scope;
  return cell;
}

export const headRow = (...names: string[]): HTMLElement => make('thead', '', make('tr', '', ...names.map((name) => head('col', name))));

export const row = (name: string, ...cells: (Node | string)[]): HTMLElement => make('tr', '', head('row', name), ...cells.map((cell) => make('td', '', cell)));

/** Scrolled with the arrow keys, and so it takes the focus and has a name. */
export function scrollRegion(inner: HTMLElement, label: string, className = 'scroll'): HTMLElement {
  const wide = className ? make('div', className, inner) : inner;
  wide.tabIndex = 0;
  wide.setAttribute('role', 'region');
  wide.setAttribute('aria-label', label);
  return wide;
}
