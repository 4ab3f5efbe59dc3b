/** Findings as files: CSV, JSON, a report to print, DICOM SR, and the heat map as a picture. */
import { byId } from '../dom.ts';
import { download } from '../export.ts';
import type { ExportFormat } from './reader-messages.ts';
import type { OpenScan } from './open-scan.ts';
import { acquiredIndex, heatPicture } from './overlays.ts';
import type { Search } from './search.ts';
import type { Viewer } from './viewer.ts';

interface Current {
  scan: OpenScan;
  search: Search;
  viewer: Viewer;
}

const FILES: Record<ExportFormat, { name: string; type: string }> = {
  csv: { name: 'nodulens-findings.csv', type: 'text/csv;charset=utf-8' },
  json: { name: 'nodulens-findings.json', type: 'application/json' },
  html: { name: 'nodulens-report.html', type: 'text/html;charset=utf-8' },
  'dicom-sr': { name: 'nodulens-findings.dcm', type: 'application/dicom' },
};

export class FindingExports {
  private readonly current: () => Current | undefined;
  private readonly notify: (...text: string[]) => void;

  constructor(current: () => Current | undefined, notify: (...text: string[]) => void) {
    this.current = current;
    this.notify = notify;
    const on = (id: string, format: ExportFormat): void => byId(id, 'button').addEventListener('click', () => void this.write(format));
    on('findings-csv', 'csv');
    on('findings-json', 'json');
    on('findings-report', 'html');
    on('findings-sr', 'dicom-sr');
    byId('heat-png', 'button').addEventListener('click', () => this.heat());
  }

  /** The reader writes them, for it has the header; it gets what was found and by whom. */
  private async write(format: ExportFormat): Promise<void> {
    const outcome = this.current()?.search.outcome;
    const { scan } = this.current() ?? {};
    if (!outcome || !scan) return;
    const { findings, lungsOnly, model, notes, slices } = outcome;
    const { modelId, preprocessId, temperature, threshold, weightsSha256 } = model;
    const now = new Date();
    const two = (n: number): string => String(n).padStart(2, '0');
    const [day, clock] = [[now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())], [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())]];
    const request = JSON.stringify({
      findings, lungsOnly, notes, slicesScanned: slices,
      model: { modelId, preprocessId, temperature, threshold, weightsSha256 },
      created: `${day.join('-')} ${clock.slice(0, 2).join(':')}`,
      written: [day.join(''), clock.join('')],
    });
    try {
      const { bytes } = await scan.reader.ask({ kind: 'export', series: scan.index, format, request });
      const { name, type } = FILES[format];
      download(name, type, bytes);
    } catch (error) {
      this.notify(error instanceof Error ? error.message : String(error));
    }
  }

  /** Of the slice on the screen, a pixel a cell. */
  private heat(): void {
    const { scan, search, viewer } = this.current() ?? {};
    const z = scan && viewer && acquiredIndex(scan, viewer);
    const map = z === undefined ? undefined : search?.maps.get(z);
    if (!map || z === undefined) return;
    heatPicture(map).toBlob((blob) => {
      if (blob) void blob.arrayBuffer().then((bytes) => download(`nodulens-heat-map-slice-${z + 1}.png`, 'image/png', new Uint8Array(bytes)));
    });
  }
}
