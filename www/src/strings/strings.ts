/**
 * Every word the page shows, in one place. `html` fills the placeholders of index.html when the page is built; the rest
 * is used at run time. No number of the method stands here: texts that need one take it from the wasm.
 */
import { bytes, count, ended, plural, whole } from '../ui/numbers.ts';
import { lab, labHtml } from './learn.ts';
import { train } from './train.ts';
import { privacy, privacyHtml } from './privacy.ts';
import { weights, weightsHtml } from './own-weights.ts';
import type { Speed } from '../shared/engine-messages.ts';
import type { Problem } from '../shared/problem.ts';
import type { CardCalibration, Decision, KnownAnswerCheck, MethodInfo, ModelInfo, NetworkInfo, PhantomLabel } from '../shared/wasm/engine-wasm.ts';

export { bytes, count, ended };

/** 0.8734 -> "87.3 %"; the ends are not rounded away. */
export function percent(value: number): string {
  if (value > 0 && value < 0.001) return '< 0.1 %';
  if (value < 1 && value > 0.999) return '> 99.9 %';
  return `${(value * 100).toFixed(1)} %`;
}
export const milliseconds = (value: number): string => (value < 9.95 ? `${value.toFixed(1)} ms` : `${count(Math.round(value))} ms`);
/** "50 x 50 pixels", from the wasm's own number. */
export const square = ({ patchSize }: MethodInfo): string => `${patchSize} × ${patchSize}`;
/** As a sentence of its own. A file's name keeps its small letter. */
export function asSentence(text: string): string {
  const sentence = ended(text);
  return /^\S+\.\w/.test(sentence) ? sentence : sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
const difference = ({ maxDifference, tolerance }: KnownAnswerCheck): string =>
  `largest difference ${maxDifference.toExponential(1)}, allowed ${tolerance.toExponential(1)}`;
/** 61759616 -> "61.8 million". */
const inWords = new Intl.NumberFormat('en', { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 3 });
/** Millimetres in the body, LPS. */
const place = (world: readonly [number, number, number]): string => {
  const [x, y, z] = world.map((mm) => mm.toFixed(1).replace('-', '−'));
  return `L ${x}, P ${y}, H ${z} mm`;
};
/** 850 -> "0.9 s", 95,000 -> "1.6 min". */
const time = (ms: number): string => (ms < 90_000 ? `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s` : `${(ms / 60_000).toFixed(1)} min`);
const perSecond = (ms: number): string => count(Math.round(1000 / ms));

const NETWORKS: Record<string, { name: string; short: string; about: string }> = {
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

/** Text of index.html: `{{key}}` there, `key` here. The build fails on a key that is missing or not used. */
export const html = {
  title: 'Nodulens: is there a nodule in this lung CT?',
  description: 'Opens lung CT scans and patches in your own browser, classifies spots and searches slices for nodules. Nothing is uploaded. For research and teaching; not a medical device.',
  skip: 'Skip to the images',
  skipResults: 'Skip to the results',
  name: 'Nodulens',
  noticeDevice: 'For research and teaching. Not a medical device.',
  noticeLocal: 'Your images stay on this computer.',
  noscript: 'Nodulens computes in your browser and needs JavaScript and WebAssembly. Nothing is uploaded, so there is no other way to run it. Please allow scripts for this page.',
  headline: 'Is there a nodule in this lung CT?',
  leadRest: 'A neural network looks at it here, in your browser, and gives the probability of a pulmonary nodule.',
  dropTitle: 'Drop a CT scan or patches here',
  dropHint: 'Scans: DICOM (folder, files or zip), NIfTI, NRRD, MetaImage. Slices and patches: PNG, JPEG, TIFF, BMP. Pasting works too.',
  chooseFiles: 'Choose files…',
  chooseFolder: 'Choose a folder…',
  tryScan: 'Open the example scan',
  tryExamples: 'Try example patches',
  tryHint: 'Nothing at hand? The examples are drawn by this page, not taken from a patient.',
  seriesLabel: 'Series',
  scanClose: 'Close the scan',
  readingWindow: 'It was made with the window',
  readingPixel: 'A pixel measures',
  toolLegend: 'Mouse',
  toolClassify: 'Classify',
  toolWindow: 'Window',
  toolPan: 'Move',
  toolRuler: 'Measure',
  planeLegend: 'Plane',
  planeAxial: 'Axial',
  planeCoronal: 'Coronal',
  planeSagittal: 'Sagittal',
  windowLabel: 'Window',
  fit: 'Whole slice',
  sliceLabel: 'Slice',
  keysTitle: 'Mouse, touch and keys',
  keysHelp: 'Wheel or Page Up and Page Down: slices. Ctrl and wheel, + and −: zoom; 0: whole slice. Right button: window. Middle button or Shift: move. Arrow keys: cross-hair, ten pixels with Shift; Enter: classify there. A, C, S: planes. Touch: one finger scrolls, a tap classifies, two fingers move and zoom.',
  spotTitle: 'Under the click',
  spotEmpty: 'Click a spot of an axial slice: the patch around it is classified.',
  spotPicture: 'The patch as the model sees it',
  findTitle: 'Find',
  scanSlice: 'Scan this slice',
  scanVolume: 'Scan the volume',
  lungsOnly: 'inside the lungs only',
  showLungs: 'lung outline',
  showHeat: 'heat map',
  opacity: 'Opacity',
  findingLeast: 'Show from',
  findingProbability: 'Probability',
  findingSlice: 'Slice',
  findingSize: 'Diameter',
  findingPlace: 'L, P, H in mm',
  findingReport: 'Report',
  findingSr: 'DICOM SR',
  heatPng: 'Heat map',
  headerTitle: 'Header',
  networkLegend: 'Network',
  sizeLegend: 'Images larger than the patch:',
  sizeRefuse: 'refuse',
  sizeCrop: 'take the centre',
  dropNow: 'Drop to classify',
  resultsTitle: 'Results',
  detailTitle: 'Selected patch',
  cancel: 'Cancel',
  resume: 'Run the cancelled ones',
  csv: 'Download CSV',
  json: 'Download JSON',
  clear: 'Clear',
  retry: 'Try again',
  filterLegend: 'Show',
  filterAll: 'All',
  filterNodule: 'Nodule',
  filterNone: 'No nodule',
  filterProblem: 'Not classified',
  caption: 'Classified patches. The buttons in the header row sort.',
  columnPicture: 'Patch',
  columnName: 'Name',
  columnProbability: 'Probability',
  columnDecision: 'Decision',
  columnTime: 'Time',
  columnStatus: 'Status',
  previousPage: 'Previous',
  nextPage: 'Next',
  engineTitle: 'Engine',
  engineLegend: 'Run on',
  engineAutomatic: 'Automatic',
  engineCpu: 'CPU',
  engineGpu: 'WebGPU',
  engineReference: 'CPU, reference',
  aboutTitle: 'What this is, and what it is not',
  doesTitle: 'What it does',
  does1: 'Takes a small greyscale patch cut from an axial slice of a chest CT, centred on the spot in question, or cuts such patches from a scan that you open.',
  does2: 'Gives one probability that the patch shows a pulmonary nodule, and a decision at a fixed threshold.',
  does3: 'Computes on your own processor or graphics card. When the last line of this page says so, it opens without a network, too.',
  doesNotTitle: 'What it cannot do',
  doesNot1: 'Replace a reader: it marks spots that look like nodules to it, misses some, and marks vessels and scars.',
  doesNot2: 'Tell benign from malignant, or say anything about a patient.',
  doesNot3: 'Always notice that an image is no lung CT. For a patch it answers whatever it shows; for a scan it warns where it can.',
  meansTitle: 'What the probability means',
  means1: 'It is how firmly this model, after the data it learned from, takes the patch for one with a nodule. It is not the chance that a person is ill.',
  means2: 'It fits images prepared like its training data. Another window, another scale or a screenshot moves it without warning.',
  deviceTitle: 'Not a medical device',
  device1: 'Nodulens is research and teaching software. It is not certified, and it must not be used for diagnosis, for treatment or to reassure anyone.',
  privacyTitle: 'Nothing is uploaded',
  privacy1: 'The page loads its own program and weights, and then sends nothing: no image, no result, no statistics. Of all that, the browser keeps only the page’s own program and weights, for use without a network; when you close the page, the results are gone, so download them first. “Privacy”, further down, lets you check.',
  withIdentity: 'With the patient’s name and number, as the file has them',
  ...privacyHtml,
  ...labHtml,
  ...weightsHtml,
  cardTitle: 'Model card',
  cardPending: 'The card is read from the weights file, which is still loading.',
  footer: 'Nodulens. Research and teaching software, not a medical device.',
  thirdParty: 'Works of others in this page, and their licences',
} as const;

export const strings = {
  html,
  lead: (method: MethodInfo) => `Give it a scan, or a patch of ${square(method)} pixels.`,
  preparation: ({ windowLowHu, windowHighHu }: MethodInfo) =>
    `Patches should be windowed like the training data: black at ${whole.format(windowLowHu).replace('-', '−')} HU, white at ${whole.format(windowHighHu)} HU.`,
  sizeLegend: (method: MethodInfo) => `Images larger than ${square(method)}:`,
  sizeCrop: (method: MethodInfo) => `take the centre ${square(method)}`,
  sizeNote: 'Smaller ones are always refused. Nothing is ever stretched.',
  version: ({ version, preprocessId }: MethodInfo) => `Version ${version}, preprocessing ${preprocessId}.`,

  intake: {
    noExtension: 'without extension',
    pastedName: (n: number, extension: string) => `pasted-${n}.${extension}`,
    unreadable: {
      code: 'unreadable',
      message: 'The browser could not read this file.',
      hint: 'It may have been moved, renamed or locked since it was chosen. Choose it again.',
    } satisfies Problem as Problem,
    fileTooLarge: (size: number, largest: number): Problem => ({
      code: 'file-too-large',
      message: `The file has ${bytes(size)}; a patch has a few kilobytes.`,
      hint: `Files above ${bytes(largest)} are not opened. Cut the patch out first.`,
    }),
    skipped: (n: number, kinds: string) => `${plural(n, 'file', 'files')} of the folder passed over as not an image: ${kinds}.`,
    nothing: 'Nothing to classify arrived. Drop or choose image files: PNG, JPEG, TIFF or BMP.',
    nothingInFolder: 'No image was found in that folder. Images end in .png, .jpg, .tif or .bmp.',
    nothingPasted: 'The clipboard holds no image. Copy an image or image files, then paste here.',
  },

  fetch: {
    failed: (file: string, why: string) => `${file} could not be loaded (${why}).`,
    noAnswer: 'no answer',
    broke: 'the connection broke',
    damaged: 'it is damaged',
    noModel: 'no model listed',
    serverHint: 'Check that the server of this page still runs, then try again.',
    incompleteHint: 'The page is not complete on its server. Build it again.',
    part: { cpu: 'The CPU engine', loader: 'The loader of scans', lab: 'The part behind “See why, and learn”', reference: 'The reference engine', webgpu: 'WebGPU' },
    coming: (part: string) => `${part} is still being built on the server of this page.`,
    comingHint: 'Try again in a few minutes; everything else works.',
  },

  undo: 'Undo',
  offline: {
    oneFile: 'All of it is in this one file, which asks for nothing.',
    keeping: 'Being kept for use without a network…',
    kept: 'Opens without a network, too.',
    notKept: 'Could not be kept for use without a network; the next visit tries again.',
    notUpdated: 'A new version could not be fetched whole; this one stays.',
    update: 'A new version of Nodulens is ready. Reloading takes it into use and empties this page: download results first.',
    reload: 'Reload now',
    later: 'Later',
    others: (n: number) => `The new version waits: Nodulens is open in ${n === 1 ? 'another tab' : `${n} other tabs`}. Close ${n === 1 ? 'it' : 'them'}, then reload.`,
  },
  scan: {
    opening: (done: number, total: number) => `Opening: ${count(done)} of ${plural(total, 'file', 'files')}…`,
    drawing: (done: number, total: number) => `Drawing the example scan: ${count(done)} of ${plural(total, 'slice', 'slices')}…`,
    cancelled: 'Opening was cancelled.',
    nothing: 'No scan was found in what arrived.',
    failed: (reason: string) => `The scan could not be opened: ${ended(reason)}`,
    lost: (reason: string) => `The loader stopped (${ended(reason)}). The scan has to be opened again; your results are still here.`,
    notShown: (reason: string) => `This could not be read: ${ended(reason)} The rest of the scan is still open.`,
    changed: 'a file of the scan has changed or gone since it was opened',
    setAside: (index: number) => `Slice ${index + 1} was left out: the loader stopped on it twice.`,
    stoppedOn: {
      code: 'loader-stopped',
      message: 'the loader stopped on this file',
      hint: 'It was set aside; the others were opened.',
    },
    problems: (n: number) => `${plural(n, 'file', 'files')} could not be read:`,
    andMore: (n: number) => `and ${count(n)} more.`,
    line: (format: string, [x, y, z]: readonly [number, number, number], [a, b, c]: readonly [number, number, number]) =>
      `${format}, ${x} × ${y} × ${z} voxels of ${a.toFixed(2)} × ${b.toFixed(2)} × ${c.toFixed(2)} mm`,
    synthetic: 'Synthetic: drawn by this page, not taken from a patient.',
    burnedIn: 'The pictures may have text burned in, which may name the patient.',
    sliceOf: (index: number, of: number) => `Slice ${index + 1} / ${of}`,
    levelWidth: ({ center, width }: { center: number; width: number }) => `L ${center}  W ${width}`,
    window: { lung: 'Lung', mediastinum: 'Mediastinum', bone: 'Bone', model: 'The model’s', file: 'The file’s', own: 'Own' },
    presetText: (name: string, { center, width }: { center: number; width: number }) => `${name} (${center} / ${width})`,
    readingModel: 'of the training data',
    unknownHu: (name: string) => `${name} is a picture: its greys are no Hounsfield units until it is known with which window it was made. Answers for it are less certain.`,
    canvas: (plane: string, index: number, total: number) => `${plane} slice ${index + 1} of ${total}`,
    probe: (hu: number | undefined, world: readonly [number, number, number]) =>
      `${hu === undefined ? '' : `${String(Math.round(hu)).replace('-', '−')} HU  ·  `}${place(world)}`,
    millimetres: (mm: number) => `${mm.toFixed(1)} mm`,
    onlyAcquired: 'The networks learnt from slices as they are acquired: go to that plane to classify or scan.',
    classifying: 'Classifying…',
    at: (index: number, world: readonly [number, number, number]) => `Slice ${index + 1}; ${place(world)}`,
    estimate: (slice: number, volume: number, slices: number) => `About ${time(slice)} for the slice, ${time(volume)} for all ${count(slices)} on this computer.`,
    scanningSlice: (done: number, total: number) => `Scanning the slice: ${total === 0 ? '' : `${Math.round((100 * done) / total)} %`}`,
    scanningVolume: (done: number, total: number, left: number | undefined) =>
      `Scanning the volume: ${count(done)} of ${plural(total, 'slice', 'slices')}${left === undefined ? '' : `, about ${time(left)} left`}`,
    done: (n: number, what: string, ms: number) => `${plural(n, 'finding', 'findings')} in ${what}, ${time(ms)}.`,
    slice: (index: number) => `slice ${index + 1}`,
    volume: 'the volume',
    noLung: (index: number) => `No lung was found in slice ${index + 1}. Without “inside the lungs only” the whole slice is scanned.`,
    stopped: (n: number) => `Stopped. ${plural(n, 'finding', 'findings')} so far.`,
    findings: (shown: number, n: number, what: string) => `${shown < n ? `${count(shown)} of ` : ''}${plural(n, 'finding', 'findings')} in ${what}`,
    findingsNote: (threshold: number) => `Places at or above the threshold of ${percent(threshold)}, most probable first. The threshold was chosen among patches, where one in six holds a nodule; in a whole scan most of what is marked is vessels.`,
    findingGo: (n: number) => `Show finding ${n}`,
    unknown: '–',
    header: (n: number, identifying: number) => `${plural(n, 'entry', 'entries')}${identifying > 0 ? `, ${count(identifying)} may identify the patient` : ''}`,
    headerNote: 'Entries marked with ● may tell who the patient is. They stay in this browser and are left out of what is exported, unless you ask for name, number, birth date and sex beside the buttons. One exception: a DICOM SR refers to its images, and so holds their identifiers (UIDs).',
    identifies: 'may identify the patient',
    exported: 'Findings',
  },
  dismiss: 'Dismiss',
  privacy,
  lab,
  train,
  weights,
  network: {
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
  },
  decision: { nodule: 'Nodule', 'no nodule': 'No nodule' } satisfies Record<Decision, string>,
  synthetic: 'synthetic',
  syntheticNote: (label: PhantomLabel, seed: number) =>
    `Synthetic example (seed ${seed}), drawn ${label === 'nodule' ? 'with a nodule' : 'without a nodule'}. Not from a patient.`,
  state: { waiting: 'Waiting', running: 'Running', done: 'Done', refused: 'Refused', stopped: 'Set aside', cancelled: 'Cancelled' },
  none: '–',

  detail: {
    region: 'Selected patch',
    probability: 'Probability of a nodule',
    threshold: (threshold: number) => `threshold ${percent(threshold)}`,
    sentence: (network: string, decision: Decision, threshold: number) =>
      `${network} says “nodule” from ${percent(threshold)} upward; this patch ${decision === 'nodule' ? 'reaches it' : 'stays below'}.`,
    network: 'Network',
    meaning: 'How firmly the model takes this patch for one with a nodule. Not a diagnosis, and not the chance of an illness.',
    picture: (name: string) => `${name}, as the model sees it`,
    asSeen: (method: MethodInfo) => `As the model sees it, ${square(method)} pixels`,
    source: 'Source',
    sourceText: (format: string, width: number, height: number, bitDepth: number, colour: boolean) =>
      `${format}, ${width} × ${height} pixels, ${bitDepth} bit${colour ? ', colour' : ''}`,
    engine: 'Engine',
    time: 'Time',
    timeNote: 'decoding, and this patch’s share of its batch',
    hash: 'SHA-256',
    notes: 'Notes',
    whatToDo: 'What to do',
    previous: 'Previous patch',
    next: 'Next patch',
    waiting: 'This patch waits for its turn.',
    cancelled: 'The run was cancelled before this patch had its turn.',
    empty: 'No row matches the filter.',
  },

  table: {
    notesInRow: (n: number) => plural(n, 'note', 'notes'),
    page: (from: number, to: number, total: number) => `${count(from)}–${count(to)} of ${count(total)}`,
    empty: 'No row to show here.',
  },

  run: {
    preparing: 'Loading the model…',
    progress: (done: number, total: number) => `${count(done)} of ${count(total)}`,
    speed: (rate: number, secondsLeft: number) =>
      `${rate < 9.95 ? rate.toFixed(1) : count(Math.round(rate))} patches/s, ${secondsLeft < 1.5 ? 'about a second' : secondsLeft < 90 ? `about ${Math.round(secondsLeft)} s` : `about ${Math.round(secondsLeft / 60)} min`} left`,
    finished: (nodule: number, noNodule: number, problems: number) =>
      `${plural(nodule + noNodule, 'patch', 'patches')} classified: ${count(nodule)} nodule, ${count(noNodule)} no nodule${problems ? `. ${plural(problems, 'file', 'files')} not classified` : ''}.`,
    cancelled: (kept: number, cancelled: number) =>
      `Cancelled. ${plural(kept, 'result', 'results')} kept, ${plural(cancelled, 'patch', 'patches')} not run.`,
    cleared: (n: number) => `${plural(n, 'row', 'rows')} cleared.`,
    added: (n: number) => `${plural(n, 'image', 'images')} added.`,
    openSlices: (n: number) => (n === 1 ? 'Open it as a slice in the viewer' : `Open the ${count(n)} as slices in the viewer`),
    cropAgain: (n: number, method: MethodInfo) =>
      `${n === 1 ? 'One image was' : `${count(n)} images were`} refused as too large: take ${n === 1 ? 'its' : 'their'} centre ${square(method)}`,
    examplesFailed: 'The examples could not be drawn.',
  },

  engine: {
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
    browsers: 'Chrome or Edge 91, Firefox 89, Safari 16.4, or a newer version of any of them, will do. A managed computer may have WebAssembly turned off; its administrator can allow it.',
    noWasm: 'This browser has no WebAssembly, or it is turned off.',
    noSimd: 'This browser’s WebAssembly has no SIMD, which the engine computes with.',
    reloadHint: 'Try again; if that does not help, reload the page. Another browser or closing other tabs may help, too.',
    setAside: (reason: string): Problem => ({
      code: 'engine-stopped',
      message: `The engine stopped on this file, twice (${reason}).`,
      hint: 'The file was set aside and the others went on. Save it anew as an 8-bit PNG and try that.',
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
  },

  why: {
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
  },

  card: {
    model: 'The model',
    network: 'Network',
    parameters: 'Parameters',
    macs: 'Multiply-adds a patch',
    threshold: 'Threshold',
    temperature: 'Temperature',
    preprocessing: 'Preprocessing',
    weights: 'Weights file',
    modelId: 'Model id',
    intendedUse: 'Intended use',
    limits: 'Limits',
    results: (part: string) => `Figures on the ${part} part`,
    population: (n: number, positives: number) => `${plural(n, 'patch', 'patches')}, ${count(positives)} of them with a nodule.`,
    intervals: 'Intervals are 95 %, by bootstrap over whole patients.',
    intervalsWilson: 'Intervals are 95 %; for shares of counts they are Wilson score intervals.',
    noMetrics: 'These weights carry no figures: they have not been evaluated. Do not read anything into their answers.',
    figure: 'Figure',
    value: 'Value',
    interval: '95 % interval',
    of: 'n',
    rocAuc: 'Area under the ROC curve',
    averagePrecision: 'Average precision',
    recallAtSpecificity: 'Sensitivity at the paper’s specificity',
    group: 'Group',
    byGroup: (name: string) => `By ${name.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase())}`,
    groupNote: 'At the threshold; Wilson score intervals at 95 %.',
    nodulesAndAll: 'Nodules / patches',
    nodulesOf: (positives: number, n: number) => `${count(positives)} / ${count(n)}`,
    calibration: 'Calibration',
    calibrationText: ({ part, temperature, folds }: CardCalibration) =>
      `The logits are divided by a temperature of ${temperature.toFixed(3)}, fitted on the ${part} part. “After” is judged on patients that had no say in it (${folds} folds).`,
    calibrationNote: 'The calibration error is the mean distance of probability and share of nodules over bins of equal width.',
    calibrationError: 'Calibration error',
    brier: 'Brier score',
    logLoss: 'Log loss (nats)',
    before: 'Before',
    after: 'After',
    reproduce: 'How to reproduce',
    recall: 'Sensitivity (recall)',
    specificity: 'Specificity',
    precision: 'Precision',
    accuracy: 'Accuracy',
    f1: 'F1',
    confusion: (threshold: number) => `Decisions at the threshold of ${percent(threshold)}`,
    truth: 'Reference',
    said: (decision: Decision) => `Model: ${decision}`,
    was: (decision: Decision) => (decision === 'nodule' ? 'Nodule' : 'No nodule'),
    training: 'Training',
    data: 'Data',
    split: 'Split',
    recipe: 'Recipe',
    made: 'Made',
    madeText: (date: string, epochs: number, seed: number, commit: string) =>
      [date, `${plural(epochs, 'epoch', 'epochs')}`, `seed ${seed}`, commit && `commit ${commit}`].filter(Boolean).join(', '),
    citations: 'Sources',
    license: 'Licence',
  },
};
