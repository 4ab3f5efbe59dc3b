/** The words of the engines: what runs, why, and what happened to it. */
import { BROWSERS } from './browsers.ts';
import { asSentence, bytes, count, ended } from '../ui/numbers.ts';
import type { Speed } from '../shared/engine-messages.ts';
import type { Problem } from '../shared/problem.ts';
import type { KnownAnswerCheck } from '../shared/wasm/engine-wasm.ts';

const difference = ({ maxDifference, tolerance }: KnownAnswerCheck): string =>
  `largest difference ${maxDifference.toExponential(1)}, allowed ${tolerance.toExponential(1)}`;
const perSecond = (ms: number): string => count(Math.round(1000 / ms));

export const engine = {
  name: { cpu: 'CPU', webgpu: 'WebGPU' },
  loading: (loaded: number, total: number) =>
    `Loading the model${loaded === 0 ? '' : total ? ` (${bytes(loaded)} of ${bytes(total)})` : ` (${bytes(loaded)})`}…`,
  failed: 'The engine did not start.',
  failedNow: 'The engine stopped.',
  unnamedAdapter: 'adapter without a name',
  adapter: 'Adapter',
  notSwitched: ({ message, hint }: Problem): string => `The other CPU engine could not be loaded: ${ended(message)} ${hint} The one in use stays.`,
  threads: (n: number): string => (n === 1 ? 'one thread' : `${n} threads where there is much to do`),
  adapterAsking: 'asking the browser…',
  adapterNoWebGpu: 'this browser offers no WebGPU here',
  adapterNone: 'the browser gives no WebGPU adapter',
  adapterSoftware: (name: string) => `${name} (software)`,
  adapterHardware: (name: string) => `${name} (hardware)`,
  runs: 'Runs on',
  why: 'Why',
  replaced: (n: number) => `A worker stopped and was replaced ${n === 1 ? 'once' : `${n} times`}; the results are complete.`,
  browsers: `${BROWSERS} A managed computer may have WebAssembly turned off; its administrator can allow it.`,
  noWasm: 'This browser has no WebAssembly, or it is turned off.',
  noSimd: 'This browser’s WebAssembly has no SIMD, which the engine computes with.',
  reloadHint: 'Try again; if that does not help, reload the page. Another browser or closing other tabs may help, too.',
  setAside: (reason: string): Problem => ({
    code: 'engine-stopped',
    message: `The engine stopped on this file, twice (${reason}).`,
    hint: 'The file was set aside and the others went on. Save it again as an 8-bit PNG and try that.',
  }),
  keepsStopping: {
    code: 'engine-keeps-stopping',
    message: 'The engine stopped many times in a row.',
    hint: 'Your files are still in the list. Close other tabs to free memory, then try again.',
  } satisfies Problem as Problem,
  wentWrong: (check: KnownAnswerCheck): Problem => ({
    code: 'known-answer-mismatch',
    message: `WebGPU began to compute wrong numbers (${difference(check)}). What it had answered since the last check is computed again.`,
    hint: 'Nothing is lost. A newer browser or graphics driver may mend it.',
  }),
  mismatch: (check: KnownAnswerCheck): Problem => ({
    code: 'known-answer-mismatch',
    message: `WebGPU computes other numbers than the CPU on the known inputs (${difference(check)}).`,
    hint: 'The CPU is used, whose numbers are checked in every test. A newer browser or graphics driver may mend it.',
  }),
};

export const engineWhy = {
  faultIsOn: (fault: string) => `A fault was asked for in this page’s address (${fault}): the engine will fail on purpose, once, and the page must go on.`,
  chosenReference: 'You chose the reference: Burn on the CPU, several times slower. Every other engine must give its numbers.',
  chosenCpu: 'You chose the CPU.',
  notBuilt: 'WebGPU is not part of this build of the page.',
  coming: 'WebGPU is still being built; until then the CPU works. Choose an engine again in a few minutes.',
  asking: 'The CPU starts first; the browser is asked for a graphics card.',
  noWebGpu: 'This browser offers no WebGPU on this page.',
  noAdapter: 'The browser has WebGPU but gives no adapter.',
  software: (name: string) => `The only WebGPU adapter is software (${name}), which is much slower than the CPU engine.`,
  loading: (name: string, loaded: number, total: number) =>
    `WebGPU is loading for ${name}${loaded ? ` (weights ${bytes(loaded)}${total ? ` of ${bytes(total)}` : ''})` : ''}; until then the CPU works.`,
  checking: (name: string) => `WebGPU on ${name} is being checked against the CPU; until then the CPU works.`,
  failed: ({ message }: Problem) => `WebGPU is not used: ${asSentence(message)} The CPU has taken over.`,
  slower: (name: string, { cpu, webgpu }: Speed) =>
    `WebGPU on ${name} agrees with the CPU but is slower here: ${perSecond(webgpu)} against ${perSecond(cpu)} patches/s.`,
  chosenWebGpu: (check: KnownAnswerCheck) => `You chose WebGPU. It agrees with the CPU on the known inputs (${difference(check)}).`,
  automaticWebGpu: (check: KnownAnswerCheck, speed: Speed | undefined) =>
    `A graphics card is there and agrees with the CPU on the known inputs (${difference(check)})${speed ? `; ${perSecond(speed.webgpu)} patches/s against ${perSecond(speed.cpu)} on the CPU` : ''}.`,
};
