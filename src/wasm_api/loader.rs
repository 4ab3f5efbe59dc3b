//! The module that opens scans; it holds no network.

#[cfg(target_arch = "wasm32")]
#[path = "."]
mod module {
    mod convert;
    mod export;
    mod open;
    mod shapes;

    use wasm_bindgen::prelude::*;

    /// Make a panic readable in the console; runs once when the module starts.
    #[wasm_bindgen(start)]
    pub fn start() {
        console_error_panic_hook::set_once();
    }
}

fn main() {}
