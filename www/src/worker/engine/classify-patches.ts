/** Files of patches: decoded, then classified together. */
import type { FileIn, FileOut } from '../../shared/engine-messages.ts';
import { problemFrom } from '../../shared/problem.ts';
import type { NodulensModule, SizePolicy } from '../../shared/wasm/engine-wasm.ts';
import { engineFaults } from '../../strings/workers.ts';
import { isTrap } from '../in-turn.ts';
import { predict } from './engine.ts';
import type { Engine } from './engine.ts';

/**
 * Decodes every file, then classifies those that decoded in one batch.
 * A file that cannot be decoded is answered with its own problem and never stops the others.
 */
export async function classify({ wasm, classifier }: Engine, files: FileIn[], policy: SizePolicy): Promise<FileOut[]> {
  const outcomes: FileOut[] = [];
  const decoded: { key: number; milliseconds: number; patch: ReturnType<NodulensModule['decodePatch']> }[] = [];
  for (const { key, bytes } of files) {
    const before = performance.now();
    try {
      const patch = wasm.decodePatch(new Uint8Array(bytes), policy);
      decoded.push({ key, patch, milliseconds: performance.now() - before });
    } catch (error) {
      if (isTrap(error)) throw error;
      outcomes.push({ key, ok: false, problem: problemFrom(error) });
    }
  }
  if (decoded.length === 0) return outcomes;

  const size = decoded[0]?.patch.values.length ?? 0;
  const values = new Float32Array(size * decoded.length);
  decoded.forEach(({ patch }, index) => values.set(patch.values, index * size));
  const before = performance.now();
  const predictions = await predict(classifier, values);
  const share = (performance.now() - before) / decoded.length;
  decoded.forEach(({ key, patch: { values: _, ...patch }, milliseconds }, index) => {
    const prediction = predictions[index];
    if (!prediction) throw new Error(engineFaults.fewer);
    outcomes.push({ key, ok: true, patch, prediction, milliseconds: milliseconds + share });
  });
  return outcomes;
}
