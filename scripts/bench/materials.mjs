// What every engine is given: the same graphs and weights in each one's format, the same patches, the same slice.
import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const NETWORKS = ['paper', 'compact'];
/** Patches at hand; half are synthetic lungs, half noise. */
export const PATCHES = 64;
const SIDE = 50;
export const SLICE = 512;

const run = promisify(execFile);
export const exists = (file) => access(file).then(() => true, () => false);
export const trainer = process.env.TRAINER ?? path.join(root, 'target', 'release', 'nodulens');

// The same numbers in every run (mulberry32).
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Synthetic patches and noise in turn, as model values. */
async function patches() {
  const folder = path.join(root, 'www', 'pkg', 'cpu');
  const api = await import(pathToFileURL(path.join(folder, 'nodulens.js')).href);
  await api.default({ module_or_path: await readFile(path.join(folder, 'nodulens_bg.wasm')) });
  // Of each view the patch alone.
  const phantoms = api.makePhantoms(1, PATCHES / 2).map(({ png }) => api.decodePatch(png, 'refuse').values.subarray(0, SIDE * SIDE));
  const next = random(5);
  const noise = () => Float32Array.from({ length: SIDE * SIDE }, next);
  return Float32Array.from(phantoms.flatMap((phantom) => [...phantom, ...noise()]));
}

/** A picture of patches side by side, so that it is no more uniform than a lung. */
function slice(values) {
  const next = random(6);
  const tiles = Math.ceil(SLICE / SIDE);
  // Synthetic patches only: every second one is noise.
  const chosen = Array.from({ length: tiles * tiles }, () => 2 * Math.floor((next() * PATCHES) / 2));
  return Float32Array.from({ length: SLICE * SLICE }, (_, i) => {
    const [x, y] = [i % SLICE, Math.floor(i / SLICE)];
    const tile = chosen[Math.floor(y / SIDE) * tiles + Math.floor(x / SIDE)];
    return values[(tile * SIDE + (y % SIDE)) * SIDE + (x % SIDE)];
  });
}

/** Writes it all into a new folder of /tmp. */
export async function prepare() {
  for (const [file, what] of [
    [trainer, 'the trainer is not built: cargo build --release -p trainer'],
    [path.join(root, 'www', 'pkg', 'cpu', 'nodulens_bg.wasm'), 'the CPU module is not built: make build'],
    [path.join(root, 'node_modules', 'onnxruntime-web'), 'the peers are not installed: npm ci'],
  ]) {
    if (!(await exists(file))) throw new Error(`${what} (${file})`);
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'nodulens-bench-'));
  const weights = (name) => path.join(root, 'www', 'models', `${name}.nodulens`);
  const convert = (name, out, ...more) => run(trainer, ['convert', '--weights', weights(name), '--out', path.join(folder, out), ...more]);
  for (const name of NETWORKS) {
    await convert(name, `${name}.onnx`);
    await convert(name, `${name}.safetensors`);
  }
  await convert('compact', 'compact-dense.onnx', '--dense');
  const values = await patches();
  await writeFile(path.join(folder, 'inputs.f32'), values);
  await writeFile(path.join(folder, 'slice.f32'), slice(values));
  const modules = path.join(root, 'node_modules');
  const mounts = {
    bench: path.join(root, 'scripts', 'bench', 'page'),
    pkg: path.join(root, 'www', 'pkg'),
    models: path.join(root, 'www', 'models'),
    data: folder,
    'onnxruntime-web': path.join(modules, 'onnxruntime-web', 'dist'),
    'tfjs-core': path.join(modules, '@tensorflow', 'tfjs-core', 'dist'),
    'tfjs-backend-wasm': path.join(modules, '@tensorflow', 'tfjs-backend-wasm', 'dist'),
  };
  const built = (pkg) => exists(path.join(root, 'www', 'pkg', pkg, 'nodulens_bg.wasm'));
  return {
    folder,
    weights,
    mounts,
    packages: { reference: await built('lab'), webgpu: await built('webgpu') },
  };
}
