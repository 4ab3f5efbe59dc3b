/** The words of the view "Inside the network". */
import { count, percent, plural } from '../ui/numbers.ts';
import type { Head } from '../shared/wasm/engine-wasm.ts';
import type { Step, Unit } from '../shared/wasm/inside-wasm.ts';

const rounded = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
/** 0.4118, −0.0508: as many digits as the sums need to be checked by hand. */
export function figure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return '—';
  const size = Math.abs(value);
  const text = size >= 1000 ? rounded.format(size) : size.toFixed(digits);
  return (value < 0 && /[1-9]/.test(text) ? '−' : '') + text;
}
const shape = (numbers: number[]): string => numbers.join(' × ');
const millions = (value: number): string => (value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : value >= 10_000 ? `${Math.round(value / 1000)} k` : count(value));

const OPERATIONS: Record<Step['operation'], (layer: Step) => string> = {
  surroundings: () => 'What lies around the patch',
  join: () => 'Both, one behind the other',
  sum: () => 'Logits added',
  convolution: ({ kernel }) => `Convolution ${kernel} × ${kernel}, ReLU`,
  'max-pool': () => 'Max pooling 2 × 2',
  mean: () => 'Mean of each map',
  dense: ({ relu }) => (relu ? 'Dense, ReLU' : 'Dense'),
  dropout: () => 'Dropout',
  softmax: () => 'Softmax',
};

const SENTENCES: Record<Step['operation'] | 'input', (layer: Step | undefined, before: number[], names: string[]) => string> = {
  surroundings: () => 'The patch and as much again around it, at half the resolution: each number is the mean of 2 × 2 pixels. Layers of their own look at it.',
  join: (_, __, [own = '', around = '']) => `The features of ${own} and those of ${around} stand behind each other: the patch’s first, then those of its surroundings.`,
  sum: (_, __, [own = '', added = '']) => `What ${own} says of the patch alone, and what ${added} adds for its surroundings: for each class the sum of both.`,
  input: () => 'The patch as the network gets it: one number a pixel, from 0 (black) to 1 (white).',
  convolution: (layer, before) => {
    const side = layer?.kernel ?? 0;
    const edge = layer?.padding ? ' Zeros stand around the map, so it keeps its size.' : ' Nothing is added at the edge, so the map gets smaller.';
    return `Each of its ${count(layer?.output_shape[0] ?? 0)} kernels slides over ${plural(before[0] ?? 1, 'map', 'maps')}: ${side} × ${side} numbers of each map times ${side} × ${side} weights, added up. ReLU then turns what is below zero into zero.${edge}`;
  },
  'max-pool': () => 'Of every 2 × 2 numbers the largest stays. The map gets half as wide and half as high; a small shift of the picture changes little.',
  mean: () => 'Each map becomes one number: its mean.',
  dense: (layer, before) =>
    `Each of its ${count(layer?.output_shape[0] ?? 0)} units takes all ${count(before.reduce((all, one) => all * one, 1))} numbers in front of it, each with a weight of its own, and adds them up.${layer?.relu ? ' ReLU then turns what is below zero into zero.' : ' The two sums are called logits: one for “no nodule”, one for “nodule”.'}`,
  dropout: () => 'It switches units off at random while the network learns. When the network answers, it does nothing.',
  softmax: () => 'It turns the two logits into two probabilities that add up to 1.',
};

/** Where a temperature comes from. A file's may be one that nobody has fitted. */
export type TemperatureOrigin = 'fitted' | 'file' | 'moved';
const TEMPERATURES: Record<TemperatureOrigin, string> = {
  fitted: ', which the weights file carries so that probabilities are neither too bold nor too shy',
  file: ', which stands in the weights file; the file names no data that it was fitted to',
  moved: ', as it was chosen here',
};

const CLASS_NAMES = ['no nodule', 'nodule'];

export const insideText = {
  mapsRole: 'maps to choose from',
  mapRole: 'map to move about in',
  loading: 'The network is being loaded…',
  diagramTitle: 'The network, layer by layer',
  /** `alone`: they are the part of a network that sees a patch alone. */
  diagramNote: (network: string, alone: boolean, layers: number, parameters: number, macs: number): string =>
    `${network}${alone ? ', the part that sees a patch alone' : ''}: ${plural(layers, 'layer', 'layers')}, ${count(parameters)} parameters, ${count(macs)} multiply-adds a patch. Choose a layer.`,
  /** `head`: which part of the network answers, where it has two. */
  about: (name: string, probability: string, head: Head | undefined): string => `It looks at ${name}${head ? `, ${{ patch: 'the patch alone', context: 'with its surroundings' }[head]},` : ''} and says: ${probability} for “nodule”.`,
  input: 'input',
  inputOperation: 'The patch',
  operation: (layer: Step): string => OPERATIONS[layer.operation](layer),
  shape,
  parameters: (n: number): string => (n === 0 ? 'no parameters' : `${millions(n)} parameters`),
  macs: (n: number, all: number): string => (n === 0 ? 'no multiply-adds' : `${millions(n)} multiply-adds, ${percent(n / all)}`),
  place: (i: number, all: number, name: string): string => `Step ${i} of ${all}: ${name}`,
  previous: 'Previous layer',
  next: 'Next layer',
  /** `before`: the layers that it reads. */
  sentence: (layer: Step | undefined, before: { name: string; shape: number[] }[]): string => SENTENCES[layer?.operation ?? 'input'](layer, before[0]?.shape ?? [], before.map(({ name }) => name)),
  answer: (probability: string): string => `The last number: ${probability} for “nodule”.`,
  showLegend: 'Show',
  showMaps: 'Feature maps',
  showKernels: 'Kernels',
  showHistogram: 'Histogram',
  scaleLegend: 'Colours',
  scaleShared: 'One scale for all maps',
  scaleOwn: 'A scale for each map',
  mapsTitle: (name: string): string => (name === 'input' ? 'The patch as numbers' : `What ${name} makes of this patch`),
  mapsHelp: 'Move over a map to see where each number comes from; click or tap to keep the place. With the keyboard: arrow keys go from map to map here, and from number to number in the large map.',
  mapsHelpId: 'inside-maps-help',
  gridLabel: (what: string, channels: number, channel: number): string => `${what}: ${plural(channels, 'map', 'maps')}, number ${channel} is chosen`,
  legend: (low: string, high: string): string => `from ${low} to ${high}`,
  legendOwn: 'each map from its own smallest to its own largest number',
  channel: 'Channel',
  row: 'Row',
  column: 'Column',
  unit: 'Unit',
  classNames: CLASS_NAMES,
  numberTitle: 'One number, and where it comes from',
  patch: 'Patch',
  /** `around`: it is the surroundings; `both`: they count, too. */
  patchField: (rect: { left: number; top: number; right: number; bottom: number }, [width, height]: [number, number], around: boolean, both: boolean): string =>
    `${around ? 'Surroundings' : both ? 'Patch and surroundings' : 'Patch'}: ${rect.right - rect.left === width && rect.bottom - rect.top === height ? 'all of it counts' : `${rect.right - rect.left} × ${rect.bottom - rect.top} pixels count`}`,
  patchPicture: (around: boolean): string => `${around ? 'The surroundings' : 'The patch'}; the part that can change this number is outlined`,
  before: (name: string, channel: number): string => `${name}, channel ${channel}: what is multiplied`,
  beforePicture: (name: string, channel: number): string => `Map ${channel} of ${name}, the layer before; what this number is made from is outlined`,
  own: (name: string, channel: number): string => `${name}, channel ${channel}`,
  ownPicture: (name: string, { channel, y, x }: Unit, value: string): string => `Map ${channel} of ${name}; row ${y}, column ${x} is ${value}`,
  headline: (name: string, { channel, y, x }: Unit, map: boolean, channels: number): string =>
    map ? `${name}, channel ${channel}, row ${y}, column ${x}` : `${name}, unit ${channel}${channels === CLASS_NAMES.length ? ` (“${CLASS_NAMES[channel] ?? ''}”)` : ''}`,
  reaches: (before: string, input: string, around: boolean, both: boolean): string =>
    `It is made from ${before} in the layer before, and ${input} pixels of the ${around ? 'halved surroundings' : 'patch'}${both ? ' and all of the surroundings' : ''} can change it.`,
  inputIs: (hu: string): string => `A pixel of the patch. In a patch cut from a CT scan this grey stands for ${hu} HU.`,
  surroundingsIs: (hu: string): string => `The mean of four pixels around the patch, or in it. In a CT scan this grey stands for ${hu} HU.`,
  joins: (name: string, channel: number, value: string): string => `It is unit ${channel} of ${name}: ${value}.`,
  sums: (names: string[], inputs: string[], value: string): string => `${names.map((name, at) => `${inputs[at] ?? ''} of ${name}`).join(' + ')} = ${value}`,
  inputChannel: 'Input channel',
  strongest: 'the one that counts most',
  channelNumber: (channel: number, total: string): string => `${channel} (adds ${total})`,
  products: (channel: number): string => `Input × weight = product, input channel ${channel}`,
  outside: 'edge',
  outsideNote: '“edge” is a zero that the layer puts around the map.',
  totals: 'What each input channel adds',
  totalsTable: 'The same as a table',
  totalsOne: 'Sum of the products',
  totalsAll: (channels: number): string => `Sum over ${channels} input channels`,
  bias: 'Bias',
  sum: 'Sum',
  afterRelu: 'After ReLU',
  relued: 'ReLU made it zero',
  pooled: 'The largest of these four is kept:',
  mean: (n: number): string => `Mean of ${count(n)} numbers: their sum is`,
  denseTerms: 'The largest products of this unit',
  from: 'From',
  weight: 'Weight',
  value: 'Input',
  product: 'Product',
  others: (n: number): string => `${plural(n, 'other product', 'other products')} together`,
  more: (n: number): string => `Show all ${count(n)}`,
  fewer: 'Show the largest only',
  origin: (name: string, { channel, y, x }: { channel: number; y: number; x: number }, map: boolean): string => (map ? `${name} ${channel}, row ${y}, column ${x}` : `${name} ${channel}`),
  droppedNothing: (value: string): string => `Dropout does nothing when the network answers: ${value} goes in and ${value} comes out.`,
  softmax: (temperature: string, origin: TemperatureOrigin): string => `Each logit is divided by the temperature ${temperature}${TEMPERATURES[origin]}. Then e is raised to it, and each power is divided by the sum of both.`,
  className: 'Class',
  logit: 'Logit',
  scaled: '÷ temperature',
  power: 'e to that',
  shifted: (shift: string): string => `${shift} was taken off both before the power, which changes no share.`,
  probability: 'Share',
  both: 'Both together',
  kernelsTitle: (name: string): string => `The kernels of ${name}`,
  kernelsNone: 'This layer has no kernels: it learns nothing, it only computes.',
  kernelsNote: (rows: number, columns: number, channel: number | undefined, folded: number | undefined): string =>
    `Each picture is one kernel: ${rows} × ${columns} weights${channel === undefined ? '' : ` for input channel ${channel}`}${folded === undefined ? '' : `, in lines of ${folded}`}. Orange adds, blue takes away, white does nothing.`,
  kernelsLabel: (name: string): string => `Kernels of ${name}`,
  histogramTitle: (name: string): string => `How large the numbers of ${name} are`,
  histogramNote: (zeros: string, total: number, mean: string): string => `${zeros} of the ${count(total)} numbers are exactly zero; they are left out of the bars. The mean of all is ${mean}.`,
  histogramPlot: 'Histogram',
  histogramValue: 'How large',
  histogramCount: 'How many',
  share: percent,
  patchesTitle: 'Compare two patches',
  patchesNote: 'The same layer on another patch, with the same colours. The difference is the other patch less this one.',
  patchesWith: 'Compare with',
  patchesNone: 'nothing',
  patchesNodule: 'a synthetic patch with a nodule',
  patchesPlain: 'a synthetic patch without a nodule',
  thisPatch: (name: string, probability: string): string => `This patch, ${name}: ${probability}`,
  otherPatch: (name: string, probability: string): string => `The other, ${name}: ${probability}`,
  patchesOther: (name: string, layer: string): string => `${name} is not seen in the same way, with its surroundings or without, and has no layer ${layer}.`,
  difference: 'Difference: orange where the other is larger, blue where it is smaller',
  networksTitle: 'Compare two networks',
  networksNote: 'Both networks look at the same patch.',
  networksLoad: (name: string, size: string): string => `Load and compare: ${name}, ${size}`,
  networksLinked: (name: string): string => `This link compares with ${name}. Its weights are fetched when you ask for them.`,
  networksUnload: 'Close the comparison',
  networksLoading: (name: string): string => `${name} is being loaded…`,
  networksLayers: 'Layers',
  networksParameters: 'Parameters',
  networksMacs: 'Multiply-adds a patch',
  networksThreshold: 'Called a nodule from',
  networksProbability: 'Probability of a nodule here',
  networksLayer: 'Layer',
  networksTable: 'Both networks in numbers',
  networksMaps: (network: string, layer: string): string => `${network}: maps of ${layer}`,
};
