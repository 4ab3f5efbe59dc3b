//! The module that every visitor loads: networks on our own CPU engine.

#[cfg(target_arch = "wasm32")]
#[path = "."]
mod module {
    mod convert;
    mod network;
    mod search;
    mod shapes;

    use network::JsClassifier;
    use nodulens::classifier::Classifier;
    use wasm_bindgen::prelude::*;

    /// Make a panic readable in the console; runs once when the module starts.
    #[wasm_bindgen(start)]
    pub fn start() {
        console_error_panic_hook::set_once();
    }

    #[wasm_bindgen(js_class = Classifier)]
    impl JsClassifier {
        /// Read a weights file for the CPU.
        pub fn load(weights: &[u8]) -> Result<JsClassifier, JsValue> {
            JsClassifier::of(Classifier::on_engine(weights), weights, "Nodulens engine (CPU)")
        }
    }
}

fn main() {}
