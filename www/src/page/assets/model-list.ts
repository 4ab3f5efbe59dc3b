/** The networks that ship with the page: models/models.json, and which of them an address asks for. */
import { FetchError, fetchFile } from './fetch-file.ts';
import { strings } from '../../strings/strings.ts';
import type { ModelInfo } from '../../shared/wasm/engine-wasm.ts';

export interface OfferedModel {
  /** The network's name, as in its weights file: "compact". */
  id: string;
  /** Inside models/. */
  file: string;
  /** Title of its card. */
  name: string;
  /** Size of the weights file; scripts/build.mjs adds it. */
  bytes?: number;
  /** Where it is the user's: which network it is, and the name of the file that it came from. */
  own?: { network: string; from: string };
}

const LIST = './models/models.json';

/** At least one; the first is the default. */
export async function fetchModels(): Promise<[OfferedModel, ...OfferedModel[]]> {
  const response = await fetchFile(LIST);
  const wrong = (why: string): FetchError => new FetchError(LIST, why, strings.fetch.incompleteHint);
  let models: unknown;
  try {
    models = await response.json();
  } catch {
    throw wrong(strings.fetch.damaged);
  }
  if (!Array.isArray(models) || !models.every(isOffered)) throw wrong(strings.fetch.damaged);
  const [first, ...others] = models;
  if (!first) throw wrong(strings.fetch.noModel);
  return [first, ...others];
}

function isOffered(value: unknown): value is OfferedModel {
  const { id, file, name } = (value ?? {}) as Record<string, unknown>;
  return [id, file, name].every((text) => typeof text === 'string' && text !== '');
}

/** `?model=paper` chooses a network; nothing else stands in the address. */
export const modelAskedFor = (search: string): string | undefined => new URLSearchParams(search).get('model') ?? undefined;

/** An answer by the user's own weights must not pass for one of the network that ships. */
export const named = (model: ModelInfo, chosen: OfferedModel | undefined): ModelInfo =>
  (chosen?.own ? { ...model, own: chosen.name } : model);
