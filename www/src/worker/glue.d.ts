/** What wasm-bindgen wrote beside a module; scripts/build.mjs says which (shared/wasm/ has the types). */
declare module '#glue';
