/** The faults of faults.ts, inside an engine's worker: each is the real thing where a script can bring it about. */
import type { Engine } from './engine.ts';
import type { Fault } from '../../shared/faults.ts';
import { destroyDevices } from './watch-gpu.ts';

/** At once, whatever is being computed. */
export function faultNow(fault: Fault): void {
  if (fault === 'lose-device') destroyDevices();
  if (fault === 'hang') for (;;);
  if (fault === 'wrong-numbers') spoilReadings();
  if (fault === 'refused-work') spoilWork();
}

/** As part of the next piece of work, inside the instance. */
export function faultInTurn(fault: Fault, { wasm }: Engine): void {
  if (fault === 'panic') throw new WebAssembly.RuntimeError('unreachable (asked for by ?fault=)');
  // The instance's memory ends at 4 GiB: copying this into it must fail.
  if (fault === 'out-of-memory') wasm.decodePatch(new Uint8Array(2 ** 32 - 2 ** 20), 'refuse');
}

/** Of GPUBufferUsage. */
const MAP_READ = 1;

/** A driver that returns other numbers than were computed. */
function spoilReadings(): void {
  const { getMappedRange } = GPUBuffer.prototype;
  GPUBuffer.prototype.getMappedRange = function (this: GPUBuffer, ...range: Parameters<typeof getMappedRange>) {
    const memory = getMappedRange.apply(this, range);
    if (this.usage & MAP_READ) new Float32Array(memory).forEach((value, at, all) => (all[at] = value + (at % 2)));
    return memory;
  };
}

/** More work at once than any device takes: it refuses, as it does where memory or a driver fails. */
function spoilWork(): void {
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (this: GPUComputePassEncoder) {
    dispatchWorkgroups.call(this, 2 ** 31);
  };
}
