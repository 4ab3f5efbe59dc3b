/**
 * Owns the workers: starts the CPU engine first, WebGPU where it is wanted, checks the one against the other, replaces
 * what dies, and brings a chunk of files through whatever happens.
 */
import { EngineWorker, RequestFailed } from './client.ts';
import { chooseEngine, probeAdapter, wantsWebGpu } from './engine-choice.ts';
import type { Adapter, Choice, EnginePreference, Speed, WebGpuState } from './engine-choice.ts';
import type { EngineId, FileOut, Problem } from './messages.ts';
import { readSources } from './files.ts';
import type { ReadFiles, Source } from './files.ts';
import { strings } from './strings.ts';
import type { MethodInfo, ModelInfo, Phantom, Prediction, SizePolicy } from './wasm.ts';

export type CpuState =
  | { phase: 'loading'; loaded: number; total: number }
  | { phase: 'ready' }
  | { phase: 'failed'; problem: Problem };

export interface Outcome {
  file: FileOut;
  /** Which engine answered, as it is shown and exported. */
  engine: string;
}

interface Live {
  worker: EngineWorker;
  method: MethodInfo;
  model: ModelInfo;
}

/** How many patches the speed comparison classifies: enough that a GPU's fixed cost a batch does not decide. */
const MEASURED_PATCHES = 32;

/** Workers may die one after the other without one answer between them; beyond this the run pauses and says so. */
const DEATHS_IN_A_ROW = 12;

/** The CPU engine cannot be started, or keeps dying: the run pauses, nothing is lost. */
export class EngineUnavailable extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof RequestFailed) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'engine-stopped', message, hint: strings.engine.reloadHint };
}

export class Engines {
  preference: EnginePreference = 'automatic';
  adapter: Adapter = { kind: 'asking' };
  cpu: CpuState = { phase: 'loading', loaded: 0, total: 0 };
  webgpu: WebGpuState;
  method: MethodInfo | undefined;
  model: ModelInfo | undefined;
  /** Workers replaced after they died, for the note on the page. */
  replaced = 0;

  private cpuLive: Promise<Live> | undefined;
  private gpuLive: Live | undefined;
  private gpuStarting = false;
  private reference: Promise<Prediction[]> | undefined;
  private deaths = 0;
  private readonly changed: () => void;

  constructor(webgpuIsBuilt: boolean, changed: () => void) {
    this.webgpu = { phase: webgpuIsBuilt ? 'idle' : 'not-built' };
    this.changed = changed;
  }

  get choice(): Choice {
    return chooseEngine(this.preference, this.adapter, this.webgpu);
  }

  /** The WebGPU engine's own name, while it is ready. */
  get gpuEngine(): string | undefined {
    return this.gpuLive?.model.engine;
  }

  /** CPU first; the adapter is asked for meanwhile, and WebGPU is loaded only after the CPU is ready. */
  async start(): Promise<void> {
    const adapter = probeAdapter();
    await this.cpuReady().catch(() => undefined);
    this.adapter = await adapter;
    this.changed();
    await this.considerWebGpu();
  }

  prefer(preference: EnginePreference): void {
    this.preference = preference;
    // Choosing WebGPU again after it failed is a request to try again.
    if (preference === 'webgpu' && this.webgpu.phase === 'failed') this.webgpu = { phase: 'idle' };
    this.changed();
    void this.considerWebGpu();
  }

  /** After a failed start: a new attempt. */
  async retryCpu(): Promise<void> {
    this.deaths = 0;
    await this.cpuReady().catch(() => undefined);
    await this.considerWebGpu();
  }

  /** The engine that a chunk given now would run on. */
  active(): EngineId {
    return this.choice.engine === 'webgpu' && this.gpuLive?.worker.alive ? 'webgpu' : 'cpu';
  }

  async phantoms(seed: number, count: number): Promise<Phantom[]> {
    const { worker } = await this.cpuReady();
    return (await worker.ask({ kind: 'phantoms', seed, count })).phantoms;
  }

  /**
   * Classifies a chunk. Where the worker dies or its engine fails, the chunk goes once more to a fresh CPU worker; where
   * that dies too it is halved until the file that does it stands alone, and only that file is set aside.
   */
  async classify(sources: Source[], first: Promise<ReadFiles>, policy: SizePolicy, signal: AbortSignal): Promise<Outcome[]> {
    const live = this.active() === 'webgpu' && this.gpuLive ? this.gpuLive : await this.cpuReady();
    try {
      return await this.attempt(live, await first, policy, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.lost(live, error);
      return this.recover(sources, policy, signal);
    }
  }

  private async recover(sources: Source[], policy: SizePolicy, signal: AbortSignal): Promise<Outcome[]> {
    const live = await this.cpuReady();
    try {
      return await this.attempt(live, await readSources(sources), policy, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.lost(live, error);
      const [only] = sources;
      if (sources.length === 1 && only) {
        const { message } = problemOf(error);
        return [{ file: { key: only.key, ok: false, problem: strings.engine.setAside(message) }, engine: live.model.engine }];
      }
      const half = Math.ceil(sources.length / 2);
      return [
        ...(await this.recover(sources.slice(0, half), policy, signal)),
        ...(await this.recover(sources.slice(half), policy, signal)),
      ];
    }
  }

  private async attempt(live: Live, read: ReadFiles, policy: SizePolicy, signal: AbortSignal): Promise<Outcome[]> {
    const engine = this.label(live);
    const transfer = read.files.map(({ bytes }) => bytes);
    const { files } = await live.worker.ask({ kind: 'classify', files: read.files, policy }, { signal, transfer });
    this.deaths = 0;
    return [...read.unreadable, ...files].map((file) => ({ file, engine }));
  }

  private label({ worker, model }: Live): string {
    const named = worker.engine === 'webgpu' && 'name' in this.adapter ? `, ${this.adapter.name}` : '';
    return model.engine + named;
  }

  /** Takes a worker out of service after an error of its own. */
  private lost(live: Live, error: unknown): void {
    live.worker.terminate(problemOf(error).message);
  }

  /** The running CPU worker, or a new one. */
  private cpuReady(): Promise<Live> {
    this.cpuLive ??= this.startCpu();
    return this.cpuLive;
  }

  private async startCpu(): Promise<Live> {
    if (this.deaths >= DEATHS_IN_A_ROW) {
      const problem = strings.engine.keepsStopping;
      this.cpuFailed(problem);
      throw new EngineUnavailable(problem);
    }
    this.cpu = { phase: 'loading', loaded: 0, total: 0 };
    this.changed();
    let started = false;
    const worker = new EngineWorker('cpu', () => {
      if (!started) return;
      // Replaced at once, also when idle, so that the next file does not wait for a start.
      this.deaths += 1;
      this.replaced += 1;
      this.cpuLive = undefined;
      this.cpuReady().catch(() => undefined);
    });
    try {
      const { method, model } = await worker.start((loaded, total) => {
        this.cpu = { phase: 'loading', loaded, total };
        this.changed();
      });
      this.method = method;
      this.model = model;
      this.cpu = { phase: 'ready' };
      started = true;
      this.changed();
      return { worker, method, model };
    } catch (error) {
      worker.terminate(problemOf(error).message);
      const problem = problemOf(error);
      this.cpuFailed(problem);
      throw new EngineUnavailable(problem);
    }
  }

  private cpuFailed(problem: Problem): void {
    this.cpuLive = undefined;
    this.cpu = { phase: 'failed', problem };
    this.changed();
  }

  private async considerWebGpu(): Promise<void> {
    if (this.webgpu.phase !== 'idle' || this.gpuStarting || this.cpu.phase !== 'ready') return;
    if (!wantsWebGpu(this.preference, this.adapter)) return;
    this.gpuStarting = true;
    try {
      await this.startWebGpu();
    } finally {
      this.gpuStarting = false;
    }
  }

  private async startWebGpu(): Promise<void> {
    this.setWebGpu({ phase: 'loading', loaded: 0, total: 0 });
    const worker = new EngineWorker('webgpu', (reason) => {
      if (this.gpuLive?.worker === worker) this.failWebGpu({ code: 'engine-stopped', message: reason, hint: '' });
    });
    try {
      const { method, model } = await worker.start((loaded, total) => this.setWebGpu({ phase: 'loading', loaded, total }));
      this.setWebGpu({ phase: 'checking' });
      const { check } = await worker.ask({ kind: 'check', reference: await this.cpuReference() });
      if (!check.ok) throw new RequestFailed(strings.engine.mismatch(check));
      const speed = this.adapter.kind === 'hardware' ? await this.compareSpeed(worker) : undefined;
      this.gpuLive = { worker, method, model };
      this.setWebGpu({ phase: 'ready', check, speed });
    } catch (error) {
      worker.terminate(problemOf(error).message);
      this.failWebGpu(problemOf(error));
    }
  }

  /** What the CPU answers to the known inputs: the reference that WebGPU must meet. */
  private cpuReference(): Promise<Prediction[]> {
    this.reference ??= this.cpuReady()
      .then(({ worker }) => worker.ask({ kind: 'known-answer' }))
      .then(({ predictions }) => predictions);
    this.reference.catch(() => (this.reference = undefined));
    return this.reference;
  }

  private async compareSpeed(webgpu: EngineWorker): Promise<Speed> {
    const ask = { kind: 'measure', patches: MEASURED_PATCHES } as const;
    const onGpu = await webgpu.ask(ask);
    const onCpu = await (await this.cpuReady()).worker.ask(ask);
    return { cpu: onCpu.millisecondsPerPatch, webgpu: onGpu.millisecondsPerPatch };
  }

  private failWebGpu(problem: Problem): void {
    this.gpuLive = undefined;
    this.setWebGpu({ phase: 'failed', problem });
  }

  private setWebGpu(state: WebGpuState): void {
    this.webgpu = state;
    this.changed();
  }
}
