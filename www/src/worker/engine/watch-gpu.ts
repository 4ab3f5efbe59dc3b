/**
 * Imported by an engine's worker before the engine: hears of a graphics device that is lost, runs out of memory or
 * refuses what it is told, which the engine itself may only notice by waiting for ever. The worker then says that it is
 * dead, and the page goes on elsewhere. What the engine asks an adapter is there in older browsers, too.
 */
import { completeInfo } from '../../shared/adapter-info.ts';
import { engineFaults } from '../../strings/workers.ts';

type Lost = (reason: string) => void;

const devices: GPUDevice[] = [];

/** `lost` hears the reason in words, at most once a device. */
export function watchDevices(lost: Lost): void {
  const { GPUAdapter: adapter } = globalThis as { GPUAdapter?: typeof GPUAdapter };
  if (!adapter) return;
  const { requestAdapter } = GPU.prototype;
  GPU.prototype.requestAdapter = async function (this: GPU, ...given: Parameters<typeof requestAdapter>) {
    const found = await requestAdapter.apply(this, given);
    if (found) await completeInfo(found);
    return found;
  };
  const { requestDevice } = adapter.prototype;
  adapter.prototype.requestDevice = async function (this: GPUAdapter, ...given: Parameters<typeof requestDevice>) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    void device.lost.then(({ reason, message }) => lost(engineFaults.deviceLost([reason, message].filter(Boolean).join(': '))));
    device.addEventListener('uncapturederror', ({ error }) => lost(engineFaults.deviceRefused(error.message)));
    return device;
  };
}

/** For faults.ts: the devices go, as when a driver restarts. */
export function destroyDevices(): void {
  for (const device of devices) device.destroy();
}
