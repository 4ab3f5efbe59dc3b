/** The words of the way in: what arrives and what of it cannot be used. */
import { bytes, plural } from '../ui/numbers.ts';
import type { Problem } from '../shared/problem.ts';

export const intake = {
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
  unreadableNames: (names: string[]) => {
    const named = names.slice(0, 5).join(', ');
    const more = names.length > 5 ? ` and ${plural(names.length - 5, 'other', 'others')}` : '';
    return `Could not be read: ${named}${more}. ${names.length === 1 ? 'It' : 'They'} may be locked by another program, moved, or on a drive that is gone. ${names.some((name) => name.endsWith('/')) ? 'Of a folder that could not be listed, files may be missing.' : ''}`.trim();
  },
  skipped: (n: number, kinds: string) => `${plural(n, 'file', 'files')} of the folder passed over as not an image: ${kinds}.`,
  nothing: 'Nothing to classify arrived. Drop or choose image files: PNG, JPEG, TIFF or BMP.',
  nothingInFolder: 'No image was found in that folder. Images end in .png, .jpg, .tif or .bmp.',
  nothingPasted: 'The clipboard holds no image. Copy an image or image files, then paste here.',
};
