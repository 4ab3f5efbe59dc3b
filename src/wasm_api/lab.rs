//! The module that looks inside networks, explains their answers and trains; and the reference that
//! the engine must equal, because it holds a backend of Burn anyway.

#[cfg(target_arch = "wasm32")]
#[path = "."]
mod module {
    mod convert;
    mod evaluate;
    mod explain;
    mod inside;
    mod network;
    mod opened;
    mod search;
    mod shapes;
    mod training;

    use burn::tensor::Device;
    use network::JsClassifier;
    use nodulens::classifier::Classifier;
    use nodulens::on_burn;
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

        /// Read a weights file for Burn on the CPU, which the engine must equal.
        #[wasm_bindgen(js_name = loadReference)]
        pub fn load_reference(weights: &[u8]) -> Result<JsClassifier, JsValue> {
            let classifier = on_burn::classifier(weights, &Device::flex());
            JsClassifier::of(classifier, weights, "burn-flex (CPU)")
        }
    }
}

fn main() {}
