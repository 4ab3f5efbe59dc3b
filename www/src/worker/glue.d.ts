/** What wasm-bindgen wrote beside a module; scripts/build.mjs says which (wasm.ts and scan/reader-wasm.ts have the types). */
declare module '#glue';
