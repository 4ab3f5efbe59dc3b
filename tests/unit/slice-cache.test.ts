/** Slices on their way to the screen: always for what is wanted now. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SliceCache } from '../../www/src/page/scan/slice-cache.ts';
import type { Hu } from '../../www/src/shared/wasm/loader-wasm.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
};

/** Answers when it is told to. */
class Loader {
  readonly asked: string[] = [];
  private answers: ((slice: Hu | Error) => void)[] = [];
  readonly fetch = (plane: string, index: number): Promise<Hu> => {
    this.asked.push(`${plane}/${index}`);
    return new Promise((resolve, reject) => this.answers.push((slice) => (slice instanceof Error ? reject(slice) : resolve(slice))));
  };
  async answer(slice: Hu | Error = new Int16Array(4) as Hu): Promise<void> {
    this.answers.shift()?.(slice);
    await settle();
  }
}

test('one at a time; whoever scrolls on gets the slice where the wheel stands, not those between', async () => {
  const loader = new Loader();
  const slices = new SliceCache(loader.fetch, () => undefined, () => undefined);
  slices.want('axial', 10, 40);
  slices.want('axial', 11, 40);
  slices.want('axial', 20, 40);
  await loader.answer();
  assert.deepEqual(loader.asked, ['axial/10', 'axial/20']);
  assert.ok(slices.get('axial', 10));
  assert.equal(slices.get('axial', 20), undefined);
});

test('then its neighbours, ahead in the direction of scrolling, within the scan', async () => {
  const loader = new Loader();
  const slices = new SliceCache(loader.fetch, () => undefined, () => undefined);
  slices.want('axial', 3, 40);
  slices.want('axial', 2, 40);
  for (let i = 0; i < 9; i += 1) await loader.answer();
  assert.deepEqual(loader.asked, ['axial/3', 'axial/2', 'axial/1', 'axial/0']);
});

test('a slice that cannot be read is told once and not asked for again', async () => {
  const loader = new Loader();
  const told: unknown[] = [];
  const slices = new SliceCache(loader.fetch, () => undefined, (error) => told.push(error));
  slices.want('axial', 5, 6);
  await loader.answer(new Error('broken'));
  slices.want('axial', 5, 6);
  await loader.answer();
  assert.equal(told.length, 1);
  assert.equal(loader.asked.filter((each) => each === 'axial/5').length, 1);
});

test('a slice that cannot be read says why, and its neighbours are fetched all the same', async () => {
  const loader = new Loader();
  const slices = new SliceCache(loader.fetch, () => undefined, () => undefined);
  slices.want('axial', 5, 7);
  await loader.answer(new Error('the slice is damaged'));
  await loader.answer();
  assert.equal(slices.problem('axial', 5), 'the slice is damaged');
  assert.equal(slices.problem('axial', 6), undefined);
  assert.ok(slices.get('axial', 6));
});

test('what was closed hears of nothing any more', async () => {
  const loader = new Loader();
  let heard = 0;
  const slices = new SliceCache(loader.fetch, () => (heard += 1), () => (heard += 1));
  slices.want('axial', 1, 2);
  slices.close();
  await loader.answer(new Error('its worker ended'));
  assert.equal(heard, 0);
  assert.equal(slices.get('axial', 1), undefined);
});

test('kept up to a bound in bytes; what was used longest ago goes first', async () => {
  const loader = new Loader();
  const slices = new SliceCache(loader.fetch, () => undefined, () => undefined);
  const large = (): Hu => new Int16Array(10 * 1024 * 1024) as Hu;
  slices.want('coronal', 0, 1);
  await loader.answer(large());
  slices.want('sagittal', 0, 1);
  await loader.answer(large());
  slices.get('coronal', 0);
  for (let index = 0; index < 2; index += 1) {
    slices.want('axial', index, 1 + index);
    await loader.answer(large());
    await loader.answer(large());
  }
  assert.ok(slices.get('coronal', 0));
  assert.equal(slices.get('sagittal', 0), undefined);
});
