//! Plain objects of the page, and errors, to and from types of the crate.

use js_sys::{Error, Reflect};
use nodulens_imaging::UserError;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Make a real `Error` with a stable `code`, and a `hint` that says what to do.
pub(super) fn error(code: &str, message: &str, hint: &str) -> JsValue {
    let error = Error::new(message);
    // Setting a property on a fresh Error cannot fail.
    let _ = Reflect::set(&error, &"code".into(), &code.into());
    let _ = Reflect::set(&error, &"hint".into(), &hint.into());
    error.into()
}

/// Make the page's error of one of ours.
pub(super) fn refused(reason: impl UserError) -> JsValue {
    error(reason.code(), &reason.to_string(), reason.hint())
}

/// Make an error of what no input should bring about.
pub(super) fn internal(reason: impl std::fmt::Display) -> JsValue {
    error("internal", &reason.to_string(), "Please report this.")
}

/// Make a plain object.
pub(super) fn plain<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(internal)
}

/// Set a property of a plain object.
pub(super) fn set(object: &JsValue, key: &str, value: impl Into<JsValue>) {
    // `object` is always a plain object made here, so this cannot fail.
    let _ = Reflect::set(object, &key.into(), &value.into());
}

/// Read a plain object of the page.
pub(super) fn given<T: serde::de::DeserializeOwned>(value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(internal)
}
