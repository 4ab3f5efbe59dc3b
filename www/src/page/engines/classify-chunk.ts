/**
 * A chunk of files through whatever happens. Where the worker dies or its engine fails, the chunk goes once more to a fresh
 * CPU worker; where that dies too it is halved until the file that does it stands alone, and only that file is set aside.
 */
import { strings } from '../../strings/strings.ts';
import { readSources } from '../intake/arrivals.ts';
import type { ReadFiles, Source } from '../intake/arrivals.ts';
import { problemOf } from '../shell/problem-of.ts';
import type { Live, Outcome } from './engine-states.ts';

export interface Chunked {
  /** The engine in use. */
  first: Live;
  /** The CPU's, fresh where the one before has died. */
  cpu(): Promise<Live>;
  ask(on: Live, files: ReadFiles): Promise<Outcome[]>;
  /** Takes a worker out of service. */
  lost(live: Live, error: unknown): void;
}

export async function classifyChunk(by: Chunked, sources: Source[], read: Promise<ReadFiles>, signal: AbortSignal): Promise<Outcome[]> {
  try {
    return await by.ask(by.first, await read);
  } catch (error) {
    if (signal.aborted) throw error;
    by.lost(by.first, error);
    return recover(by, sources, signal);
  }
}

/** The bytes of the first attempt went with its worker: they are read again. */
async function recover(by: Chunked, sources: Source[], signal: AbortSignal): Promise<Outcome[]> {
  const live = await by.cpu();
  try {
    return await by.ask(live, await readSources(sources));
  } catch (error) {
    if (signal.aborted) throw error;
    by.lost(live, error);
    const [only] = sources;
    if (sources.length === 1 && only) {
      const { message } = problemOf(error);
      return [{ file: { key: only.key, ok: false, problem: strings.engine.setAside(message) }, engine: live.model.engine, model: live.model, worker: live.worker }];
    }
    const half = Math.ceil(sources.length / 2);
    return [...(await recover(by, sources.slice(0, half), signal)), ...(await recover(by, sources.slice(half), signal))];
  }
}
