/** The words for weights that the user loads. */

export const weightsHtml = {
  loadWeights: 'Load weights…',
  loadWeightsHint: 'Your own, as .nodulens or .safetensors: drop them anywhere on this page, or choose them. They stay in its memory.',
};

export const weights = {
  badge: 'yours',
  short: 'Yours',
  about: (file: string): string => `From ${file}. Kept in the memory of this page, until it is closed or told to forget.`,
  untitled: (network: string): string => `Your weights of the ${network} network`,
  checking: (file: string): string => `Checking ${file}…`,
  offered: (name: string): string => `Your weights “${name}” were checked and can be chosen as the network; another was chosen in the meantime.`,
  inUse: (name: string): string => `Your weights “${name}” were checked and are in use now.`,
  refused: (file: string, reason: string): string => `${file} cannot be used: ${reason}`,
  stays: (name: string): string => `${name} stays in use; nothing is lost.`,
  tooLarge: (size: string, most: string): string => `it has ${size}; weights of these networks have less than ${most}.`,
  tooLargeHint: 'Choose the weights file itself.',
  unreadable: 'the browser could not read it.',
  unreadableHint: 'Check that it is still there, and choose it again.',
  gone: 'these weights were forgotten.',
  goneHint: 'Load them again.',
};
