/**
 * Which engine should run, and why, in words the page shows. Pure, but for the one question to `navigator.gpu`.
 *
 * The rule: the CPU is always there first. WebGPU is taken by itself only on a hardware adapter, only after its answers
 * agreed with the CPU's, and only where it is the faster one. A software adapter (SwiftShader, lavapipe) is about a
 * hundred times slower than the CPU module, so it runs only when a person asks for it.
 */
import type { EngineId, Speed } from '../../shared/engine-messages.ts';
import type { Problem } from '../../shared/problem.ts';
import type { KnownAnswerCheck } from '../../shared/wasm/engine-wasm.ts';
import { completeInfo } from '../../shared/adapter-info.ts';
import { strings } from '../../strings/strings.ts';

export type EnginePreference = 'automatic' | 'cpu' | 'webgpu' | 'reference';

export type Adapter =
  | { kind: 'asking' }
  /** The browser has no WebGPU, or not on an insecure address. */
  | { kind: 'no-webgpu' }
  /** WebGPU is there, but gives no adapter. */
  | { kind: 'none' }
  | { kind: 'software'; name: string }
  | { kind: 'hardware'; name: string };

export type WebGpuState =
  | { phase: 'not-built' }
  /** The server is still building it. */
  | { phase: 'coming' }
  | { phase: 'idle' }
  | { phase: 'loading'; loaded: number; total: number }
  | { phase: 'checking' }
  | { phase: 'ready'; check: KnownAnswerCheck; speed: Speed | undefined }
  | { phase: 'failed'; problem: Problem };

export interface Choice {
  engine: EngineId;
  why: string;
  /** The user asked for WebGPU and does not have it: worth a warning, not only a note. */
  fellBack: boolean;
}

/** Most patches in one batch: what a step may cost in memory, and on a software adapter in time. */
export const LARGEST_BATCH = { cpu: 128, software: 4, hardware: 128 };

/**
 * The batches that are checked, and so compiled, before WebGPU is used. A shader is made for a kind of shape, not for
 * each size: one patch, few and many have shaders of their own. On a software adapter "many" would cost seconds.
 */
export const CHECKED_BATCHES = { software: [2, 1], hardware: [2, 1, 32, LARGEST_BATCH.hardware] };

/** Names under which software rasterisers present themselves, in any of the fields of GPUAdapterInfo. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software|\bwarp\b|fallback|\bcpu\b/i;

export async function probeAdapter(): Promise<Adapter> {
  // Not in the type: the property is missing in browsers without WebGPU and on insecure addresses.
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) return { kind: 'no-webgpu' };
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter) await completeInfo(adapter);
  } catch {
    adapter = null;
  }
  if (!adapter) return { kind: 'none' };
  const { info } = adapter;
  const parts = [info.vendor, info.architecture, info.device, info.description];
  // Older Chromium has the flag on the adapter, newer on its info.
  const flagged = info.isFallbackAdapter || (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  const name = adapterName(info);
  return { kind: flagged || parts.some((part) => SOFTWARE.test(part)) ? 'software' : 'hardware', name };
}

/** Browsers mask most fields; say what is there, and never an empty name. */
function adapterName({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  if (description) return description;
  return [vendor, architecture, device].filter(Boolean).join(' ') || strings.engine.unnamedAdapter;
}

/** Whether the WebGPU module should be loaded now. */
export function wantsWebGpu(preference: EnginePreference, adapter: Adapter): boolean {
  if (preference === 'cpu' || preference === 'reference') return false;
  if (preference === 'automatic') return adapter.kind === 'hardware';
  return adapter.kind === 'hardware' || adapter.kind === 'software';
}

export function chooseEngine(preference: EnginePreference, adapter: Adapter, webgpu: WebGpuState): Choice {
  const why = strings.why;
  if (preference === 'cpu') return { engine: 'cpu', why: why.chosenCpu, fellBack: false };
  if (preference === 'reference') return { engine: 'cpu', why: why.chosenReference, fellBack: false };

  const asked = preference === 'webgpu';
  const cpu = (reason: string, fellBack = asked): Choice => ({ engine: 'cpu', why: reason, fellBack });
  if (webgpu.phase === 'not-built') return cpu(why.notBuilt);
  if (webgpu.phase === 'coming') return cpu(why.coming);
  switch (adapter.kind) {
    case 'asking':
      return cpu(why.asking, false);
    case 'no-webgpu':
      return cpu(why.noWebGpu);
    case 'none':
      return cpu(why.noAdapter);
    case 'software':
      if (!asked) return cpu(why.software(adapter.name));
      break;
    case 'hardware':
      break;
  }
  switch (webgpu.phase) {
    case 'idle':
      return cpu(why.asking, false);
    case 'loading':
      return cpu(why.loading(adapter.name, webgpu.loaded, webgpu.total), false);
    case 'checking':
      return cpu(why.checking(adapter.name), false);
    case 'failed':
      return cpu(why.failed(webgpu.problem), true);
    case 'ready': {
      const { check, speed } = webgpu;
      if (!asked && speed && speed.webgpu >= speed.cpu) return cpu(why.slower(adapter.name, speed), false);
      const reason = asked ? why.chosenWebGpu(check) : why.automaticWebGpu(check, speed);
      return { engine: 'webgpu', why: reason, fellBack: false };
    }
  }
}
