/** The words of what is measured: thresholds, probabilities that came true, labelled sets. */
import { count, percent } from './strings.ts';
import type { CardMetrics } from './wasm.ts';

/** 0.05 -> "5 %", 0.0025 -> "0.25 %". */
const short = (value: number): string => `${Number((value * 100).toPrecision(3))} %`;
const one = (n: number): string => (n < 10 ? n.toFixed(1) : count(Math.round(n)));

export const evaluateText = {
  lead: 'A network gives a probability; a threshold makes a decision of it. Move the threshold, and see what it would have found and missed on the data that the network was measured on. The decisions on this page keep the threshold of the weights file.',
  source: ({ part, n, positives }: CardMetrics, corners: number): string =>
    `From the weights file: measured on ${part}, ${count(n)} patches, ${count(positives)} of them with a nodule (${percent(positives / n)}). The file keeps ${count(corners)} corners of the ROC curve; between two of them counts are estimated, marked ≈.`,
  nothingKept: 'This weights file keeps no evaluation, so there is nothing to show: measure it on patches with labels, in “Your labelled set” or with `cargo trainer evaluate`.',
  contradicts: 'The curve in this weights file contradicts its own counts, so nothing is shown.',

  threshold: 'Threshold: call it a nodule from this probability upward',
  thresholdNumber: 'Threshold, between 0 and 1',
  thresholdIs: (value: number): string => `threshold ${percent(value)}`,
  ownThreshold: (value: number): string => `The file’s own: ${value.toFixed(3)}`,

  prevalence: 'Prevalence: share of patches that hold a nodule, where the network is used',
  prevalencePercent: 'Prevalence in percent',
  prevalenceIs: (value: number): string => `${short(value)} of patches hold a nodule`,
  preset: (value: number): string => short(value),
  measuredShare: (value: number): string => `As measured: ${short(value)}`,

  roc: 'ROC curve',
  pr: 'Precision and recall',
  fpr: 'False alarms (1 − specificity)',
  precision: 'Precision',
  chance: 'Guessing',
  allThresholds: 'Every threshold',
  thisThreshold: 'This threshold',
  ownPoint: 'The file’s threshold',
  rocSummary: (recall: string, fpr: string): string => `At this threshold ${recall} of nodules are found and ${fpr} of the others are called nodules.`,
  prSummary: (recall: string, precision: string): string => `At this threshold ${recall} of nodules are found, and of what is called a nodule ${precision} is one.`,

  matrix: 'Confusion matrix',
  matrixAt: (threshold: number): string => `Confusion matrix at ${Number(threshold.toFixed(4))}`,
  cells: { tp: 'found', fn: 'missed', fp: 'false alarms', tn: 'rightly passed' },
  openCell: (cell: 'tp' | 'fn' | 'fp' | 'tn', n: number): string => `${count(n)} ${{ tp: 'nodules found', fn: 'nodules missed', fp: 'false alarms', tn: 'rightly passed' }[cell]}: show them`,
  rates: 'What follows from it',
  rows: {
    recall: { name: 'Sensitivity (recall)', note: 'of the nodules, those found' },
    specificity: { name: 'Specificity', note: 'of the others, those passed' },
    ppv: { name: 'PPV', note: 'of what is called a nodule, those that are one' },
    npv: { name: 'NPV', note: 'of what is passed, those without a nodule' },
    precision: { name: 'Precision', note: 'PPV at the share in this data' },
    accuracy: { name: 'Accuracy', note: 'decided rightly, in this data' },
    f1: { name: 'F1', note: 'mean of precision and recall' },
  },
  at: (prevalence: number): string => `at ${short(prevalence)}`,
  span: (low: number, high: number): string => `${count(low)}–${count(high)}`,
  range: (low: string, high: string): string => `${low} to ${high}`,
  exact: '95 % intervals: Wilson’s for shares; PPV and NPV by their log odds (Mercaldo 2007).',
  between: '≈: between two corners of the curve that the file keeps; the column n says between which counts. 95 % intervals: Wilson’s for shares; PPV and NPV by their log odds (Mercaldo 2007).',
  ofThousand: ([tp, fn, fp, tn]: [number, number, number, number], prevalence: number): string =>
    `Of 1,000 patches of which ${short(prevalence)} hold a nodule: ${one(tp + fn)} nodules, ${one(tp)} found and ${one(fn)} missed; ${one(fp + tn)} others, ${one(fp)} of them false alarms.`,

  reliability: 'Said and come true',
  saidAxis: 'Probability that was given',
  cameTrueAxis: 'Share that held a nodule',
  perfect: 'Always right',
  bins: 'Patches with about this probability',
  notCalibrated: 'This weights file does not say how often its probabilities came true, so a probability of it is no more than a rank: higher is more suspicious.',
  cameTrue: ({ low, high, share }: { low: number; high: number; share: { hits: number; n: number; value: number | null; ci95: [number, number] } }, part: string): string =>
    `Of ${count(share.n)} validation patches${part ? ` (${part})` : ''} with a probability between ${short(Number(low.toFixed(2)))} and ${short(Number(high.toFixed(2)))}, ${count(share.hits)} held a nodule: ${percent(share.value ?? 0)} (95 %: ${percent(share.ci95[0])} to ${percent(share.ci95[1])}).`,
  shifted: (probability: number, learned: number, prevalence: number, shifted: number): string =>
    `There ${short(learned)} of the patches held a nodule. Where ${short(prevalence)} do, the same picture stands for ${percent(shifted)} instead of ${percent(probability)}.`,
  shiftNote: 'By Bayes’ rule on the odds: right where the patches are otherwise alike. The rarer nodules are, the more of what looks like one is none.',
};
