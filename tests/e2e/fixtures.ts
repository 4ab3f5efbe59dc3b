/**
 * Makes the test's files and the native numbers, with the trainer binary, before any test. Everything lies in
 * tests/e2e/.out, which git ignores.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
export const out = path.join(root, 'tests', 'e2e', '.out');
export const dist = path.join(root, 'dist');
export const trainer = process.env['TRAINER'] ?? path.join(root, 'target', 'release', 'nodulens');

export const PATCHES = 40;
export const MANY = 2000;

export interface Native {
  file: string;
  probability?: number;
  decision?: string;
  sha256?: string;
  error?: { code: string; message: string; hint: string };
}

const images = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith('.png')).sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => path.join(folder, name));

/** Synthetic patches, as absolute paths. */
export const patches = (): string[] => images(path.join(out, 'patches', 'crops50'));
/** The same patches under many names. */
export const many = (): string[] => images(path.join(out, 'many'));
/** One image in many formats, and those that must be refused. */
export const format = (name: string): string => path.join(out, 'formats', name);
export interface Model {
  id: string;
  file: string;
}

/** The networks that ship, the default first. */
export const models = (): [Model, ...Model[]] => JSON.parse(readFileSync(path.join(dist, 'models', 'models.json'), 'utf8')) as [Model, ...Model[]];
/** What the command line answers with a network's weights; the default network's without a name. */
export const native = (id = models()[0].id): Native[] => JSON.parse(readFileSync(path.join(out, `native-${id}.json`), 'utf8')) as Native[];

/** A synthetic scan of 24 slices as one MetaImage, and what the command line finds in it. */
export const scanFile = path.join(out, 'scan', 'phantom-5.mha');
export interface NativeScan {
  model: { id: string; sha256: string };
  input: { sha256: string };
  findings: { probability: number; sliceIndex: number; pixel: [number, number]; diameterMm: number | null }[];
}
/** What the command line finds in the first series of these paths. */
export function searchNatively(paths: string[], answers: string): NativeScan {
  const json = path.join(out, answers);
  execFileSync(trainer, ['search', '--device', 'cpu', '--weights', path.join(dist, 'models', models()[0].file), '--json', json, ...paths], { cwd: root, stdio: 'ignore' });
  return (JSON.parse(readFileSync(json, 'utf8')) as [NativeScan])[0];
}
/** A synthetic scan in a folder. */
export const makeScan = (format: string, slices: number, side: number, folder: string): void =>
  void execFileSync(trainer, ['phantom', '--scan', '--format', format, '--slices', String(slices), '--side', String(side), '--seed', '5', '--out', folder], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
export const nativeScan = (): NativeScan => searchNatively([scanFile], 'native-scan.json');

export default function setup(): void {
  if (!existsSync(path.join(dist, 'index.html'))) throw new Error('dist/ is not there: run "npm run build" first');
  if (!existsSync(trainer)) throw new Error(`${trainer} is not there: build the trainer first, or set TRAINER`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(path.join(out, 'many'), { recursive: true });
  const run = (...args: string[]): void => void execFileSync(trainer, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  run('phantom', '--count', String(PATCHES), '--seed', '11', '--out', path.join(out, 'patches'));
  run('phantom', '--formats', '--count', '2', '--out', out);

  const all = patches();
  const [first] = all;
  if (!first) throw new Error('the trainer made no patches');
  for (let i = 0; i < MANY; i += 1) copyFileSync(all[i % all.length] ?? first, path.join(out, 'many', `patch-${String(i).padStart(4, '0')}.png`));
  const mixed = path.join(out, 'folder', 'inner');
  mkdirSync(mixed, { recursive: true });
  copyFileSync(first, path.join(out, 'folder', 'a.png'));
  copyFileSync(first, path.join(mixed, 'b.png'));
  writeFileSync(path.join(out, 'folder', 'list.csv'), 'a,b\n');
  writeFileSync(path.join(mixed, 'readme.txt'), 'text\n');

  makeScan('mha', 24, 320, path.dirname(scanFile));

  const formats = readdirSync(path.join(out, 'formats')).map((name) => path.join(out, 'formats', name));
  for (const { id, file } of models()) {
    const answers = path.join(out, `native-${id}.json`);
    // The exit status says that files were refused, as some must be; the JSON says which.
    spawnSync(trainer, ['classify', '--weights', path.join(dist, 'models', file), '--json', answers, ...all, ...formats], { cwd: root, stdio: 'ignore' });
    if (!existsSync(answers)) throw new Error(`the trainer gave no native numbers with ${file}`);
  }
}
