// The results as a table; docs/benchmarks.md holds it between two markers. Made from the JSON, never read back.
import { readFile, writeFile } from 'node:fs/promises';
import { SECTIONS } from './sections.mjs';

const BEGIN = '<!-- npm run bench: begin -->';
const END = '<!-- npm run bench: end -->';

const middle = (value) => (typeof value === 'number' ? value : value.median);

/** The targets, each with whether it was met and how far the figure is beyond or short of it. */
export function judge(sections) {
  return Object.entries(sections).filter(([, measured]) => !measured.skipped).flatMap(([name, measured]) =>
    SECTIONS[name].targets(measured).map((target) => {
      const wanted = target.least ?? target.most;
      const got = middle(target.got);
      const met = target.least === undefined ? got <= wanted : got >= wanted;
      return { section: name, ...target, met, off: Number((got / wanted - 1).toPrecision(3)) };
    }));
}

const number = (value, unit) => (unit === undefined || value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en-US'));
const spread = (value, unit) => (typeof value === 'number' ? '' : `${number(value.min, unit)} to ${number(value.max, unit)}`);
const line = (...cells) => `| ${cells.join(' | ')} |`;

function targetLine({ what, least, most, unit, got, met, off }) {
  const wanted = `${least === undefined ? 'at most' : 'at least'} ${number(least ?? most, unit)}`;
  const share = `${Math.abs(off * 100).toFixed(0)} % ${off > 0 ? 'above' : 'below'}`;
  const suffix = unit ? ` ${unit}` : ' x';
  const verdict = Math.abs(off) < 0.005 ? 'met, just' : `met, ${share}`;
  return line(what, wanted + suffix, number(middle(got), unit) + suffix, spread(got, unit), met ? verdict : `**missed, ${share}**`);
}

function resultLine({ what, engine, value, unit, ratio }) {
  return line(what, engine, `${number(middle(value), unit)} ${unit}`, spread(value, unit),
    ratio ? `${number(ratio.median)} (${number(ratio.min)} to ${number(ratio.max)})` : '');
}

function growthLines(rows) {
  const whole = (value) => (value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString('en-US'));
  return [
    '',
    line('how cost grows, nodulens, 1 thread', 'how many', 'ms in all', 'a second', 'WebAssembly memory, MiB'),
    line('---', '---', '---', '---', '---'),
    ...rows.map(([what, count, ms, perSecond, memory]) => line(what, count.toLocaleString('en-US'), whole(ms), whole(perSecond), memory.toFixed(1))),
  ];
}

/** The tables: targets, every figure, and how cost grows. */
export function markdown({ date, machine, browser, peers, targets, sections, agreement }) {
  const measured = Object.entries(sections).filter(([, section]) => !section.skipped);
  const skipped = Object.entries(sections).filter(([, section]) => section.skipped);
  const worst = Math.max(0, ...Object.values(agreement));
  return [
    `${date.slice(0, 10)}, ${browser}, ${machine.cpu}, ${machine.cores} cores, load ${machine.loadBefore.toFixed(1)} before and ${machine.loadAfter.toFixed(1)} after;`,
    `${Object.entries(peers).map((peer) => peer.join(' ')).join(', ')}. Medians over rounds in which the engines take turns; the range is`,
    `the least and the most. Before the timing all engines' logits were compared on the same inputs: the largest difference was ${worst.toExponential(1)}.`,
    '',
    line('target', 'wanted', 'got', 'range', ''),
    line('---', '---', '---', '---', '---'),
    ...targets.map(targetLine),
    '',
    line('what', 'engine', 'median', 'range', 'nodulens is so many times as fast'),
    line('---', '---', '---', '---', '---'),
    ...measured.flatMap(([name, section]) => SECTIONS[name].rows(section).map(resultLine)),
    ...measured.flatMap(([name, section]) => (SECTIONS[name].growth ? growthLines(SECTIONS[name].growth(section)) : [])),
    ...skipped.map(([name, section]) => `\nNot measured: ${name}: ${section.skipped}`),
  ].join('\n');
}

/** Puts the table between the markers. */
export async function writeTable(file, table) {
  const text = await readFile(file, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} lacks the lines "${BEGIN}" and "${END}"`);
  await writeFile(file, `${text.slice(0, begin + BEGIN.length)}\n${table}\n${text.slice(end)}`);
}
