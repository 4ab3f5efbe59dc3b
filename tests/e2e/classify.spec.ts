/** Files in, numbers out: against the native build, in every format, with every refusal. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { choose, expect, json, nativeFor, open, settled, test, worstDifference } from './helpers.ts';
import { format, out, patches, PATCHES } from './fixtures.ts';

test('the CPU gives the native numbers', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, patches());
  await settled(page, PATCHES);
  const { results } = await json(page);
  expect(results).toHaveLength(PATCHES);
  const worst = worstDifference(results);
  console.log(`    CPU against native, ${PATCHES} patches: worst difference ${worst.toExponential(2)}`);
  expect(worst).toBeLessThan(1e-4);
  for (const row of results) expect(row.file_sha256).toBe(nativeFor(row.file_name).sha256);
  await expect(page.locator('#rows tr')).toHaveCount(PATCHES);
});

test('one file is shown large, with probability, decision and threshold', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, patches().slice(0, 1));
  await settled(page, 1);
  await expect(page.locator('#detail-picture')).toBeVisible();
  const { results } = await json(page);
  const shown = await page.locator('#detail .big-number').innerText();
  const probability = results[0]?.probability ?? NaN;
  if (!/[<>]/.test(shown)) expect(parseFloat(shown)).toBeCloseTo(probability * 100, 1);
  await expect(page.locator('#detail .headline-decision')).toHaveText(results[0]?.decision === 'nodule' ? 'Nodule' : 'No nodule');
  await expect(page.locator('#detail .tick-label')).toContainText(((results[0]?.threshold ?? NaN) * 100).toFixed(1));
  // What is drawn is the patch, a canvas pixel for each pixel.
  const drawn = await page.locator('#detail-picture').evaluate((canvas: HTMLCanvasElement) => [canvas.width, canvas.height]);
  expect(drawn[0]).toBe(drawn[1]);
});

test('every format is read, and gives the native numbers', async ({ page, site }) => {
  const names = ['grey8.png', 'grey16.png', 'rgb.png', 'grey8.tiff', 'grey16.tiff', 'grey8.bmp', 'grey8.jpg'];
  await open(page, site.url);
  await choose(page, names.map(format));
  await settled(page, names.length);
  const { results } = await json(page);
  expect(results.map(({ status }) => status)).toEqual(names.map(() => 'done'));
  const worst = worstDifference(results);
  console.log(`    formats against native: worst difference ${worst.toExponential(2)}`);
  expect(worst).toBeLessThan(1e-4);
});

/** A 24-bit BMP, red above and blue below: colour that cannot be mistaken for grey. */
function tintedBmp(side: number): Buffer {
  const row = Math.ceil((side * 3) / 4) * 4;
  const bmp = Buffer.alloc(54 + row * side);
  bmp.write('BM');
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(side, 18);
  bmp.writeInt32LE(side, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  for (let y = 0; y < side; y += 1) for (let x = 0; x < side; x += 1) bmp[54 + y * row + x * 3 + (y < side / 2 ? 0 : 2)] = 200;
  return bmp;
}

test('a tinted image is classified with a note that says what was done', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, [{ name: 'tinted.bmp', mimeType: 'image/bmp', buffer: tintedBmp(50) }]);
  await settled(page, 1);
  const { results } = await json(page);
  expect(results[0]?.status).toBe('done');
  expect(results[0]?.notes.join(' ')).toMatch(/colour/i);
  await expect(page.locator('#detail .facts')).toContainText(results[0]?.notes[0] ?? '?');
});

test('a bad file is refused with its reason and the others complete', async ({ page, site }) => {
  await open(page, site.url);
  const [first = '', second = ''] = patches();
  await choose(page, [first, format('text.png'), format('small-20.png'), format('large-512.png'), second]);
  await settled(page, 5);
  const { results } = await json(page);
  expect(results.map(({ status }) => status)).toEqual(['done', 'refused', 'refused', 'refused', 'done']);
  for (const row of results.filter(({ status }) => status === 'refused')) {
    expect(row.error).toEqual(nativeFor(row.file_name).error);
    expect(row.error?.hint).not.toBe('');
  }
  expect(results[2]?.error?.code).toBe('too-small');
  expect(results[3]?.error?.code).toBe('not-patch-size');
  await page.locator('#rows .row-name', { hasText: 'text.png' }).click();
  await expect(page.locator('#detail .problem')).toContainText(results[1]?.error?.message ?? '?', { ignoreCase: true });
  await expect(page.locator('#detail .problem')).toContainText(results[1]?.error?.hint ?? '?');
});

test('an empty file, a file of another kind and a foreign image are refused one by one', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, [
    { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) },
    { name: 'table.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') },
    { name: 'cut.png', mimeType: 'image/png', buffer: readFileSync(format('grey8.png')).subarray(0, 60) },
  ]);
  await settled(page, 3);
  const { results } = await json(page);
  expect(results.map(({ status }) => status)).toEqual(['refused', 'refused', 'refused']);
  expect(results[0]?.error?.code).toBe('empty-file');
});

test('the size policy: refused first, its centre on request', async ({ page, site }) => {
  await open(page, site.url);
  await choose(page, [format('large-512.png')]);
  await settled(page, 1);
  await expect(page.locator('#detail .problem')).toBeVisible();
  await page.locator('#crop-again').click();
  await expect(page.locator('#crop-again')).toBeHidden();
  await settled(page, 1);
  await expect(page.locator('input[name=size][value=center-crop]')).toBeChecked();
  let { results } = await json(page);
  expect(results[0]?.status).toBe('done');
  expect(results[0]?.notes.join(' ')).toContain('512');
  // Chosen beforehand it holds for what comes; smaller ones stay refused.
  await choose(page, [format('large-512.png'), format('small-20.png')]);
  await settled(page, 3);
  ({ results } = await json(page));
  expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'refused']);
  expect(results[0]?.probability).toBe(results[1]?.probability);
});

test('a folder: images are taken, other files are passed over and counted', async ({ page, site }) => {
  await open(page, site.url);
  await page.setInputFiles('#input-folder', path.join(out, 'folder'));
  await settled(page, 2);
  const { results } = await json(page);
  expect(results.map(({ file_name }) => file_name)).toEqual(['folder/a.png', 'folder/inner/b.png']);
  await expect(page.locator('#notices')).toContainText('2 files of the folder passed over');
  await expect(page.locator('#notices')).toContainText('.csv');
});

for (const [kind, target] of [['drop', 'window'], ['paste', 'document']] as const) {
  test(`${kind} brings files in`, async ({ page, site }) => {
    await open(page, site.url);
    const bytes = [...readFileSync(patches()[0] ?? '')];
    await page.evaluate(
      ([kindOf, content]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(content as number[])], 'image.png', { type: 'image/png' }));
        if (kindOf === 'drop') document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
        else document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
      },
      [kind, bytes] as const,
    );
    await settled(page, 1);
    const { results } = await json(page);
    expect(results[0]?.status, target).toBe('done');
    expect(results[0]?.file_name).toBe(kind === 'drop' ? 'image.png' : 'pasted-1.png');
  });
}

test('a folder dropped together with a file, by a real drag', async ({ page, site }) => {
  await open(page, site.url);
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [path.join(out, 'folder'), format('text.png')], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver'] as const) await client.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
  await expect(page.locator('#veil')).toBeVisible();
  await client.send('Input.dispatchDragEvent', { type: 'drop', x: 300, y: 300, data });
  await settled(page, 3);
  await expect(page.locator('#veil')).toBeHidden();
  const { results } = await json(page);
  expect(results.map(({ file_name, status }) => `${file_name} ${status}`)).toEqual(['text.png refused', 'folder/a.png done', 'folder/inner/b.png done']);
  await expect(page.locator('#notices')).toContainText('2 files of the folder passed over');
});

test('synthetic examples need no file and say what they are', async ({ page, site }) => {
  await open(page, site.url);
  await page.locator('#try-examples').click();
  await settled(page, 8);
  await expect(page.locator('#rows .badge')).toHaveCount(8);
  await expect(page.locator('#detail .badge')).toHaveText('synthetic');
  const { results } = await json(page);
  expect(new Set(results.map(({ synthetic }) => synthetic))).toEqual(new Set(['nodule', 'no nodule']));
});
