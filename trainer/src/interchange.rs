//! Weights for other programs: safetensors both ways, ONNX out.
//!
//! Both formats lay parameters out as PyTorch does: convolutions `[out, in, y, x]`, dense layers
//! `[out, in]`, in single precision.

pub mod onnx;
pub mod safetensors;

use nodulens::weights::Parameter;

/// A dense layer's weights turned over: `[in, out]` to `[out, in]` and back. Other shapes as
/// they are.
fn turned_over(parameter: &Parameter) -> Parameter {
    let [rows, columns] = parameter.shape[..] else { return parameter.clone() };
    let values = (0..columns)
        .flat_map(|column| (0..rows).map(move |row| row * columns + column))
        .map(|place| parameter.values[place])
        .collect();
    Parameter { shape: vec![columns, rows], values }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
