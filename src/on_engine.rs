//! A network's table executed by our own engine, on the CPU.

use crate::constants::{PATCH_SAMPLES, PATCH_SIZE};
use crate::inference::{ClassifyError, Inference, Logits};
use crate::model::{LayerInfo, NetworkKind, Operation};
use crate::parallel::{in_parts, threads};
use crate::weights::{LayerParameters, Parameters, WeightsError};
use nodulens_engine::{Convolution, Engine, EngineError, Layer, Workspace};
use std::sync::{Mutex, PoisonError};

/// Rows of answers below which a band of its own costs more than it brings: each reads 46 rows of
/// pixels that its neighbour reads, too.
const LEAST_BAND: usize = 8;

/// An engine, and buffers for as many threads as were busy at once.
#[derive(Debug)]
pub struct OnEngine {
    engine: Engine,
    workspaces: Mutex<Vec<Workspace>>,
}

impl OnEngine {
    /// Lay a network out for the engine.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names the first parameter that does not fit.
    pub fn new(kind: NetworkKind, parameters: Parameters) -> Result<Self, WeightsError> {
        let layers = parameters.by_layer(kind)?.into_iter().filter_map(layer).collect();
        let engine =
            Engine::new(1, layers).map_err(|error| WeightsError::Corrupt(error.to_string()))?;
        Ok(Self { engine, workspaces: Mutex::default() })
    }

    /// Compute the last map of pictures, `[batch, height, width]`, on this thread.
    fn run(&self, values: &[f32], shape: [usize; 3]) -> Result<Vec<f32>, ClassifyError> {
        let spare = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = spare().pop().unwrap_or_default();
        let answer = self.engine.run(&mut workspace, values, shape);
        spare().push(workspace);
        match answer {
            Ok((logits, _)) => Ok(logits),
            Err(error @ EngineError::Input(_)) => Err(ClassifyError::Input(error.to_string())),
            Err(error @ EngineError::Layer(..)) => Err(ClassifyError::Device(error.to_string())),
        }
    }

    /// Compute logits as [`Inference::logits`], at once. Patches are shared out over the threads, in
    /// rounds of equal parts that the engine takes at once.
    ///
    /// # Errors
    /// [`ClassifyError::Input`] unless they are whole patches.
    pub fn patches(&self, values: &[f32]) -> Result<Vec<f32>, ClassifyError> {
        let patches = values.len() / PATCH_SAMPLES;
        if threads() == 1 {
            return self.run(values, [patches, PATCH_SIZE, PATCH_SIZE]);
        }
        let rounds = patches.div_ceil(threads() * Engine::BATCH).max(1);
        let part = patches.div_ceil(threads() * rounds).max(1);
        in_parts(patches.div_ceil(part), |i| {
            let end = values.len().min((i + 1) * part * PATCH_SAMPLES);
            let values = &values[i * part * PATCH_SAMPLES..end];
            self.run(values, [values.len() / PATCH_SAMPLES, PATCH_SIZE, PATCH_SIZE])
        })
    }

    /// Share bands of rows out over the threads, each with the rows of pixels that reach into it.
    fn dense(
        &self,
        values: &[f32],
        [width, height]: [usize; 2],
        stride: usize,
    ) -> Result<Vec<f32>, ClassifyError> {
        let rows = (height - PATCH_SIZE) / stride + 1;
        let bands = threads().min(rows.div_ceil(LEAST_BAND));
        if bands == 1 {
            return self.run(values, [1, height, width]);
        }
        in_parts(bands, |band| {
            let [from, until] = [band, band + 1].map(|edge| edge * rows / bands);
            let pixels = (until - from - 1) * stride + PATCH_SIZE;
            self.run(&values[from * stride * width..][..pixels * width], [1, pixels, width])
        })
    }
}

impl Inference for OnEngine {
    fn logits(&self, values: Vec<f32>) -> Logits<'_> {
        Box::pin(async move { self.patches(&values) })
    }

    fn dense_logits(&self, values: Vec<f32>, size: [usize; 2], stride: usize) -> Logits<'_> {
        Box::pin(async move { self.dense(&values, size, stride) })
    }

    fn name(&self) -> String {
        format!("Nodulens ({})", self.engine.instructions().name())
    }
}

/// A layer as the engine takes it; `None` for what does nothing at inference.
fn layer((layer, parameters): (LayerInfo, Option<LayerParameters>)) -> Option<Layer> {
    match (layer.operation, parameters) {
        (Operation::Convolution { kernel, padding }, Some(parameters)) => {
            let LayerParameters { weights, bias } = parameters;
            Some(Layer::Convolution(Convolution {
                channels: [layer.input_shape[0], layer.outputs()],
                kernel,
                padding,
                weights: weights.values,
                bias: bias.values,
                relu: true,
            }))
        }
        // A convolution with a kernel as large as the map in front of it.
        (Operation::Dense { relu }, Some(LayerParameters { weights, bias })) => {
            let outputs = layer.outputs();
            // From `[C, y, x][out]` to `[out][C, y, x]`.
            let transposed =
                (0..outputs).flat_map(|out| weights.values.iter().skip(out).step_by(outputs));
            Some(Layer::Convolution(Convolution {
                channels: [layer.input_shape[0], outputs],
                kernel: layer.input_side(),
                padding: 0,
                weights: transposed.copied().collect(),
                bias: bias.values,
                relu,
            }))
        }
        (Operation::MaxPool, _) => Some(Layer::MaxPool),
        (Operation::Mean, _) => Some(Layer::Mean(layer.input_side())),
        _ => None,
    }
}
