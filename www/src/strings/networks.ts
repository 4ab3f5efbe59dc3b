/** The words of the networks: their names and what they cost. */
import { bytes, count, ended } from '../ui/numbers.ts';
import { weights } from './own-weights.ts';
import type { ModelInfo, NetworkInfo } from '../shared/wasm/engine-wasm.ts';

/** 61759616 -> "61.8 million". */
const inWords = new Intl.NumberFormat('en', { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 3 });

const NETWORKS: Record<string, { name: string; short: string; about: string }> = {
  context: { name: 'Context (Nodulens)', short: 'Context', about: 'Ours: like Compact, and it looks at what lies around a patch, where that is known: in scans, slices and larger pictures.' },
  compact: { name: 'Compact (Nodulens)', short: 'Compact', about: 'Ours: small and quick. A patch that is turned by quarters or mirrored gets the same answer.' },
  paper: { name: 'The paper’s network', short: 'Paper', about: 'The published design, layer for layer: larger and slower.' },
};
/** In plain words; a network that this page does not know goes by its own title or name. */
export const networkName = (network: string, title = network): string => NETWORKS[network]?.name ?? title;
/** For a narrow column. */
export const networkShort = (network: string): string => NETWORKS[network]?.short ?? network;

/** Of what has answered: the user's own goes by its title. */
export const modelName = ({ network, own }: ModelInfo): string => own ?? networkName(network);
export const modelShort = ({ network, own }: ModelInfo): string => (own === undefined ? networkShort(network) : weights.short);

export const network = {
  about: (network: string) => NETWORKS[network]?.about ?? '',
  size: (size: string) => `${size} of weights`,
  cost: ({ macsPerPatch, parameters }: NetworkInfo) =>
    [`${inWords.format(macsPerPatch)} multiply-adds a patch`, `${inWords.format(parameters)} parameters`],
  inUse: 'In use',
  nowInUse: (name: string) => `${name} is in use now.`,
  loading: (loaded: number, total: number) => `Loading${loaded === 0 ? '' : total ? `, ${bytes(loaded)} of ${bytes(total)}` : `, ${bytes(loaded)}`}…`,
  notLoaded: (name: string, current: string, reason: string) => `${name} cannot be used: ${ended(reason)} ${current} stays in use; nothing is lost.`,
  tryAgain: 'Choose it once more to try again.',
  unknown: (asked: string, current: string) => `This page has no network named “${asked}”, which its address asks for. ${current} is used.`,
  another: 'Another network was chosen.',
  by: 'by',
  runAgain: (n: number, name: string) => `${n === 1 ? 'One result is' : `${count(n)} results are`} by another network: run ${n === 1 ? 'it' : 'them'} again with ${/^The /.test(name) ? `t${name.slice(1)}` : name}`,
};
