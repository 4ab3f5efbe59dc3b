/** WebGPU beside the CPU engine: found, started, checked against it before it is used and while it is, given up where it fails. */
import { RequestFailed, WorkerDied } from '../../shared/channel/worker-errors.ts';
import type { Speed } from '../../shared/engine-messages.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Prediction } from '../../shared/wasm/engine-wasm.ts';
import { strings } from '../../strings/strings.ts';
import { workerFaults } from '../../strings/workers.ts';
import { named } from '../assets/model-list.ts';
import type { OfferedModel } from '../assets/model-list.ts';
import { PartComing, isPart } from '../assets/parts.ts';
import { CHECKED_BATCHES, probeAdapter, wantsWebGpu } from './choose-engine.ts';
import type { Adapter, EnginePreference, WebGpuState } from './choose-engine.ts';
import { EngineWorker } from './engine-client.ts';
import { problemOf } from '../shell/problem-of.ts';
import type { Live } from './engine-states.ts';

/** How many patches the speed comparison classifies: enough that a GPU's fixed cost a batch does not decide. */
const MEASURED_PATCHES = 32;

/** Of which sizes it is asked again while it works: compiled already, and quick. */
const RECHECKED_BATCHES = [2];

export class WebGpu {
  adapter: Adapter = { kind: 'asking' };
  state: WebGpuState = { phase: isPart('webgpu') ? 'idle' : 'not-built' };
  /** While it is ready. */
  live: Live | undefined;
  private starting: EngineWorker | undefined;
  private reference: Promise<Prediction[]> | undefined;
  /** Found to compute wrong numbers, while anybody may still hold answers of theirs. */
  private readonly distrusted = new WeakSet<EngineWorker>();
  private readonly cpu: () => Promise<Live>;
  private readonly changed: () => void;

  /** `cpu`: the engine that it must agree with. */
  constructor(cpu: () => Promise<Live>, changed: () => void) {
    this.cpu = cpu;
    this.changed = changed;
  }

  async probe(): Promise<void> {
    this.adapter = await probeAdapter();
  }

  /** Choosing an engine is a request to look for what was still being built; choosing WebGPU, to try again what failed. */
  lookAgain(preference: EnginePreference): void {
    const { phase } = this.state;
    if (phase === 'coming' || (phase === 'failed' && preference === 'webgpu')) this.state = { phase: 'idle' };
  }

  /** Starts it where it is wanted, with the network that the CPU computes with. */
  async consider(preference: EnginePreference, network: OfferedModel): Promise<void> {
    if (this.state.phase === 'idle' && wantsWebGpu(preference, this.adapter)) await this.start(network);
  }

  /** Another network must pass the check as well, on a fresh worker. */
  forget(): void {
    this.reference = undefined;
    this.live?.worker.retire();
    this.live = undefined;
    const { starting } = this;
    this.starting = undefined;
    starting?.terminate(strings.network.another);
    if (this.state.phase !== 'not-built') this.set({ phase: 'idle' });
  }

  /**
   * Asked the known inputs again: where it no longer gives the CPU's numbers, it is out of use, and what it answered since it
   * was last asked must be computed again. One that has stopped since was not found wrong.
   */
  async verify(worker: EngineWorker): Promise<boolean> {
    if (worker.alive && !this.distrusted.has(worker)) {
      try {
        const { check } = await worker.ask({ kind: 'check', reference: await this.cpuAnswers(), batches: RECHECKED_BATCHES });
        if (!check.ok) {
          this.distrusted.add(worker);
          const inUse = this.live?.worker === worker;
          worker.terminate(strings.engine.mismatch(check).message);
          if (inUse) this.fail(strings.engine.wentWrong(check));
        }
      } catch (error) {
        worker.terminate(problemOf(error).message);
      }
    }
    return !this.distrusted.has(worker);
  }

  private async start(network: OfferedModel): Promise<void> {
    const worker = new EngineWorker('webgpu', (reason) => {
      if (this.live?.worker === worker) this.fail({ code: 'engine-stopped', message: reason, hint: '' });
    });
    this.starting = worker;
    const show = (state: WebGpuState): void => {
      if (this.starting === worker) this.set(state);
    };
    show({ phase: 'loading', loaded: 0, total: 0 });
    try {
      const { model } = await worker.start('webgpu', network.file, (loaded, total) => show({ phase: 'loading', loaded, total }));
      show({ phase: 'checking' });
      const batches = CHECKED_BATCHES[this.adapter.kind === 'hardware' ? 'hardware' : 'software'];
      // A worker that comes back after it was idle must pass it again.
      const { check } = await worker.ask({ kind: 'check', reference: await this.cpuAnswers(), batches }, { state: (answer) => String(answer.check.ok) });
      if (!check.ok) throw new RequestFailed(strings.engine.mismatch(check));
      const speed = this.adapter.kind === 'hardware' ? await this.compareSpeed(worker) : undefined;
      // Another network has been chosen; the check was not about that one.
      if (this.starting !== worker) return worker.terminate(strings.network.another);
      // It may have stopped while the CPU was measured.
      if (!worker.alive) throw new WorkerDied(workerFaults.stopped);
      this.live = { worker, model: named(model, network) };
      show({ phase: 'ready', check, speed });
      this.starting = undefined;
    } catch (error) {
      worker.terminate(problemOf(error).message);
      if (this.starting !== worker) return;
      this.starting = undefined;
      if (error instanceof PartComing) this.set({ phase: 'coming' });
      else this.fail(problemOf(error));
    }
  }

  /** What the CPU answers to the known inputs: the reference that WebGPU must meet. */
  private cpuAnswers(): Promise<Prediction[]> {
    if (this.reference) return this.reference;
    const reference = this.cpu()
      .then(({ worker }) => worker.ask({ kind: 'known-answer' }))
      .then(({ predictions }) => predictions);
    this.reference = reference;
    reference.catch(() => {
      if (this.reference === reference) this.reference = undefined;
    });
    return reference;
  }

  private async compareSpeed(webgpu: EngineWorker): Promise<Speed> {
    const ask = { kind: 'measure', patches: MEASURED_PATCHES, batches: 1 } as const;
    const onGpu = await webgpu.ask(ask);
    const onCpu = await (await this.cpu()).worker.ask(ask);
    return { cpu: onCpu.millisecondsPerPatch, webgpu: onGpu.millisecondsPerPatch };
  }

  private fail(problem: Problem): void {
    this.live = undefined;
    this.set({ phase: 'failed', problem });
  }

  private set(state: WebGpuState): void {
    this.state = state;
    this.changed();
  }
}
