//! The module that runs networks on a graphics card.

#[cfg(target_arch = "wasm32")]
#[path = "."]
mod module {
    mod convert;
    mod network;
    mod search;
    mod shapes;

    use burn::tensor::Device;
    use network::JsClassifier;
    use nodulens::on_burn;
    use std::cell::RefCell;
    use wasm_bindgen::prelude::*;

    thread_local! {
        /// Burn opens the adapter once; a second network shares it.
        static DEVICE: RefCell<Option<Device>> = const { RefCell::new(None) };
    }

    async fn device() -> Result<Device, JsValue> {
        if let Some(device) = DEVICE.with_borrow(Clone::clone) {
            return Ok(device);
        }
        let device = Device::wgpu_options().init_async().await.map_err(|reason| {
            let message = format!("no WebGPU device: {reason:?}");
            convert::error("no-device", &message, "Choose the CPU engine.")
        })?;
        DEVICE.set(Some(device.clone()));
        Ok(device)
    }

    #[wasm_bindgen(js_class = Classifier)]
    impl JsClassifier {
        /// Read a weights file and put its network on the graphics card.
        pub async fn load(weights: Vec<u8>) -> Result<JsClassifier, JsValue> {
            let classifier = on_burn::classifier_for_shaders(&weights, &device().await?);
            JsClassifier::of(classifier, &weights, "burn-wgpu (WebGPU)")
        }
    }

    /// Make a panic readable in the console, and run the constructors; runs once when the module starts.
    #[wasm_bindgen(start)]
    pub fn start() {
        run_constructors();
        console_error_panic_hook::set_once();
    }

    /// Run the 4,000 constructors that cubecl registers its operations with, once. Where no code calls
    /// the linker's function for it, the linker has every exported function call it at every call:
    /// 8 ms for each shader that is dispatched, and most of the time of a batch.
    #[allow(unsafe_code)]
    fn run_constructors() {
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        // SAFETY: the linker makes this function, without parameters or result. It is called once,
        // before anything else in the module, as linkers mean it to be; the constructors are
        // `inventory`'s, which only put themselves into lists.
        unsafe { __wasm_call_ctors() }
    }
}

fn main() {}
