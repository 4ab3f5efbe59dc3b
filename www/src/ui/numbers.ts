/** Numbers, shares, times and sentences as every text of the page has them. */
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
/** As a sentence of its own. A file's name keeps its small letter. */
export function asSentence(text: string): string {
  const sentence = ended(text);
  return /^\S+\.\w/.test(sentence) ? sentence : sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** 0.8734 -> "87.3 %"; the ends are not rounded away. */
export function percent(value: number): string {
  if (value > 0 && value < 0.001) return '< 0.1 %';
  if (value < 1 && value > 0.999) return '> 99.9 %';
  return `${(value * 100).toFixed(1)} %`;
}
/** For axes: 0.25 -> "25 %". */
export const wholePercent = (value: number): string => `${Math.round(value * 100)} %`;
/** For shares that somebody chose: 0.05 -> "5 %", 0.0025 -> "0.25 %". */
export const shortPercent = (value: number): string => `${Number((value * 100).toPrecision(3))} %`;

export const milliseconds = (value: number): string => (value < 9.95 ? `${value.toFixed(1)} ms` : `${count(Math.round(value))} ms`);
/** What was measured: 860 -> "0.9 s", 95,000 -> "1.6 min". */
export const duration = (ms: number): string => (ms < 90_000 ? `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s` : `${(ms / 60_000).toFixed(1)} min`);
/** What is guessed, in seconds: 0.4 -> "1 s", 95 -> "1.6 min". */
export const roughDuration = (seconds: number): string => (seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${(seconds / 60).toFixed(1)} min`);
