// What a run measures, in this order. A section has `run(context)`, `targets(measured)` and `rows(measured)`.
import * as growth from './sections/growth.mjs';
import * as native from './sections/native.mjs';
import * as oneThread from './sections/one-thread.mjs';
import * as slice from './sections/slice.mjs';
import * as start from './sections/start.mjs';
import * as twoThreads from './sections/two-threads.mjs';
import * as webgpu from './sections/webgpu.mjs';

export const SECTIONS = { 'one-thread': oneThread, 'two-threads': twoThreads, slice, webgpu, start, native, growth };
