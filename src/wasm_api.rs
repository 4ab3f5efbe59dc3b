//! What the page's workers call. The only folder that names wasm_bindgen; no arithmetic here.
//!
//! Three kinds of module are built from this crate: engines, which hold a network on our own
//! CPU engine or on a backend of Burn; the reader, which opens scans and holds no network; and the
//! lab, which looks inside networks and trains. Errors cross as a real `Error`
//! with `code` (stable) and `hint` (what to do).

#[cfg(any(feature = "engine", feature = "backend"))]
mod engine;
#[cfg(feature = "lab")]
mod lab;
#[cfg(feature = "formats")]
mod reader;
#[cfg(any(feature = "engine", feature = "backend"))]
mod scan;
mod shapes;

use js_sys::{Error, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Makes a panic readable in the console; runs once when the module starts.
#[wasm_bindgen(start)]
pub fn start() {
    #[cfg(feature = "webgpu")]
    run_constructors();
    console_error_panic_hook::set_once();
}

/// Runs the 4,000 constructors that cubecl registers its operations with, once. Where no code calls
/// the linker's function for it, the linker has every exported function call it at every call:
/// 8 ms for each shader that is dispatched, and most of the time of a batch.
#[cfg(feature = "webgpu")]
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

fn error(code: &str, message: &str, hint: &str) -> JsValue {
    let error = Error::new(message);
    // Setting a property on a fresh Error cannot fail.
    let _ = Reflect::set(&error, &"code".into(), &code.into());
    let _ = Reflect::set(&error, &"hint".into(), &hint.into());
    error.into()
}

fn plain<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value
        .serialize(&serializer)
        .map_err(|reason| error("internal", &reason.to_string(), "Please report this."))
}

fn set(object: &JsValue, key: &str, value: impl Into<JsValue>) {
    // `object` is always a plain object made here, so this cannot fail.
    let _ = Reflect::set(object, &key.into(), &value.into());
}

/// A plain object of the page as a type of the crate.
fn given<T: serde::de::DeserializeOwned>(value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|reason| error("internal", &reason.to_string(), "Please report this."))
}
