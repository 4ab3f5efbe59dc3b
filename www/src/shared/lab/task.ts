/** A task of the lab: what goes in and what comes out; plain data only. */

export interface Task<In, Out> {
  in: In;
  out: Out;
}

/** Model values of one patch and how it looks. */
export interface PatchValues {
  values: Float32Array<ArrayBuffer>;
  /** 8 bits, row-major. */
  grey: Uint8Array<ArrayBuffer>;
}
