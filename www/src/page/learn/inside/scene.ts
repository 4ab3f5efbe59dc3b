/** A network and what it makes of one patch: all that the views draw. */
import { named } from '../../assets/model-list.ts';
import type { TemperatureOrigin } from '../../../strings/inside.ts';
import { figuresOf, headOf, operatingOf } from '../../../shared/heads.ts';
import type { Head, ModelInfo, Operating } from '../../../shared/wasm/engine-wasm.ts';
import type { Shared } from '../view.ts';
import type { Step, Unit, Traced } from '../../../shared/wasm/inside-wasm.ts';

export interface Scene {
  /** Of the network. */
  file: string;
  info: ModelInfo;
  /** Which part of the network answers, and by which numbers it is read. */
  head: Head;
  operating: Operating;
  /** Layer i of the trace is i - 1 here. */
  layers: Step[];
  traced: Traced[];
  /** The view. */
  values: Float32Array<ArrayBuffer>;
  grey: Uint8Array<ArrayBuffer>;
  /** Of the patch. */
  name: string;
}

export interface PatchToSee {
  values: Float32Array<ArrayBuffer>;
  grey: Uint8Array<ArrayBuffer>;
  name: string;
}

export async function sceneOf({ lab, engines }: Pick<Shared, 'lab' | 'engines'>, file: string, { values, grey, name }: PatchToSee): Promise<Scene> {
  const [{ info }, { layers: traced, steps: layers }] = await Promise.all([
    lab.ask('network', undefined, { network: file }),
    lab.ask('trace', { values }, { network: file }),
  ]);
  const head = headOf(info, values);
  return { file, info: named(info, engines.models.find((model) => model.file === file)), head, operating: operatingOf(info, head), layers, traced, values, grey, name };
}

/** How many of the steps are layers of the network, and what they cost together. */
export function costOf({ layers }: Scene): { layers: number; parameters: number; macs: number } {
  const own = layers.filter(({ operation }) => !['surroundings', 'join', 'sum'].includes(operation));
  const sum = (of: (layer: Step) => number): number => own.reduce((all, layer) => all + of(layer), 0);
  return { layers: own.length, parameters: sum(({ parameters }) => parameters), macs: sum(({ macs }) => macs) };
}

/** Channels, rows, columns. */
export function dims(shape: number[]): [number, number, number] {
  const [channels = 1, rows = 1, columns = 1] = shape;
  return [channels, rows, columns];
}

export const layerAt = (scene: Scene, layer: number): Step | undefined => scene.layers[layer - 1];

/** The layer that a layer reads, the first where there are two; nothing in front of what comes from outside. */
export const beforeOf = (scene: Scene, layer: number): number | undefined => layerAt(scene, layer)?.before[0];

/** Pictures as the network gets them, not made by a layer. */
export const isPicture = (scene: Scene, layer: number): boolean => beforeOf(scene, layer) === undefined;

export const dimsAt = (scene: Scene, layer: number): [number, number, number] => dims(scene.traced[layer]?.shape ?? [1, 1, 1]);

export function valueAt(scene: Scene, { layer, channel, y, x }: Unit): number {
  const [, rows, columns] = dimsAt(scene, layer);
  return scene.traced[layer]?.values[(channel * rows + y) * columns + x] ?? NaN;
}

/** The network's answer for the patch. */
export const probabilityOf = ({ traced }: Scene): number => traced.at(-1)?.values[1] ?? NaN;

/** Of the file's own temperature. */
export const temperatureOf = ({ info, head }: Scene): TemperatureOrigin => (figuresOf(info.card, head).calibration ? 'fitted' : 'file');

/** The nearest unit that the layer has. */
export function within(scene: Scene, unit: Unit): Unit {
  const layer = clamp(unit.layer, scene.traced.length);
  const [channels, rows, columns] = dimsAt(scene, layer);
  return { layer, channel: clamp(unit.channel, channels), y: clamp(unit.y, rows), x: clamp(unit.x, columns) };
}

/** A whole number from 0 to below `there`. */
export const clamp = (value: number, there: number): number => (Number.isFinite(value) ? Math.max(0, Math.min(there - 1, Math.round(value))) : 0);
