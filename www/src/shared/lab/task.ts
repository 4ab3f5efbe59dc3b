/** A task of the lab: what goes in and what comes out; plain data only. */

export interface Task<In, Out> {
  in: In;
  out: Out;
}

/** The view of one patch and how the patch looks. */
export interface PatchValues {
  /** The patch, then its surroundings at half the resolution; not a number where they are not known. */
  values: Float32Array<ArrayBuffer>;
  /** 8 bits, row-major. */
  grey: Uint8Array<ArrayBuffer>;
}
