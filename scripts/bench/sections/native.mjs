// Native inference on two threads beside onnxruntime from PyPI (native.py), and the whole command line on a folder of patches.
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { OURS } from '../engines.mjs';
import { NETWORKS, exists, root, trainer } from '../materials.mjs';
import { digits, ratios, summary } from '../stats.mjs';

const PEER = 'onnxruntime (PyPI)';
const TOLERANCE = 1e-4;
const THREADS = 2;
const FOLDER_PATCHES = 2000;
const run_ = promisify(execFile);
const python = process.env.NODULENS_PYTHON ?? path.join(root, 'target', 'tools', 'python', 'bin', 'python');

/** Seconds of `cargo trainer classify` on a folder of synthetic patches, from start to end of the process. */
async function wholeCommand(context) {
  const patches = path.join(context.folder, 'patches');
  await run_(trainer, ['phantom', '--count', String(FOLDER_PATCHES), '--out', patches]);
  const crops = path.join(patches, 'crops50');
  const files = (await readdir(crops)).map((name) => path.join(crops, name));
  const seconds = {};
  for (const model of NETWORKS) {
    const began = performance.now();
    await run_(trainer, ['classify', '--weights', context.weights(model), '--device', 'cpu', '--json', path.join(context.folder, 'answers.json'),
      ...files], { env: { ...process.env, RAYON_NUM_THREADS: String(THREADS) } });
    seconds[model] = digits((performance.now() - began) / 1000);
  }
  return { patches: FOLDER_PATCHES, seconds };
}

export async function run(context) {
  if (!(await exists(python))) return { skipped: `there is no Python with onnxruntime at ${python}: make python` };
  const rounds = Math.ceil(context.rounds / 2);
  const script = path.join(root, 'scripts', 'bench', 'native.py');
  const { stdout } = await run_(python, [script, 'compare', trainer, context.folder, path.join(root, 'www', 'models'),
    '--rounds', String(rounds), '--threads', String(THREADS)]);
  const networks = {};
  for (const { network, batch, ours, theirs, difference, device, version } of stdout.trim().split('\n').map((line) => JSON.parse(line))) {
    if (!(difference <= TOLERANCE)) throw new Error(`native, ${network}: logits differ from onnxruntime's by ${difference}`);
    context.agreement[`native, ${network}, ${batch} patches`] = digits(difference);
    networks[network] = { batch, device, peer: version, patchesPerSecond: { [OURS]: summary(ours), [PEER]: summary(theirs) }, ratio: ratios(ours, theirs) };
  }
  context.progress('the whole command');
  return { rounds, threads: THREADS, networks, classify: await wholeCommand(context) };
}

export function targets({ networks }) {
  const what = { paper: "native, paper's network, 2 threads, batch 32, against onnxruntime (PyPI)", compact: 'native, our network, the same' };
  return NETWORKS.map((model) => ({ what: what[model], least: 0.8, got: networks[model].ratio }));
}

export function rows({ networks, classify }) {
  return [
    ...Object.entries(networks).flatMap(([model, { batch, peer, patchesPerSecond, ratio }]) => Object.entries(patchesPerSecond).map(([engine, value]) => ({
      what: `${model}, native, 2 threads, batch ${batch}`, engine: engine === OURS ? OURS : `${engine} ${peer}`, value, unit: 'patches/s', ratio: engine === OURS ? undefined : ratio,
    }))),
    ...Object.entries(classify.seconds).map(([model, value]) => ({
      what: `${model}, cargo trainer classify, ${classify.patches.toLocaleString('en-US')} PNG files, the whole process`, engine: OURS, value, unit: 's',
    })),
  ];
}
