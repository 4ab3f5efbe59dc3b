/** The words of the guided tour. What comes from the paper and what from the network in use is said apart. */
import { count } from '../ui/numbers.ts';
import type { ModelInfo } from '../shared/wasm/engine-wasm.ts';

export interface StepText {
  name: string;
  title: string;
  /** What it is. */
  says: string[];
  /** What the paper says of it. */
  paper: string;
  /** What to do. */
  task: string;
}

export const STEPS = ['nodule', 'window', 'convolution', 'relu', 'pooling', 'dropout', 'softmax', 'roc'] as const;
export type StepName = (typeof STEPS)[number];

const hounsfield = (value: number): string => `${value < 0 ? '−' : ''}${Math.abs(value)} HU`;

export const tourText = {
  steps: {
    nodule: {
      name: 'Nodule',
      title: 'What is a nodule?',
      says: [
        'A pulmonary nodule is a small, roundish lump in the lung. Most are harmless. Some are an early lung cancer, and those are best found early.',
        'In a CT slice a nodule looks like a bright spot. So does a blood vessel that runs through the slice. Telling the two apart is the task.',
      ],
      paper: 'About 95 % of nodules are benign. They seldom cause symptoms and are mostly found by chance. The network gets squares of 50 × 50 pixels, cut around marked places in 888 CT scans (LUNA16).',
      task: 'Look at the pictures first. Which one holds a nodule? Then let the network answer.',
    },
    window: {
      name: 'HU and window',
      title: 'What are HU and a window?',
      says: [
        'A CT scanner measures how much X-ray each spot of the body swallows, in Hounsfield units (HU). Air is −1000, water 0, bone several hundred.',
        'A screen cannot show so many greys. A window chooses which HU are shown: its level is the middle, its width how many HU lie between black and white.',
      ],
      paper: 'It uses grey pictures of 50 × 50 pixels and does not say through which window they were made.',
      task: 'Move the window. The patch changes, and so does the answer: a network only knows the window that it has learnt with.',
    },
    convolution: {
      name: 'Convolution',
      title: 'What is a convolution?',
      says: [
        'A kernel is a small table of weights. It slides over the picture. At each place the numbers under it are multiplied by the weights and added up. The sums make a new picture: a feature map.',
        'A kernel answers strongly where the picture looks like it: at an edge, a spot, a corner. Nobody chose the weights: the network has learnt them.',
      ],
      paper: 'A kernel is called a “feature detector”. The first layer has 32 kernels of 5 × 5, and zeros around the picture keep its size.',
      task: 'Let the kernel slide, or choose a place in the feature map. Every product is written out.',
    },
    relu: {
      name: 'ReLU',
      title: 'What is ReLU?',
      says: [
        'ReLU is the simplest bend there is: what is below zero becomes zero, the rest stays. Without a bend, many layers could do no more than one.',
        'It also makes the numbers sparse: a map speaks only where its feature is.',
      ],
      paper: 'It names ReLU as the bend of a convolutional network: “An important feature of ReLu is sparsity.”',
      task: 'Compare a map before and behind ReLU. Blue is below zero: there the right picture is dark.',
    },
    pooling: {
      name: 'Pooling',
      title: 'What is pooling?',
      says: [
        'Of every 2 × 2 numbers only the largest stays. The map gets half as wide and half as high, and the next layer sees a larger part of the picture.',
        'A small shift of the picture changes little: the largest number is often still the largest.',
      ],
      paper: 'Max pooling of 2 × 2, twice. It makes the maps smaller, “so that over-fitting can be controlled”.',
      task: 'Choose a place in the pooled map and see which of the four won.',
    },
    dropout: {
      name: 'Dropout',
      title: 'What is dropout?',
      says: [
        'While the network learns, some units are switched off at random, each time others. So no unit can rely on one other unit alone. The rest are made stronger by as much as is missing.',
        'When the network answers, all units are on. Here you can switch some off anyway and see how the answer holds.',
      ],
      paper: 'Half of the 512 units of the dense layer are switched off while it learns.',
      task: 'Switch off more and more units. With many units, an answer stands on many legs.',
    },
    softmax: {
      name: 'Softmax',
      title: 'What is softmax?',
      says: [
        'The last layer gives two numbers, called logits: one for “no nodule”, one for “nodule”. Softmax turns them into two shares that add up to 1.',
        'A temperature divides the logits first. A high one makes the answer careful, a low one bold. Which answer is larger stays the same.',
      ],
      paper: 'Softmax is the last of its nine layers and gives “the second classification prediction output”. There is no temperature.',
      task: 'Change the temperature. See how the two shares move apart or together, and which of them stays the larger.',
    },
    roc: {
      name: 'ROC',
      title: 'What is an ROC curve?',
      says: [
        'A probability becomes a yes or no by a threshold. A low threshold finds more nodules and raises more false alarms. A high one does the opposite.',
        'The ROC curve shows all thresholds at once: to the right the false alarms, upwards the nodules that were found. The area under it (AUC) is the chance that a nodule gets a higher number than a place without one.',
      ],
      paper: 'AUC 0.97. At its threshold it finds 80.1 % of the nodules and is right for 97.1 % of the places without one.',
      task: 'Move the threshold along the curve of the network in use.',
    },
  } satisfies Record<StepName, StepText>,
  lead: 'Eight short steps from a CT scan to an answer, each with the network that is in use on this page.',
  nav: 'Steps of the tour',
  heading: (i: number, all: number, title: string): string => `${i} of ${all}. ${title}`,
  fromPaper: 'From the paper',
  fromOurs: 'In this network',
  tryIt: 'Try it',
  previous: '← Back',
  next: (name: string): string => `Next: ${name} →`,
  loading: 'The network is being loaded…',
  patchLegend: 'Patch',
  patchOwn: 'The one in use',
  patchNodule: 'Synthetic, with a nodule',
  patchPlain: 'Synthetic, without',
  answerFor: (name: string, probability: string): string => `${name}: ${probability} for “nodule”`,
  answerLive: (probability: string): string => `${probability} for “nodule”`,

  oursNodule: (network: string, { parameters, macsPerPatch, card: { data } }: ModelInfo): string =>
    `${data ? `${network}: its weights file says that it has learnt from “${data.replace(/\.$/, '')}”.` : `What ${network} has learnt from, its weights file does not say.`} It answers with ${count(parameters)} learnt numbers and ${count(macsPerPatch)} multiplications a patch.`,
  reveal: 'What does the network say?',
  another: 'Other synthetic patches',
  hidden: 'Not asked yet',

  oursWindow: (low: number, high: number): string => `Black is ${hounsfield(low)} and below, white is ${hounsfield(high)} and above: a wide lung window.`,
  level: 'Level',
  width: 'Width',
  hu: hounsfield,
  presetModel: 'The network’s own window',
  presetLung: 'Lung, narrower',
  presetSoft: 'Soft tissue',
  windowEnds: (low: string, high: string): string => `Black up to ${low}, white from ${high}`,
  windowPicture: 'The patch through the chosen window',
  windowNote: 'The patch came through the network’s window. What was cut off there cannot come back.',

  oursConvolution: (layer: string, kernels: number, side: number, padded: boolean): string => `Its first layer, ${layer}, has ${kernels} kernels of ${side} × ${side}. ${padded ? 'Zeros around the picture keep its size.' : 'Nothing is added around the picture, so the map is a little smaller.'}`,
  kernel: 'Kernel',
  slide: 'Let it slide',
  stop: 'Stop',
  conPatch: 'The patch; the kernel’s place is outlined',
  conMap: (channel: number): string => `The feature map of kernel ${channel}`,
  position: 'Place of the kernel',

  oursRelu: (zeros: string): string => `In this map ${zeros} of the numbers are zero behind ReLU.`,
  channel: 'Map',
  reluBefore: 'Before ReLU',
  reluAfter: 'Behind ReLU',
  reluPlace: (before: string, after: string): string => `Here: ${before} → ${after}`,

  oursPooling: (times: number, from: string, to: string): string => `It pools ${times === 1 ? 'once' : times === 2 ? 'twice' : `${times} times`}. The first time ${from} numbers become ${to}.`,
  poolBefore: 'Before pooling: four numbers are outlined',
  poolAfter: 'Behind it: one number',

  oursDropout: (units: number, trained: string): string => `${units} units stand in front of its last layer. ${trained}`,
  dropoutKnown: (share: string): string => `${share} of them were switched off while it learnt.`,
  share: 'Switched off',
  draw: 'Draw others',
  units: (off: number, all: number): string => `${off} of ${all} units are off`,
  drawsTitle: 'Fifty draws',
  drawsX: 'Draw',
  drawsY: 'Probability of a nodule',
  drawsAll: 'With units off',
  drawsNone: 'All on',

  oursSoftmax: (temperature: string, fittedOn: string | undefined): string => `Its weights file carries the temperature ${temperature}. ${fittedOn === undefined ? 'It names no data that this was fitted to, so 0.8 need not be right eight times in ten.' : `It was fitted on “${fittedOn}”: with it, 0.8 is meant to be right about eight times in ten.`}`,
  temperature: 'Temperature',
  fromFile: 'The file’s temperature',

  oursRoc: (part: string, auc: string): string => `AUC ${auc}, measured on “${part}”. That is another test than the paper’s, so the two do not compare one to one.`,
  noRoc: 'This weights file carries no curve.',
  rocTitle: 'ROC curve of the network in use',
  rocX: 'False alarms',
  rocY: 'Nodules found',
  rocCurve: 'All thresholds',
  rocHere: 'This threshold',
  rocChance: 'Guessing',
  threshold: 'Threshold',
  /** `exact`: counted, and not on the line between two kept counts. */
  rocSays: (found: string, alarms: string, exact: boolean): string => `Finds ${exact ? '' : 'about '}${found} of the nodules and raises a false alarm at ${exact ? '' : 'about '}${alarms} of the other places.`,
  rocPatch: (probability: string, called: boolean): string => `This patch has ${probability}: at this threshold it is ${called ? 'called a nodule' : 'not called a nodule'}.`,
  rocFile: 'The file’s threshold',
  rocMore: 'All about the threshold',
};
