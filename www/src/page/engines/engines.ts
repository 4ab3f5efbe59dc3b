/**
 * Owns the CPU's workers: starts the engine, replaces what dies, changes the network, lets WebGPU (webgpu-engine.ts) begin
 * once the CPU works, and brings a chunk of files through whatever happens.
 */
import { WorkerDied } from '../../shared/channel/worker-errors.ts';
import { EngineWorker } from './engine-client.ts';
import { chooseEngine } from './choose-engine.ts';
import { classifyChunk } from './classify-chunk.ts';
import type { Adapter, Choice, EnginePreference, WebGpuState } from './choose-engine.ts';
import { EngineUnavailable } from './engine-states.ts';
import { problemOf } from '../shell/problem-of.ts';
import type { CpuState, Live, Outcome, Switching } from './engine-states.ts';
import type { Answer, EngineFolder, EngineId } from '../../shared/engine-messages.ts';
import type { Problem } from '../../shared/problem.ts';
import { RecentDeaths } from './recent-deaths.ts';
import { WebGpu } from './webgpu-engine.ts';
import { fetchModels, named } from '../assets/model-list.ts';
import type { OfferedModel } from '../assets/model-list.ts';
import type { ReadFiles, Source } from '../intake/arrivals.ts';
import { strings } from '../../strings/strings.ts';
import type { MethodInfo, ModelInfo, NetworkInfo, Phantom, SizePolicy } from '../../shared/wasm/engine-wasm.ts';

export class Engines {
  preference: EnginePreference = 'automatic';
  cpu: CpuState = { phase: 'loading', loaded: 0, total: 0 };
  method: MethodInfo | undefined;
  /** What the loaded weights file says of itself. */
  model: ModelInfo | undefined;
  /** Workers that the CPU engine has for much work. */
  threads = 1;
  /** What each network costs, loaded or not. */
  networks: NetworkInfo[] = [];
  /** What can be chosen. */
  models: OfferedModel[] = [];
  /** The one in use; before the first start, the one that is loading. */
  current: OfferedModel | undefined;
  switching: Switching | undefined;
  /** The last choice, where it could not be loaded. */
  notLoaded: { model: OfferedModel; problem: Problem } | undefined;
  /** Why the last choice of another CPU engine came to nothing. */
  notSwitched: Problem | undefined;
  /** Workers replaced after they died, for the note on the page. */
  replaced = 0;

  private cpuFolder: EngineFolder = 'cpu';
  private cpuLive: Promise<Live> | undefined;
  /** The worker of `cpuLive`, starting or ready; any other CPU worker is on its way in or out. */
  private cpuWorker: EngineWorker | undefined;
  private switchWorker: EngineWorker | undefined;
  /** The last change of the network or of the engine, whatever came of it. */
  private switched: Promise<void> = Promise.resolve();
  private readonly gpu: WebGpu;
  /** Beyond a few within a short time, without an answer between them, the run pauses and says so. */
  private readonly deaths = new RecentDeaths();
  private readonly askedFor: string | undefined;
  private readonly preferred: string | undefined;
  private readonly changed: () => void;

  /**
   * The network to begin with is the one that the address asks for, or the one that was remembered, where there is one of that
   * name; otherwise the first.
   */
  constructor(askedFor: string | undefined, preferred: string | undefined, changed: () => void) {
    this.askedFor = askedFor;
    this.preferred = preferred;
    this.changed = changed;
    this.gpu = new WebGpu(() => this.cpuReady(), changed);
  }

  get adapter(): Adapter {
    return this.gpu.adapter;
  }

  get webgpu(): WebGpuState {
    return this.gpu.state;
  }

  /** A name in the address that is not the name of a network here. */
  get unknownModel(): string | undefined {
    return this.models.length > 0 && !this.models.some(({ id }) => id === this.askedFor) ? this.askedFor : undefined;
  }

  get choice(): Choice {
    return chooseEngine(this.preference, this.adapter, this.webgpu);
  }

  /** The WebGPU engine's own name, while it is ready. */
  get gpuEngine(): string | undefined {
    return this.gpu.live?.model.engine;
  }

  /** What `prefer` does, before the first start. */
  begin(preference: EnginePreference): void {
    this.preference = preference;
    this.cpuFolder = preference === 'reference' ? 'reference' : 'cpu';
  }

  /** CPU first; the adapter is asked for at the same time, and WebGPU is loaded only after the CPU is ready. */
  async start(): Promise<void> {
    const found = this.gpu.probe();
    await this.cpuReady().catch(() => undefined);
    await found;
    this.changed();
    await this.considerWebGpu();
  }

  prefer(preference: EnginePreference): void {
    this.preference = preference;
    this.notSwitched = undefined;
    const folder = preference === 'reference' ? 'reference' : 'cpu';
    if (folder !== this.cpuFolder) {
      this.cpuFolder = folder;
      this.switchWorker?.terminate(strings.network.another);
      const model = this.switching?.model ?? this.current;
      this.endSwitch(undefined);
      // The engine in use works until the other one is there, as with another network.
      if (model) void (this.model && this.cpu.phase !== 'failed' ? this.switchTo(model) : this.startWith(model));
      return;
    }
    this.gpu.lookAgain(preference);
    this.changed();
    void this.considerWebGpu();
  }

  /** After a failed start: a new attempt. */
  async retryCpu(): Promise<void> {
    this.deaths.clear();
    await this.cpuReady().catch(() => undefined);
    await this.considerWebGpu();
  }

  /**
   * Changes the network. The one in use works until the other is there, and stays where that cannot be loaded; then
   * `notLoaded` says why.
   */
  async use(id: string): Promise<void> {
    const model = this.models.find((offered) => offered.id === id);
    if (!model || model === (this.switching?.model ?? this.current)) return;
    this.switchWorker?.terminate(strings.network.another);
    this.endSwitch(undefined);
    if (model === this.current) return;
    if (this.model && this.cpu.phase !== 'failed') await this.switchTo(model);
    else await this.startWith(model);
  }

  /** Another choice from now on. */
  offer(model: OfferedModel): void {
    this.models = [...this.models, model];
    this.changed();
  }

  /** It is no longer a choice; it is not the one in use. */
  withdraw(model: OfferedModel): void {
    this.models = this.models.filter((offered) => offered !== model);
    this.changed();
  }

  /** Without the user's weights. Workers that have them in their memory end at once. */
  async forgetOwn(): Promise<void> {
    const shipped = this.models.filter(({ own }) => !own);
    if (shipped.length === this.models.length) return;
    const inUse = this.current?.own !== undefined;
    this.models = shipped;
    if (this.switching?.model.own || inUse) {
      this.switchWorker?.terminate(strings.network.another);
      this.endSwitch(undefined);
    }
    if (this.notLoaded?.model.own) this.notLoaded = undefined;
    this.changed();
    if (!inUse) return;
    this.model = undefined;
    this.gpu.live?.worker.terminate(strings.network.another);
    await this.startWith(shipped[0]);
  }

  /** The same network on fresh workers; what runs is still answered. Whether that came about. */
  async renew(): Promise<boolean> {
    const before = this.cpuWorker;
    if (this.switching || !this.current || !this.model || this.cpu.phase === 'failed') return false;
    await this.switchTo(this.current);
    return this.cpuWorker !== before;
  }

  /** What the workers were given is forgotten with them: fresh ones take their place, once a change that is under way is over. */
  async forgetWork(): Promise<void> {
    const before = this.cpuWorker;
    while (this.switching) await this.switched;
    if (before && this.cpuWorker === before) await this.renew();
  }

  /** Nothing works yet, so nothing can be kept. */
  private async startWith(model: OfferedModel | undefined): Promise<void> {
    const before = this.cpuWorker;
    this.deaths.clear();
    this.current = model;
    this.cpuLive = undefined;
    this.gpu.forget();
    const ready = this.cpuReady();
    before?.terminate(strings.network.another);
    await ready.catch(() => undefined);
    await this.considerWebGpu();
  }

  private switchTo(model: OfferedModel): Promise<void> {
    this.switched = this.change(model);
    return this.switched;
  }

  private async change(model: OfferedModel): Promise<void> {
    const worker = this.newCpuWorker();
    this.switchWorker = worker;
    const show = (loaded: number, total: number): void => {
      if (this.switchWorker !== worker) return;
      this.switching = { model, loaded, total };
      this.changed();
    };
    show(0, 0);
    let answer: Answer<'start'>;
    try {
      answer = await worker.start(this.cpuFolder, model.file, show);
    } catch (error) {
      const problem = problemOf(error);
      worker.terminate(problem.message);
      if (this.switchWorker !== worker) return;
      // What is in use stays, and is what a replacement would be.
      const kept = this.cpuWorker?.folder ?? 'cpu';
      if (kept === this.cpuFolder) return this.endSwitch({ model, problem });
      this.cpuFolder = kept;
      this.preference = kept === 'reference' ? 'reference' : 'automatic';
      this.notSwitched = problem;
      this.endSwitch(undefined);
      await this.considerWebGpu();
      return;
    }
    // Another choice came first.
    if (this.switchWorker !== worker) return worker.terminate(strings.network.another);
    this.endSwitch(undefined);
    const before = this.cpuWorker;
    this.current = model;
    this.deaths.clear();
    this.cpuWorker = worker;
    this.cpuLive = Promise.resolve(this.take(worker, answer));
    // What it works on is still answered, and marked as its answer.
    before?.retire();
    this.gpu.forget();
    await this.considerWebGpu();
  }

  private endSwitch(notLoaded: Engines['notLoaded']): void {
    this.switchWorker = undefined;
    this.switching = undefined;
    this.notLoaded = notLoaded;
    this.changed();
  }

  /** The engine that a chunk given now would run on. */
  active(): EngineId {
    return this.choice.engine === 'webgpu' && this.gpu.live?.worker.alive ? 'webgpu' : 'cpu';
  }

  /**
   * Work that is no file, on the engine in use. Where its worker dies or its engine fails, once more on a fresh CPU
   * worker; an error that the crate gave for the input itself is passed on.
   */
  async work<T>(task: (worker: EngineWorker, model: ModelInfo, engine: string) => Promise<T>): Promise<T> {
    const on = async (live: Live): Promise<T> => {
      const answer = await task(live.worker, live.model, this.label(live));
      this.deaths.clear();
      return answer;
    };
    const live = this.active() === 'webgpu' && this.gpu.live ? this.gpu.live : await this.cpuReady();
    try {
      return await on(live);
    } catch (error) {
      if (!(error instanceof WorkerDied) && live.worker.engine === 'cpu') throw error;
      this.lost(live, error);
      return on(await this.cpuReady());
    }
  }

  /** Whether what this worker has answered can be believed. The CPU is the reference. */
  async verify(worker: EngineWorker): Promise<boolean> {
    return worker.engine === 'cpu' || this.gpu.verify(worker);
  }

  async phantoms(seed: number, count: number): Promise<Phantom[]> {
    const { worker } = await this.cpuReady();
    return (await worker.ask({ kind: 'phantoms', seed, count })).phantoms;
  }

  /** A chunk of patches, through whatever happens to the engine in use. */
  async classify(sources: Source[], first: Promise<ReadFiles>, policy: SizePolicy, signal: AbortSignal): Promise<Outcome[]> {
    const live = this.active() === 'webgpu' && this.gpu.live ? this.gpu.live : await this.cpuReady();
    return classifyChunk({
      first: live,
      cpu: () => this.cpuReady(),
      lost: (lost, error) => this.lost(lost, error),
      ask: async (on, { files, unreadable }) => {
        const transfer = files.map(({ bytes }) => bytes);
        const answer = await on.worker.ask({ kind: 'classify', files, policy }, { signal, transfer });
        this.deaths.clear();
        const engine = this.label(on);
        return [...unreadable, ...answer.files].map((file) => ({ file, engine, model: on.model, worker: on.worker }));
      },
    }, sources, first, signal);
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
    if (this.deaths.tooMany) {
      const problem = strings.engine.keepsStopping;
      this.cpuFailed(problem);
      throw new EngineUnavailable(problem);
    }
    this.cpu = { phase: 'loading', loaded: 0, total: 0 };
    const worker = this.newCpuWorker();
    this.cpuWorker = worker;
    this.changed();
    try {
      const { file } = await this.chosen();
      const answer = await worker.start(this.cpuFolder, file, (loaded, total) => {
        if (this.cpuWorker !== worker) return;
        this.cpu = { phase: 'loading', loaded, total };
        this.changed();
      });
      if (this.cpuWorker !== worker) throw new WorkerDied(strings.network.another);
      return this.take(worker, answer);
    } catch (error) {
      const problem = problemOf(error);
      worker.terminate(problem.message);
      // Another network has been chosen: whoever waits gets that one.
      if (this.cpuWorker !== worker) return this.cpuReady();
      this.cpuFailed(problem);
      throw new EngineUnavailable(problem);
    }
  }

  /** The list of networks is fetched once; an address may name one of them. */
  private async chosen(): Promise<OfferedModel> {
    if (this.current) return this.current;
    const models = await fetchModels();
    this.models = [...models, ...this.models.filter(({ own }) => own)];
    const named = (name: string | undefined): OfferedModel | undefined => models.find(({ id }) => id === name);
    this.current ??= named(this.askedFor ?? this.preferred) ?? models[0];
    this.changed();
    return this.current;
  }

  private newCpuWorker(): EngineWorker {
    const worker = new EngineWorker('cpu', () => {
      // A start that fails is told to whoever asked for it.
      if (this.cpuWorker !== worker || this.cpu.phase !== 'ready') return;
      // Replaced at once, also when idle, so that the next file does not wait for a start.
      this.deaths.add();
      this.replaced += 1;
      this.cpuLive = undefined;
      this.cpuReady().catch(() => undefined);
    });
    return worker;
  }

  /** The worker is ready and is the CPU engine from now on. */
  private take(worker: EngineWorker, { method, networks, model: loaded, threads }: Answer<'start'>): Live {
    const model = named(loaded, this.current);
    this.method = method;
    this.networks = networks;
    this.model = model;
    this.threads = threads;
    this.cpu = { phase: 'ready' };
    this.changed();
    return { worker, model };
  }

  private cpuFailed(problem: Problem): void {
    this.cpuLive = undefined;
    this.cpu = { phase: 'failed', problem };
    this.changed();
  }

  private async considerWebGpu(): Promise<void> {
    if (this.cpu.phase === 'ready' && this.current) await this.gpu.consider(this.preference, this.current);
  }
}
