/** A few choices of which one holds, in a row. */
import { make } from './dom.ts';

export interface Radios<T extends string> {
  element: HTMLFieldSetElement;
  check(value: T): void;
}

export function radios<T extends string>(name: string, legend: string, choices: Record<T, string>, chosen: (value: T) => void): Radios<T> {
  const inputs = (Object.entries(choices) as [T, string][]).map(([value, words]) => {
    const input = make('input');
    input.type = 'radio';
    input.name = name;
    input.value = value;
    input.addEventListener('change', () => chosen(value));
    return { input, value, label: make('label', '', input, make('span', '', words)) };
  });
  return {
    element: make('fieldset', 'segments', make('legend', '', legend), ...inputs.map(({ label }) => label)),
    check: (wanted) => inputs.forEach(({ input, value }) => (input.checked = value === wanted)),
  };
}
