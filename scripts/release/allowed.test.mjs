// node --test scripts/release
import assert from 'node:assert/strict';
import test from 'node:test';
import { allowed, chosen } from './allowed.mjs';

test('a choice is enough, what holds together must all be allowed', () => {
  for (const good of ['MIT', 'GPL-3.0-only OR MIT', 'MIT/GPL-2.0', '(MIT OR GPL-3.0-only) AND Unicode-3.0', 'Apache-2.0 WITH LLVM-exception']) assert(allowed(good), good);
  for (const bad of ['GPL-3.0-only', 'MIT AND GPL-3.0-only', '(MIT OR Apache-2.0) AND SSPL-1.0', 'Apache-2.0 WITH Other-exception', '', null, undefined]) assert(!allowed(bad), String(bad));
});

test('the shortest terms are taken', () => {
  assert.deepEqual(chosen('Apache-2.0 OR MIT'), ['MIT']);
  assert.deepEqual(chosen('Zlib OR Apache-2.0 OR MIT'), ['MIT']);
  assert.deepEqual(chosen('(MIT OR Apache-2.0) AND Unicode-3.0'), ['MIT', 'Unicode-3.0']);
  assert.deepEqual(chosen('CC0-1.0 OR MIT-0 OR Apache-2.0'), ['Apache-2.0']);
});
