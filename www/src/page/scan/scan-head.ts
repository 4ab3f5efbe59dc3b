/** What stands around an open scan: title, remarks, header of the file, and the choice among what was opened with it. */
import { byId, make, setText } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';
import type { Opened } from '../../shared/loader-messages.ts';
import type { SeriesInfo, SeriesOut } from '../../shared/wasm/loader-wasm.ts';
import { HeaderPanel } from './dicom-header.ts';

const text = strings.scan;

/** A series, or a picture that can be looked at as a slice. */
export interface Choice {
  kind: 'series' | 'picture';
  at: number;
}

const valueOf = ({ kind, at }: Choice): string => `${kind} ${at}`;

export class ScanHead {
  private readonly select = byId('series', 'select');
  private readonly header = new HeaderPanel();
  private choices: Choice[] = [];

  constructor(choose: (choice: Choice) => void) {
    this.select.addEventListener('change', () => {
      const choice = this.choices.find((each) => valueOf(each) === this.select.value);
      if (choice) choose(choice);
    });
  }

  /** What there is to choose from: each series, and each picture beside them. */
  offer({ series, pictures }: Opened): void {
    this.choices = [...series.map((_, at): Choice => ({ kind: 'series', at })), ...pictures.map((_, at): Choice => ({ kind: 'picture', at }))];
    const names = [...series.map(({ info, geometry }) => `${info.title} (${geometry.size[2]})`), ...pictures.map(({ name }) => text.picture(name))];
    this.select.replaceChildren(...this.choices.map((choice, at) => new Option(names[at], valueOf(choice))));
    byId('series-label', 'label').hidden = this.choices.length < 2;
  }

  /** The longest series is the one that was meant; a scout view is a slice or two. */
  static first({ series, pictures }: Opened): Choice | undefined {
    if (series.length === 0) return pictures.length > 0 ? { kind: 'picture', at: 0 } : undefined;
    return { kind: 'series', at: series.reduce((best, { geometry }, at) => (geometry.size[2] > (series[best]?.geometry.size[2] ?? 0) ? at : best), 0) };
  }

  draw(series: SeriesOut, choice: Choice): void {
    const { info, geometry } = series;
    this.mark(choice);
    setText(byId('scan-title', 'h2'), info.title);
    setText(byId('scan-line', 'p'), text.line(info.format, geometry.size, geometry.spacingMm));
    this.remarks(series);
    this.header.draw(info.tags);
    byId('findings-sr', 'button').hidden = info.format !== 'DICOM';
  }

  /** Which one is open. */
  mark(choice: Choice | undefined): void {
    if (choice) this.select.value = valueOf(choice);
  }

  clear(): void {
    this.choices = [];
    this.select.replaceChildren();
    this.header.draw([]);
    for (const element of [byId('scan-title', 'h2'), byId('scan-line', 'p'), byId('scan-remarks', 'div'), byId('header-count', 'span')]) element.replaceChildren();
  }

  private remarks({ info, concerns, warnings }: SeriesOut): void {
    const lines = [
      ...(info.synthetic ? [{ message: text.synthetic, outside: false }] : []),
      ...concerns,
      ...(mayHaveText(info) ? [{ message: text.burnedIn, outside: false }] : []),
      ...warnings.map(({ message }) => ({ message, outside: false })),
    ];
    byId('scan-remarks', 'div').replaceChildren(...lines.map(({ message, outside }) => make('p', outside ? 'remark outside' : 'remark', message)));
  }
}

const mayHaveText = ({ burnedIn, format }: SeriesInfo): boolean => burnedIn || format === 'picture';
