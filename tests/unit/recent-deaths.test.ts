/** Workers that stopped: many within a short time, or now and then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentDeaths } from '../../www/src/page/engines/recent-deaths.ts';

test('a dozen in a row are too many; one every half hour of a day are not', () => {
  let now = 0;
  const deaths = new RecentDeaths(() => now);
  for (let i = 0; i < 48; i += 1) {
    deaths.add();
    now += 30 * 60_000;
    assert.equal(deaths.tooMany, false);
  }
  for (let i = 0; i < 12; i += 1) deaths.add();
  assert.equal(deaths.tooMany, true);
  now += 11 * 60_000;
  assert.equal(deaths.tooMany, false);
});

test('an answer between them begins the count again', () => {
  const deaths = new RecentDeaths(() => 0);
  for (let i = 0; i < 11; i += 1) deaths.add();
  deaths.clear();
  deaths.add();
  assert.equal(deaths.tooMany, false);
});
