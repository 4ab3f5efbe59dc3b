// The short form for CI: all engines say the same, and what a CPU start loads fits its budget. Times nothing.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { mustAgree, oneThread, twoThreads, webgpu } from './engines.mjs';
import { NETWORKS, exists, root } from './materials.mjs';
import { WEBGPU_FLAGS } from './pages.mjs';
import { CPU_START_BUDGET } from './sections/start.mjs';

async function engines(context, options, listed, batches) {
  const page = await context.open(options);
  try {
    for (const [engine, model, given] of listed) {
      const name = `${engine} ${model}`;
      await page.call('make', name, given);
      for (const batch of batches(model)) await mustAgree(context, page, { name, engine, model, batch });
    }
  } finally {
    await page.close();
  }
}

const listed = (make) => NETWORKS.flatMap((model) => Object.entries(make(model)).map(([engine, options]) => [engine, model, options]));

/** Fails where an engine differs or the budget is exceeded. */
export async function check(context) {
  // 1, an odd number, and a whole batch and more.
  await engines(context, {}, listed((model) => oneThread(context, model)), (model) => [1, 7, 33, ...(model === 'compact' ? ['slice'] : [])]);
  for (const one of listed(twoThreads)) await engines(context, { place: 'two threads' }, [one], () => [1, 7]);
  if (context.packages.webgpu) {
    const ours = listed(webgpu).filter(([, , { maker }]) => maker === 'ours');
    await engines(context, { place: 'WebGPU', flags: WEBGPU_FLAGS }, ours, () => [1]);
  }
  if (!context.packages.reference) console.log('check: www/pkg/lab is not built, so burn-flex was not compared');
  if (!context.packages.webgpu) console.log('check: www/pkg/webgpu is not built, so WebGPU was not compared');
  for (const [what, apart] of Object.entries(context.agreement)) console.log(`check: ${what}: within ${apart.toExponential(1)}`);
  const list = path.join(root, 'dist', 'sizes.json');
  if (!(await exists(list))) throw new Error('dist/ is not built, so its size cannot be checked: npm run build');
  const { cpuStart: { brotli } } = JSON.parse(await readFile(list, 'utf8'));
  const text = `code and weights of a CPU start: ${brotli.toLocaleString('en-US')} bytes after brotli; the budget is ${CPU_START_BUDGET.toLocaleString('en-US')}`;
  if (brotli > CPU_START_BUDGET) throw new Error(text);
  console.log(`check: ${text}`);
}
