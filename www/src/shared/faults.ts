/** The faults that the page can be asked for (docs/faults.md): page/engines/fault-switch.ts and worker/engine/faults.ts. */
export const FAULTS = ['panic', 'hang', 'out-of-memory', 'lose-device', 'wrong-numbers', 'refused-work'] as const;
export type Fault = (typeof FAULTS)[number];
