/** The network in the browser against the independent numbers of tests/reference (NumPy, double precision). */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, open, test } from './helpers.ts';
import { dist, root } from './fixtures.ts';

interface Golden {
  shipped: { weights_sha256: string; files: string[]; logits: [number, number][] };
}
const golden = (JSON.parse(readFileSync(path.join(root, 'tests', 'golden', 'paper.json'), 'utf8')) as Golden).shipped;
const pictures = (): Buffer[] => golden.files.map((file) => readFileSync(path.join(root, 'tests', 'fixtures', 'phantoms', file)));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

// The same tolerance as natively (tests/golden.rs).
const TOLERANCE = 1e-4;

for (const [module, count] of [['cpu', golden.files.length], ['webgpu', 2]] as const) {
  test(`the ${module} module gives NumPy's logits`, async ({ page, site }) => {
    test.skip(!existsSync(path.join(dist, 'pkg', module, 'nodulens_bg.wasm')), `this build has no ${module} module`);
    test.setTimeout(600_000);
    await open(page, site.url);
    const logits = await page.evaluate(
      async ([folder, files]) => {
        const base = new URL(`./pkg/${folder}/`, location.href);
        const wasm = await import(new URL('nodulens.js', base).href);
        await wasm.default({ module_or_path: new URL('nodulens_bg.wasm', base) });
        const weights = await (await fetch('./models/paper.nodulens')).arrayBuffer();
        const classifier = await wasm.Classifier.load(new Uint8Array(weights));
        const patches = files.map((file) => [...wasm.decodePatch(new Uint8Array(file), 'refuse').values]);
        const predictions = await classifier.classify(new Float32Array(patches.flat()));
        return predictions.map((prediction: { logits: [number, number] }) => prediction.logits) as [number, number][];
      },
      [module, pictures().slice(0, count).map((picture) => [...picture])] as const,
    );
    expect(logits).toHaveLength(count);
    const worst = Math.max(...logits.flatMap((pair, i) => pair.map((logit, j) => Math.abs(logit - (golden.logits[i]?.[j] ?? NaN)))));
    console.log(`    ${module} against NumPy, ${count} patches: worst difference in a logit ${worst.toExponential(2)} (tolerance ${TOLERANCE})`);
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  });
}

test('the golden numbers belong to the weights that ship', () => {
  expect(sha256(readFileSync(path.join(dist, 'models', 'paper.nodulens')))).toBe(golden.weights_sha256);
});

test('a phantom made in the browser is the one made natively, to the byte', async ({ page, site }) => {
  await open(page, site.url);
  const made = await page.evaluate(async (count) => {
    const base = new URL('./pkg/cpu/', location.href);
    const wasm = await import(new URL('nodulens.js', base).href);
    await wasm.default({ module_or_path: new URL('nodulens_bg.wasm', base) });
    return wasm.makePhantoms(1, count).map((phantom: { png: Uint8Array }) => [...phantom.png]) as number[][];
  }, golden.files.length);
  expect(made.map((png) => sha256(Uint8Array.from(png)))).toEqual(pictures().map(sha256));
});
