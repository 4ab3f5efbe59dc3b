/** Numbers and sentences as every text of the page has them. */
export const whole = new Intl.NumberFormat('en');
export const count = (value: number): string => whole.format(value);
export function bytes(value: number): string {
  if (value < 1000) return `${value} bytes`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(0)} kB`;
  return `${(value / 1_000_000).toFixed(1)} MB`;
}
/** The crate's messages begin small and end without a stop; behind a colon they need only the stop. */
export function ended(text: string): string {
  const trimmed = text.trim();
  return trimmed + (/[.!?]$/.test(trimmed) ? '' : '.');
}
export const plural = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`;
