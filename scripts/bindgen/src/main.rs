//! `bindgen INPUT.wasm OUT_DIR`: writes `OUT_DIR/nodulens.js`, `nodulens_bg.wasm` and types.

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: bindgen INPUT.wasm OUT_DIR";
    let input = arguments.next().context(usage)?;
    let out = arguments.next().context(usage)?;
    Bindgen::new()
        .input_path(input)
        .out_name("nodulens")
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
}
