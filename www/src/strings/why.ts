/** The words of the view "Why this answer". */
import { percent } from '../ui/numbers.ts';
import type { Method } from '../shared/lab/why-tasks.ts';
import type { Head } from '../shared/wasm/engine-wasm.ts';

export const methods: Record<Method, { name: string; can: string; cannot: string; unit: string }> = {
  occlusion: {
    name: 'Occlusion',
    can: 'A square of the patch is covered with the grey of the lung, place after place. Orange: without this place the evidence for a nodule falls.',
    cannot: 'It cannot show two places that stand in for one another: while one is covered, the other still speaks. A square of grey is also something that no scan has.',
    unit: 'evidence lost',
  },
  'class-activation': {
    name: 'Grad-CAM',
    can: 'The feature maps of one layer, added up by how much each counts for the answer. Orange: what the layer saw here speaks for a nodule.',
    cannot: 'It is as coarse as the layer, and shows where that layer answered, not which pixels made it do so. Where a dense layer follows, the mean misleads: weigh place by place.',
    unit: 'weighted activation',
  },
  gradient: {
    name: 'Gradient',
    can: 'How much the evidence would change if this pixel became a little brighter. Orange: brighter would speak for a nodule.',
    cannot: 'It holds for tiny changes only, and is grainy: a pixel can matter much and still have a small gradient.',
    unit: 'evidence per unit of grey',
  },
  'smooth-gradient': {
    name: 'SmoothGrad',
    can: 'The same, averaged over 32 copies of the patch with a little noise. What is left is what many similar patches have in common.',
    cannot: 'The noise makes it smoother, not truer, and how much noise is a matter of choice.',
    unit: 'evidence per unit of grey',
  },
};

export const why = {
  mapsTitle: 'Which pixels counted?',
  mapsLead: 'Four methods, the same patch, the same question: what speaks for a nodule (orange), and what against (blue)? Where they agree, you can begin to believe them.',
  evidence: 'Evidence is what the network adds up before it becomes a probability: 0 is even odds, and each step of 1 multiplies the odds by 2.7.',
  over: 'over the patch',
  shuffle: 'Sanity check: the same with random weights',
  shuffleNote: 'The network’s numbers are shuffled, so that it knows nothing. A method that still draws the same map would show the picture, not what the network has learnt.',
  layer: 'Grad-CAM at',
  weights: 'weighted',
  mean: 'by the mean over the map (Grad-CAM)',
  place: 'place by place (HiResCAM)',
  cannot: 'What it cannot tell: ',
  largest: (value: string, unit: string): string => `Full colour: ${value} ${unit}`,
  alike: (value: number): string => `Likeness to the map of the real network: ${value.toFixed(2)} (1 would be the same map, 0 none).`,
  /** Of the absolute values of a map. */
  outside: (share: number): string => `${percent(share)} of it lies around the patch, which is framed.`,
  framed: 'A layer that looks at the surroundings; the patch is framed.',
  strongest: (name: string, x: number, y: number, positive: boolean): string => `${name}. Strongest at column ${x}, row ${y}, where it speaks ${positive ? 'for' : 'against'} a nodule.`,
  flat: (name: string): string => `${name}. Nothing counts here: the map is the same everywhere.`,
  working: 'Computing …',
  share: (done: number, total: number): string => `${Math.round((100 * done) / total)} %`,
  scaleAgainst: 'against',
  scaleFor: 'for a nodule',
  scale: 'Colours: blue speaks against a nodule, orange for one.',
  /** `head`: which part of the network answers, where it has two. */
  answer: (name: string, network: string, head: Head | undefined): string => `${name}, by ${network}${head ? `, ${{ patch: 'the patch alone', context: 'with its surroundings' }[head]}` : ''}`,

  meaningTitle: 'What has such a number meant?',
  firmTitle: 'How firm is the answer?',
  firmLead: 'Move the frame, turn it, change the window, add noise. An answer that you can rely on should not depend on a pixel or two.',
  stage: 'The patch in its surroundings. Drag the frame; with the keyboard, use the sliders.',
  changed: 'The patch as it is changed',
  right: 'Right',
  down: 'Down',
  turn: 'Turn',
  center: 'Window level',
  width: 'Window width',
  noise: 'Noise',
  pixels: (value: number): string => `${value.toFixed(0)} px`,
  degrees: (value: number): string => `${value.toFixed(0)}°`,
  hu: (value: number): string => `${value.toFixed(0)} HU`,
  reset: 'As it was',
  edge: 'Around this patch nothing is known: beyond its edge the last pixels are repeated. In a scan you can move it anywhere.',
  asPicture: 'A picture has no Hounsfield units: its greys are taken to have come through the network’s own window.',
  moved: (now: string, before: string): string => `${now}, was ${before}`,
  took: (milliseconds: number): string => `${milliseconds < 9.95 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms an update`,
  failed: (message: string): string => `This could not be computed: ${message}`,
};
