/** Pictures of slices: which window they were made with and how large a pixel is has to be said, or is assumed. */
import { byId, setText } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';
import type { PictureReading } from '../../shared/loader-messages.ts';
import type { Picture } from '../../shared/wasm/loader-wasm.ts';
import { PRESETS } from './display-window.ts';

/** What most screenshots of lungs are; and a chest of 36 cm over 512 pixels. */
const ASSUMED_PIXEL_MM = 0.7;

export class PictureAsSlice {
  private pictures: Picture[] = [];
  private chosen = 0;
  private readonly box = byId('picture-reading', 'div');
  private readonly window = byId('reading-window', 'select');
  private readonly pixel = byId('reading-pixel', 'input');
  private readonly read: (picture: number, reading: PictureReading) => void;

  constructor(read: (picture: number, reading: PictureReading) => void) {
    this.read = read;
    const names = strings.scan.window;
    const option = (id: keyof typeof PRESETS): HTMLOptionElement => new Option(strings.scan.presetText(names[id], PRESETS[id]), id);
    this.window.append(new Option(strings.scan.readingModel, 'model'), option('lung'), option('mediastinum'), option('bone'));
    this.window.addEventListener('change', () => this.again());
    this.pixel.value = String(ASSUMED_PIXEL_MM);
    this.pixel.addEventListener('change', () => this.again());
  }

  /** Of another scan: nothing that was said of the pictures before holds for these. */
  offer(pictures: Picture[]): void {
    this.pictures = pictures;
    this.chosen = 0;
    this.window.selectedIndex = 0;
    this.pixel.value = String(ASSUMED_PIXEL_MM);
    this.draw(false);
  }

  choose(picture: number): void {
    this.chosen = picture;
    this.again();
  }

  draw(isPicture: boolean): void {
    this.box.hidden = !isPicture;
    setText(byId('picture-reading-text', 'p'), isPicture ? strings.scan.unknownHu(this.pictures[this.chosen]?.name ?? '') : '');
  }

  /** Whether that is what is asked for now. */
  isCurrent(picture: number, reading: PictureReading): boolean {
    return picture === this.chosen && JSON.stringify(reading) === JSON.stringify(this.reading());
  }

  private reading(): PictureReading | undefined {
    const pixelMm = Number(this.pixel.value);
    if (!(pixelMm >= Number(this.pixel.min) && pixelMm <= Number(this.pixel.max))) return undefined;
    const preset = this.window.value as keyof typeof PRESETS | 'model';
    // The model's own window is the crate's: it takes zero for it.
    const { center, width } = preset === 'model' ? { center: 0, width: 0 } : PRESETS[preset];
    return { center, width, pixelMm };
  }

  private again(): void {
    const reading = this.reading();
    if (reading) this.read(this.chosen, reading);
  }
}
