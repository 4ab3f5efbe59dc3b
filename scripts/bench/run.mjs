// Nodulens beside its peers, in one run; docs/benchmarks.md has the table that it makes.
//   npm run bench [-- --only SECTION] [--rounds N] [--quick] [--out FILE.json]
//   npm run bench -- --check     whether all engines say the same, and the size budget; times nothing
// A whole run writes docs/bench.json and the table in docs/benchmarks.md; a part of one, or a quick one, target/bench.json.
import { rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { browserName } from '../chromium.mjs';
import { expectations } from './engines.mjs';
import { NETWORKS, prepare, root } from './materials.mjs';
import { openPage } from './pages.mjs';
import { check } from './check.mjs';
import { judge, markdown, writeTable } from './report.mjs';
import { SECTIONS } from './sections.mjs';
import { serveMounts } from './server.mjs';

const { values } = parseArgs({ options: {
  check: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] },
  rounds: { type: 'string' },
  quick: { type: 'boolean', default: false },
  out: { type: 'string' },
} });
const unknown = values.only.find((name) => !SECTIONS[name]);
if (unknown) fail(`there is no section "${unknown}"; there are ${Object.keys(SECTIONS).join(', ')}`);

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

const version = async (name) => JSON.parse(await readFile(path.join(root, 'node_modules', name, 'package.json'), 'utf8')).version;

async function measure(context) {
  const names = values.only.length > 0 ? values.only : Object.keys(SECTIONS);
  const result = {
    date: new Date().toISOString(),
    machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, loadBefore: os.loadavg()[0] },
    browser: await browserName(),
    peers: {
      'onnxruntime-web': await version('onnxruntime-web'),
      tfjs: await version('@tensorflow/tfjs-backend-wasm'),
    },
    agreement: context.agreement,
    sections: {},
  };
  if (result.machine.loadBefore > 0.5) console.log(`bench: the machine is busy (load ${result.machine.loadBefore.toFixed(1)}): only the ratios mean something`);
  for (const name of names) {
    const began = performance.now();
    console.log(`${name} ...`);
    const measured = await SECTIONS[name].run({ ...context, progress: (text) => console.log(`  ${name}: ${text}`) });
    const seconds = Math.round((performance.now() - began) / 1000);
    if (measured.skipped) console.log(`  ${name}: SKIPPED: ${measured.skipped}`);
    else console.log(`  ${name}: ${seconds} s`);
    result.sections[name] = { ...measured, seconds };
  }
  result.machine.loadAfter = os.loadavg()[0];
  result.targets = judge(result.sections);
  const whole = values.only.length === 0 && !values.quick;
  const out = path.resolve(values.out ?? path.join(root, whole ? 'docs' : 'target', 'bench.json'));
  await mkdir(path.dirname(out), { recursive: true });
  await writeFile(out, `${JSON.stringify(result, null, 2)}\n`);
  const table = markdown(result);
  console.log(`\n${table}\n\nwritten to ${path.relative(process.cwd(), out)}`);
  if (whole && !values.out) await writeTable(path.join(root, 'docs', 'benchmarks.md'), table);
}

const materials = await prepare().catch((error) => fail(error.message));
// However it ends, Ctrl-C included.
process.on('exit', () => rmSync(materials.folder, { recursive: true, force: true }));
const server = await serveMounts(materials.mounts);
try {
  const context = {
    ...materials,
    url: server.url,
    open: (options) => openPage(server.url, options),
    quick: values.quick,
    rounds: Number(values.rounds ?? (values.quick ? 3 : 11)),
    // A sample lasts at least `least` ms; before the first, `warmMs` for the optimizing compiler.
    warmth: { warmMs: values.quick ? 300 : 800, least: 120 },
    agreement: {},
  };
  context.expected = await expectations(context, NETWORKS);
  if (values.check) await check(context);
  else await measure(context);
} catch (error) {
  console.error(`bench: ${error.stack}`);
  process.exitCode = 1;
} finally {
  server.close();
}
