/** Texts that a single file carries packed (scripts/single-file.mjs): unpacked when they are opened. */
import { fetchFile } from '../assets/fetch-file.ts';

export function unpackWhenOpened(): void {
  for (const block of document.querySelectorAll<HTMLElement>('pre[data-file]')) {
    block.closest('details')?.addEventListener('toggle', () => {
      if (block.textContent) return;
      void fetchFile(block.dataset['file'] ?? '').then(async (file) => void (block.textContent = await file.text()));
    });
  }
}
