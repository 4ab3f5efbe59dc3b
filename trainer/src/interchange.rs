//! Weights for other programs: safetensors both ways, ONNX out.
//!
//! Both formats lay parameters out as PyTorch does: convolutions `[out, in, y, x]`, dense layers
//! `[out, in]`, in single precision.

pub mod onnx;
pub mod safetensors;

pub(crate) fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
