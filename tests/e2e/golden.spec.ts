/** The networks in the browser against the independent numbers of tests/reference (NumPy, double precision). */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, open, test, withGlue } from './helpers.ts';
import { dist, models, root } from './fixtures.ts';

interface Golden {
  shipped: { weights_sha256: string; files: string[]; logits: [number, number][] };
}
const golden = (id: string): Golden['shipped'] => (JSON.parse(readFileSync(path.join(root, 'tests', 'golden', `${id}.json`), 'utf8')) as Golden).shipped;
const PICTURES = golden('paper').files;
const pictures = (): Buffer[] => PICTURES.map((file) => readFileSync(path.join(root, 'tests', 'fixtures', 'phantoms', file)));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

// The same tolerance as natively (tests/integration/golden.rs).
const TOLERANCE = 1e-4;

const ENGINES = [
  { engine: 'the CPU engine', module: 'cpu', load: 'load', count: PICTURES.length },
  { engine: 'the reference', module: 'lab', load: 'loadReference', count: PICTURES.length },
  { engine: 'WebGPU', module: 'webgpu', load: 'load', count: 2 },
] as const;

for (const { engine, module, load, count } of ENGINES) {
  test(`${engine} gives NumPy's logits, with every network`, async ({ page, site }) => {
    test.skip(module === 'webgpu' && !existsSync(path.join(dist, 'pkg', module, 'nodulens_bg.wasm')), 'this build has no WebGPU module');
    test.setTimeout(600_000);
    await withGlue(page);
    await open(page, site.url);
    const logits = await page.evaluate(
      async ([folder, load, files, weights]) => {
        const base = new URL(`./pkg/${folder}/`, location.href);
        const wasm = await import(new URL('nodulens.js', base).href);
        await wasm.default({ module_or_path: new URL('nodulens_bg.wasm', base) });
        const patches = files.map((file) => [...wasm.decodePatch(new Uint8Array(file), 'refuse').values]);
        const answers: [number, number][][] = [];
        for (const file of weights) {
          const classifier = await wasm.Classifier[load](new Uint8Array(await (await fetch(`./models/${file}`)).arrayBuffer()));
          const predictions = await classifier.classify(new Float32Array(patches.flat()));
          answers.push(predictions.map((prediction: { logits: [number, number] }) => prediction.logits));
        }
        return answers;
      },
      [module, load, pictures().slice(0, count).map((picture) => [...picture]), models().map(({ file }) => file)] as const,
    );
    models().forEach(({ id }, at) => {
      const [ours = [], reference] = [logits[at], golden(id).logits];
      expect(ours).toHaveLength(count);
      const worst = Math.max(...ours.flatMap((pair, i) => pair.map((logit, j) => Math.abs(logit - (reference[i]?.[j] ?? NaN)))));
      console.log(`    ${id}, ${engine} against NumPy, ${count} patches: worst difference in a logit ${worst.toExponential(2)} (tolerance ${TOLERANCE})`);
      expect(worst).toBeLessThanOrEqual(TOLERANCE);
    });
  });
}

test('the golden numbers belong to the weights that ship', () => {
  for (const { id, file } of models()) {
    expect(sha256(readFileSync(path.join(dist, 'models', file))), `${id}: run "make golden"`).toBe(golden(id).weights_sha256);
  }
});

test('a phantom made in the browser is the one made natively, to the byte', async ({ page, site }) => {
  await withGlue(page);
  await open(page, site.url);
  const made = await page.evaluate(async (count) => {
    const base = new URL('./pkg/cpu/', location.href);
    const wasm = await import(new URL('nodulens.js', base).href);
    await wasm.default({ module_or_path: new URL('nodulens_bg.wasm', base) });
    return wasm.makePhantoms(1, count).map((phantom: { png: Uint8Array }) => [...phantom.png]) as number[][];
  }, PICTURES.length);
  expect(made.map((png) => sha256(Uint8Array.from(png)))).toEqual(pictures().map(sha256));
});
