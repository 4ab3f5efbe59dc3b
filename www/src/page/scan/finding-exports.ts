/** Findings as files: CSV, JSON, a report to print, DICOM SR, and the heat map as a picture. */
import { byId } from '../../ui/dom.ts';
import { headInSlices, operatingOf } from '../../shared/heads.ts';
import { strings } from '../../strings/strings.ts';
import { download } from '../patches/export-patches.ts';
import type { ExportFormat, MapOf } from '../../shared/loader-messages.ts';
import type { OpenScan } from './open-scan.ts';
import { acquiredIndex } from './overlays.ts';
import type { Search } from './search.ts';
import type { SliceViewer } from './slice-viewer.ts';

interface Current {
  scan: OpenScan;
  search: Search;
  viewer: SliceViewer;
}

/** Slices in the page to print. */
const PICTURES = 12;

const FILES: Record<ExportFormat, { name: string; type: string }> = {
  csv: { name: 'nodulens-findings.csv', type: 'text/csv;charset=utf-8' },
  json: { name: 'nodulens-findings.json', type: 'application/json' },
  html: { name: 'nodulens-report.html', type: 'text/html;charset=utf-8' },
  'dicom-sr': { name: 'nodulens-findings.dcm', type: 'application/dicom' },
  'heat-map': { name: 'nodulens-heat-map.png', type: 'image/png' },
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
    on('heat-png', 'heat-map');
  }

  /** The loader writes them, because it has the header; it gets what was found and by whom. */
  private async write(format: ExportFormat): Promise<void> {
    const current = this.current();
    const outcome = current?.search.outcome;
    if (!current || !outcome) return;
    const { scan } = current;
    const maps = this.maps(format, current);
    const { findings, lungsOnly, model, slices } = outcome;
    const notes = outcome.notes.map((note) => (note === 'no-lung' ? strings.scan.noLung(scan.numberOf(outcome.index)) : note));
    const { modelId, preprocessId, weightsSha256 } = model;
    const head = headInSlices(model);
    const { temperature, threshold } = operatingOf(model, head);
    const now = new Date();
    const two = (n: number): string => String(n).padStart(2, '0');
    const [day, clock] = [[now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())], [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())]];
    const request = JSON.stringify({
      findings, lungsOnly, notes, slicesScanned: slices, identity: byId('with-identity', 'input').checked,
      model: { modelId, preprocessId, head, temperature, threshold, weightsSha256 },
      created: `${day.join('-')} ${clock.slice(0, 2).join(':')}`,
      written: [day.join(''), clock.join('')],
    });
    try {
      const { bytes } = await scan.loader.ask({ kind: 'export', series: scan.index, format, request, maps });
      const { name, type } = FILES[format];
      download(name, type, bytes);
    } catch (error) {
      this.notify(error instanceof Error ? error.message : String(error));
    }
  }

  /** For the page to print the slices of the first findings; for the picture the slice on the screen. */
  private maps(format: ExportFormat, { scan, search, viewer }: Current): MapOf[] {
    const shown = acquiredIndex(scan, viewer);
    const first = search.outcome?.findings.map(({ voxel }) => Math.round(voxel[2])) ?? [];
    const slices = format === 'html' ? [...new Set(first)].slice(0, PICTURES) : format === 'heat-map' && shown !== undefined ? [shown] : [];
    return slices.sort((a, b) => a - b).flatMap((z) => {
      const map = search.maps.get(z);
      return map ? [{ ...map, z }] : [];
    });
  }
}
