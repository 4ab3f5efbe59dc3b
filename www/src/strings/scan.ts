/** The words of an open scan: opening, looking, searching. */
import { count, duration, ended, percent, plural } from '../ui/numbers.ts';

/** Millimetres in the body, LPS. */
const inBody = (world: readonly [number, number, number] | undefined): string => {
  if (!world) return 'place in the body not known';
  const [x, y, z] = world.map((mm) => mm.toFixed(1).replace('-', '−'));
  return `L ${x}, P ${y}, H ${z} mm`;
};

export const scan = {
  opening: (done: number, total: number) => `Opening: ${count(done)} of ${plural(total, 'file', 'files')}…`,
  drawing: (done: number, total: number) => `Drawing the example scan: ${count(done)} of ${plural(total, 'slice', 'slices')}…`,
  cancelled: 'Opening was cancelled.',
  nothing: 'No scan was found in what arrived.',
  failed: (reason: string) => `The scan could not be opened: ${ended(reason)}`,
  lost: (reason: string) => `The loader stopped (${ended(reason)}). The scan has to be opened again; your results are still here.`,
  notShown: (reason: string) => `This could not be read: ${ended(reason)} The rest of the scan is still open.`,
  sliceUnreadable: (reason: string) => `This slice could not be read: ${ended(reason)}`,
  sliceComing: 'Loading this slice…',
  closed: (minutes: number) => `The scan is closed. It can be brought back for ${plural(minutes, 'minute', 'minutes')}; then it is forgotten.`,
  picture: (name: string) => `Picture ${name}`,
  changed: 'a file of the scan has changed or gone since it was opened',
  setAside: (slice: number) => `Slice ${slice} was left out: the loader stopped on it twice.`,
  stoppedOn: {
    code: 'loader-stopped',
    message: 'the loader stopped on this file',
    hint: 'It was set aside; the others were opened.',
  },
  problems: (n: number) => `${plural(n, 'file', 'files')} could not be read:`,
  andFiles: (names: string, more: number) => (more > 0 ? `${names} and ${count(more)} more` : names),
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
  probe: (hu: number | undefined, world: readonly [number, number, number] | undefined) =>
    `${hu === undefined ? '' : `${String(Math.round(hu)).replace('-', '−')} HU  ·  `}${inBody(world)}`,
  measured: (mm: number) => `Measured here: ${mm.toFixed(1)} mm`,
  millimetres: (mm: number) => `${mm.toFixed(1)} mm`,
  onlyAcquired: 'The networks learnt from slices as they are acquired: go to that plane to classify or search.',
  classifying: 'Classifying…',
  at: (slice: number, world: readonly [number, number, number] | undefined) => `Slice ${slice}; ${inBody(world)}`,
  estimate: (slice: number, volume: number, slices: number) => `About ${duration(slice)} for the slice, ${duration(volume)} for all ${count(slices)} on this computer.`,
  scanningSlice: (done: number, total: number) => `Searching the slice: ${total === 0 ? '' : `${Math.round((100 * done) / total)} %`}`,
  scanningVolume: (done: number, total: number, left: number | undefined) =>
    `Searching the volume: ${count(done)} of ${plural(total, 'slice', 'slices')}${left === undefined ? '' : `, about ${duration(left)} left`}`,
  done: (n: number, what: string, ms: number) => `${plural(n, 'finding', 'findings')} in ${what}, ${duration(ms)}.`,
  slice: (slice: number) => `slice ${slice}`,
  volume: 'the volume',
  noLung: (slice: number) => `No lung was found in slice ${slice}. Without “inside the lungs only” the whole slice is searched.`,
  stopped: (n: number) => `Stopped. ${plural(n, 'finding', 'findings')} so far.`,
  findings: (shown: number, n: number, what: string) => `${shown < n ? `${count(shown)} of ` : ''}${plural(n, 'finding', 'findings')} in ${what}`,
  /** `around`: whether they were seen with their surroundings. */
  findingsNote: (threshold: number, around: boolean) => `Places at or above the threshold of ${percent(threshold)}, ${around ? 'each seen with its surroundings, ' : ''}most probable first. The threshold was chosen among patches, where one in six holds a nodule; in a whole scan most of what is marked is vessels.`,
  findingGo: (n: number) => `Show finding ${n}`,
  unknown: '–',
  header: (n: number, identifying: number) => `${plural(n, 'entry', 'entries')}${identifying > 0 ? `, ${count(identifying)} may identify the patient` : ''}`,
  headerNote: 'Entries marked with ● may tell who the patient is. They stay in this browser and are left out of what is exported, unless you ask for name, number, birth date and sex beside the buttons. Two exceptions: the table of findings (CSV) holds the identifier (UID) of the series, and a DICOM SR refers to its images, and so holds theirs.',
  identifies: 'may identify the patient',
  exported: 'Findings',
};
