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
  skipped: (n: number, kinds: string) => `${plural(n, 'file', 'files')} of the folder passed over as not an image: ${kinds}.`,
  nothing: 'Nothing to classify arrived. Drop or choose image files: PNG, JPEG, TIFF or BMP.',
  nothingInFolder: 'No image was found in that folder. Images end in .png, .jpg, .tif or .bmp.',
  nothingPasted: 'The clipboard holds no image. Copy an image or image files, then paste here.',
};
