//! The networks on our own engine.

use super::{LayerInfo, NetworkKind, Operation};
use crate::weights::{Parameter, WeightsError, corrupt, mismatch};
use nodulens_engine::{Convolution, Engine, Layer};

/// The network of these parameters, none missing and none over, as the engine runs it. Its input
/// is `[batch, H, W, 1]`, its output `[batch, h, w, 2]`: logits.
///
/// # Errors
/// [`WeightsError::Mismatch`] names the first parameter that does not fit.
pub fn engine(
    kind: NetworkKind,
    parameters: Vec<(String, Parameter)>,
) -> Result<Engine, WeightsError> {
    let mut parameters = parameters;
    let mut layers = Vec::new();
    // `[C, H, W]` in front of the layer.
    let mut before = vec![1, crate::method::PATCH_SIZE, crate::method::PATCH_SIZE];
    for layer in kind.layers() {
        match layer.operation {
            Operation::Convolution { kernel, padding } => {
                let channels = [before[0], layer.output_shape[0]];
                let weights = take(
                    &mut parameters,
                    &format!("{}.weight", layer.name),
                    &[channels[1], channels[0], kernel, kernel],
                )?;
                let bias = bias(&mut parameters, &layer)?;
                let relu = true;
                layers.push(Layer::Convolution(Convolution {
                    channels,
                    kernel,
                    padding,
                    weights,
                    bias,
                    relu,
                }));
            }
            Operation::Dense { relu } => {
                layers.push(dense(&mut parameters, &layer, &before, relu)?);
            }
            Operation::MaxPool => layers.push(Layer::MaxPool),
            // Over the whole map of a patch.
            Operation::Mean => layers.push(Layer::Mean(before[1])),
            Operation::Dropout | Operation::Softmax => continue,
        }
        before = layer.output_shape;
    }
    match parameters.iter().map(|(name, _)| name).min() {
        Some(name) => Err(mismatch("a parameter", name, "absent")),
        None => Engine::new(1, layers).map_err(corrupt),
    }
}

/// A dense layer is a convolution whose kernel is the whole map in front of it.
fn dense(
    parameters: &mut Vec<(String, Parameter)>,
    layer: &LayerInfo,
    before: &[usize],
    relu: bool,
) -> Result<Layer, WeightsError> {
    let outputs = layer.output_shape[0];
    let inputs = before.iter().product::<usize>();
    let kernel = before.get(1).copied().unwrap_or(1);
    let weights = take(parameters, &format!("{}.weight", layer.name), &[inputs, outputs])?;
    // From `[C, y, x][out]` to `[out][C, y, x]`.
    let turned = (0..outputs).flat_map(|out| weights.iter().skip(out).step_by(outputs));
    let weights = turned.copied().collect();
    let bias = bias(parameters, layer)?;
    let channels = [before[0], outputs];
    Ok(Layer::Convolution(Convolution { channels, kernel, padding: 0, weights, bias, relu }))
}

fn bias(
    parameters: &mut Vec<(String, Parameter)>,
    layer: &LayerInfo,
) -> Result<Vec<f32>, WeightsError> {
    take(parameters, &format!("{}.bias", layer.name), &layer.output_shape[..1])
}

/// The numbers of a parameter, which must be there and of this shape.
fn take(
    parameters: &mut Vec<(String, Parameter)>,
    name: &str,
    expected: &[usize],
) -> Result<Vec<f32>, WeightsError> {
    let Some(place) = parameters.iter().position(|(present, _)| present == name) else {
        return Err(mismatch(name, "absent", format!("{expected:?}")));
    };
    let Parameter { shape, values } = parameters.swap_remove(place).1;
    if shape != expected {
        let what = format!("the shape of {name}");
        return Err(mismatch(&what, format!("{shape:?}"), format!("{expected:?}")));
    }
    Ok(values)
}
