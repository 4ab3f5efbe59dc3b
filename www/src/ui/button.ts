/** A button made by a script; without a type it would send a form. */
import { make } from './dom.ts';

export function button(content: Node | string | (Node | string)[], act?: () => void, className = ''): HTMLButtonElement {
  const made = make('button', className, ...(Array.isArray(content) ? content : [content]));
  made.type = 'button';
  if (act) made.addEventListener('click', act);
  return made;
}
