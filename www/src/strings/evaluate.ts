/** The words of what is measured: thresholds, probabilities that came true, labelled sets. */
import { count, percent, plural, shortPercent } from '../ui/numbers.ts';
import type { Value } from '../shared/lab/evaluate-tasks.ts';
import type { CardMetrics } from '../shared/wasm/engine-wasm.ts';

const one = (n: number): string => (n === 0 ? '0' : n < 0.05 ? 'less than 0.1' : n < 10 ? n.toFixed(1) : count(Math.round(n)));

export const evaluateText = {
  lead: 'A network gives a probability; a threshold makes a decision of it. Move the threshold, and see what it would have found and missed on the data that the network was measured on. The decisions on this page keep the threshold of the weights file.',
  source: ({ part, n, positives }: CardMetrics, corners: number): string =>
    `From the weights file: measured on ${part}, ${count(n)} patches, ${count(positives)} of them with a nodule (${percent(positives / n)}). The file keeps ${count(corners)} corners of the ROC curve; between two of them counts are estimated, marked ≈.`,
  seenLegend: 'Measured',
  seenAround: 'with the surroundings of each patch',
  seenAlone: 'each patch alone',
  nothingKept: 'This weights file keeps no evaluation, so there is nothing to show: measure it on patches with labels, in “Your labelled set” or with `cargo trainer evaluate`.',
  contradicts: 'The curve in this weights file contradicts its own counts, so nothing is shown.',

  threshold: 'Threshold: call it a nodule from this probability upward',
  thresholdNumber: 'Threshold, between 0 and 1',
  thresholdIs: (value: number): string => `threshold ${percent(value)}`,
  ownThreshold: (value: number): string => `The file’s own: ${value.toFixed(3)}`,

  prevalence: 'Prevalence: share of patches that hold a nodule, where the network is used',
  prevalencePercent: 'Prevalence in percent',
  prevalenceIs: (value: number): string => `${shortPercent(value)} of patches hold a nodule`,
  preset: (value: number): string => shortPercent(value),
  measuredShare: (value: number): string => `As measured: ${shortPercent(value)}`,

  roc: 'ROC curve',
  pr: 'Precision and recall',
  fpr: 'False alarms (1 − specificity)',
  precision: 'Precision',
  chance: 'Chance',
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
  at: (prevalence: number): string => `at ${shortPercent(prevalence)}`,
  span: (low: number, high: number): string => `${count(low)}–${count(high)}`,
  range: (low: string, high: string): string => `${low} to ${high}`,
  exact: '95 % intervals: Wilson’s for shares; PPV and NPV by their log odds (Mercaldo 2007).',
  between: '≈: between two corners of the curve that the file keeps; the column n says between which counts. 95 % intervals: Wilson’s for shares; PPV and NPV by their log odds (Mercaldo 2007).',
  ofThousand: ([tp, fn, fp, tn]: [number, number, number, number], prevalence: number): string =>
    `Of 1,000 patches of which ${shortPercent(prevalence)} hold a nodule: ${one(tp + fn)} nodules, ${one(tp)} found and ${one(fn)} missed; ${one(fp + tn)} others, ${one(fp)} of them false alarms.`,

  setLead: 'Measure the network on patches of your own, on this computer. Choose a folder with the patches and a file labels.csv (name and label in each line, maybe the patient), or a folder with two folders in it: “nodule” and “no nodule”. Dropping such a folder anywhere on this page does the same.',
  setFolder: 'Choose a folder…',
  setFiles: 'Choose patches and labels…',
  setSynthetic: (n: number): string => `Try ${count(n)} synthetic patches`,
  setNothing: 'No labels were found: there must be a labels file beside the patches, or exactly two folders named like the classes (nodule and no nodule, positive and negative, 1 and 0).',
  setNotOpened: 'The view of the labelled set could not be loaded; its patches are classified all the same. Reload the page to try again.',
  setRecognised: (how: 'file' | 'folders', by: string, n: number): string =>
    `${count(n)} patches have labels, ${how === 'file' ? `from ${by}` : `from the folders ${by}`}. They are measured in “Your labelled set”.`,
  setPlain: 'Classify only',
  setUnusable: (file: string, problem: 'empty' | 'binary' | 'one-column' | 'many-columns' | 'no-name' | 'no-label' | 'no-known-label' | 'unreadable' | 'too-large' | 'no-match'): string =>
    `${file} could not be used as a labels file: ${{
      empty: 'it is empty',
      binary: 'it is not text',
      'one-column': 'its lines hold one value only; names and labels must be separated by commas, semicolons or tabs',
      'many-columns': 'a line of it has more than a thousand columns, which is no list of labels',
      'no-name': 'no column of it is called name or file',
      'no-label': 'no column of it is called label or class',
      'no-known-label': 'no label in it is known here; write nodule and no nodule, 1 and 0, or yes and no',
      unreadable: 'the browser could not read it',
      'no-match': 'no name in it is the name of a patch here',
      'too-large': 'it is too large for a list of labels',
    }[problem]}. The patches are classified without labels.`,
  setFrom: (how: 'file' | 'folders' | 'synthetic', by: string): string => (how === 'synthetic' ? 'Synthetic patches, drawn by this page.' : how === 'file' ? `Labels from ${by}.` : `Labels from the folders ${by}.`),
  setRunning: (done: number, total: number): string => `${count(done)} of ${count(total)} patches classified…`,
  setCancel: 'Cancel',
  setGoOn: 'Go on with the rest',
  setCancelled: (rest: number): string => `Cancelled: ${count(rest)} patches have no answer and do not count.`,
  /** `seen`: how, where the network knows two ways. */
  setSummary: (n: number, positives: number, network: string, units: number, seen: string): string =>
    `${count(n)} patches, ${count(positives)} with a nodule${units < n ? `, of ${units === 1 ? 'one patient' : `${count(units)} patients`}` : ''}, answered by ${network}${seen && `, ${seen}`}.`,
  setIntervals: (units: number, n: number): string =>
    units < n ? '95 % intervals by drawing whole patients again, 2,000 times: patches of one patient are alike. Shares of 0 and 100 % have Wilson’s.' : '95 % intervals: Wilson’s for shares, 2,000 drawings of patches for the others. Where several patches are of one patient they are too narrow; a third column in the labels file names the patient.',
  setNoInterval: (patients: boolean): string => `A dash stands where there is no interval: drawings of fewer than 10 ${patients ? 'patients' : 'patches'}, or drawings that are all equal, do not say how sure a figure is.`,
  setCounting: 'The intervals are being computed…',
  setOneClass: (nodule: boolean): string => `All of these patches are labelled “${nodule ? 'nodule' : 'no nodule'}”: without the other class there is no ROC curve and no area under it.`,
  setNone: 'None of the labelled patches has an answer.',
  setMixed: (around: number, alone: number): string =>
    `${plural(around, 'patch was', 'patches were')} seen with surroundings and ${plural(alone, 'patch', 'patches')} alone. Each way has a threshold of its own; here one is taken for all.`,
  setByOthers: (n: number): string => `${count(n)} labelled patches were answered by another network and do not count here; run them again above.`,
  setFailed: (n: number): string => `${count(n)} labelled patches could not be classified and do not count; “Not classified” above says why.`,
  setTwice: (n: number): string => `${count(n)} patches hold the same bytes as another one of this set: they count each time, and the intervals are too narrow.`,
  setClash: (n: number): string => `${count(n)} patches hold the same bytes as one with the other label.`,
  setWithoutLabel: 'Without a label; classified, but not counted',
  setWithoutFile: 'In the labels, but without a patch',
  setUnknown: 'Lines with a label that is not known here',
  setContradictory: 'Labelled in two ways, and so left out',
  setRepeated: 'Listed twice with the same label, counted once',
  setAmbiguous: 'Several patches have this name; write the path',
  setAndMore: (n: number): string => `and ${count(n)} more`,
  setGone: 'The patches of this set were cleared.',
  setFigures: 'Figures',
  setFiguresAt: (threshold: number): string => `Figures at threshold ${Number(threshold.toFixed(4))}`,
  setAuc: 'Area under the ROC curve',
  setAp: 'Average precision',
  setBrier: 'Brier score',
  setEce: 'Calibration error',
  setCsv: 'Patches as CSV',
  setJson: 'Figures as JSON',
  galleryTitle: (cell: 'tp' | 'fn' | 'fp' | 'tn', n: number): string => `${{ tp: 'Nodules found', fn: 'Nodules missed', fp: 'False alarms', tn: 'Rightly passed' }[cell]}: ${count(n)}`,
  galleryNote: (cell: 'tp' | 'fn' | 'fp' | 'tn'): string => `${cell === 'fn' || cell === 'fp' ? 'The worst first' : 'The least sure first'}, with the probability of a nodule. Choose one to look at it in the other views.`,
  galleryMore: (n: number, left: number): string => `Show ${count(n)} more of ${count(left)}`,
  gallerySelect: (name: string, probability: string): string => `${name}, ${probability}: look at it`,
  gallerySelected: (name: string): string => `${name} is looked at now:`,

  reliability: 'Said and come true',
  saidAxis: 'Probability that was given',
  cameTrueAxis: 'Share that held a nodule',
  perfect: 'Perfectly calibrated',
  bins: 'Patches with about this probability',
  notCalibrated: 'This weights file does not say how often its probabilities came true, so a probability of it is no more than a rank: higher is more suspicious.',
  cameTrue: ({ low, high, share }: { low: number; high: number; share: { hits: number; n: number; value: number | null; ci95: [number, number] } }, part: string): string =>
    `Of ${count(share.n)} validation patches${part ? ` (${part})` : ''} with a probability between ${shortPercent(Number(low.toFixed(2)))} and ${shortPercent(Number(high.toFixed(2)))}, ${count(share.hits)} held a nodule: ${percent(share.value ?? 0)} (95 %: ${percent(share.ci95[0])} to ${percent(share.ci95[1])}).`,
  /** PPV at the file's threshold. */
  called: (threshold: number, prevalence: number, { value, ci95 }: Value): string =>
    (value === null ? '' : `Of all that is called a nodule, from ${shortPercent(threshold)} upward, ${percent(value)} would be one there (PPV at ${shortPercent(prevalence)}${ci95 ? `; 95 %: ${percent(ci95[0])} to ${percent(ci95[1])}` : ''}).`),
  shifted: (probability: number, learned: number, prevalence: number, shifted: number): string =>
    `There ${shortPercent(learned)} of the patches held a nodule. Where ${shortPercent(prevalence)} do, the same picture stands for ${percent(shifted)} instead of ${percent(probability)}.`,
  shiftNote: 'By Bayes’ rule on the odds: right where the patches are otherwise alike. The rarer nodules are, the more of what looks like one is none.',
};
