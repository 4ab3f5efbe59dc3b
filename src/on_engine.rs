//! A network's table executed by our own engine, on the CPU.

use crate::constants::{CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use crate::inference::{ClassifyError, Inference, Logits};
use crate::model::{ContextLayers, LayerInfo, NetworkKind, Operation};
use crate::parallel::{in_parts, threads};
use crate::weights::{LayerParameters, Parameters, WeightsError};
use nodulens_engine::{Convolution, Engine, EngineError, Layer, Workspace};
use std::sync::{Mutex, PoisonError};

/// Rows of answers below which a band of its own costs more than it brings: each reads 46 rows of
/// pixels, or 96, that its neighbour reads, too.
const LEAST_BAND: usize = 8;

/// Engines for a network's layers, and buffers for as many threads as were busy at once.
#[derive(Debug)]
pub struct OnEngine {
    /// From pictures to logits; of a network with a context to the features that are joined.
    patch: Stage,
    context: Option<Context>,
}

/// The rest of a network with a context.
#[derive(Debug)]
struct Context {
    /// From the joined features to the logits of the patch alone.
    alone: Stage,
    /// From halved surroundings to the maps in front of the last pooling.
    near: Stage,
    /// From there, pooled, to features.
    far: Stage,
    /// Side of the map that those layers read of one place.
    reach: usize,
    /// From both features to what is added to the logits.
    joint: Stage,
}

/// Layers that follow from each other.
#[derive(Debug)]
struct Stage {
    engine: Engine,
    workspaces: Mutex<Vec<Workspace>>,
}

impl Stage {
    fn new(
        channels: usize,
        layers: impl IntoIterator<Item = (LayerInfo, Option<LayerParameters>)>,
    ) -> Result<Self, WeightsError> {
        let layers = layers.into_iter().filter_map(layer).collect();
        let engine = Engine::new(channels, layers)
            .map_err(|error| WeightsError::Corrupt(error.to_string()))?;
        Ok(Self { engine, workspaces: Mutex::default() })
    }

    /// Compute the last map of `[batch, height, width, channels]` on this thread, and its height and
    /// width.
    fn run(
        &self,
        values: &[f32],
        shape: [usize; 3],
    ) -> Result<(Vec<f32>, [usize; 2]), ClassifyError> {
        let spare = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = spare().pop().unwrap_or_default();
        let answer = self.engine.run(&mut workspace, values, shape);
        spare().push(workspace);
        answer.map_err(|error| match error {
            EngineError::Input(_) => ClassifyError::Input(error.to_string()),
            EngineError::Layer(..) => ClassifyError::Device(error.to_string()),
        })
    }
}

impl OnEngine {
    /// Lay a network out for the engine.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names the first parameter that does not fit.
    pub fn new(kind: NetworkKind, parameters: Parameters) -> Result<Self, WeightsError> {
        let mut layers = parameters.by_layer(kind)?.into_iter();
        let Some(ContextLayers { trunk, joined, head }) = kind.context() else {
            return Ok(Self { patch: Stage::new(1, layers)?, context: None });
        };
        let behind = kind.layers().len() - joined;
        let patch = Stage::new(1, layers.by_ref().take(joined))?;
        let channels = |layer: Option<&LayerInfo>| layer.map_or(0, |layer| layer.input_shape[0]);
        let joined = channels(kind.layers().get(joined));
        let alone = Stage::new(joined, layers.by_ref().take(behind))?;
        let pooling = trunk.iter().rposition(|layer| layer.operation == Operation::MaxPool);
        let pooling = pooling.unwrap_or_default();
        let near = Stage::new(1, layers.by_ref().take(pooling))?;
        layers.next();
        let behind = trunk.len() - pooling - 1;
        let far = Stage::new(channels(trunk.get(pooling)), layers.by_ref().take(behind))?;
        let reach = trunk.get(pooling + 1).map_or(1, LayerInfo::input_side);
        let joint = Stage::new(channels(head.first()), layers)?;
        Ok(Self { patch, context: Some(Context { alone, near, far, reach, joint }) })
    }

    /// Compute logits as [`Inference::logits`], at once. Patches are shared out over the threads, in
    /// rounds of equal parts that the engine takes at once.
    ///
    /// # Errors
    /// [`ClassifyError::Input`] unless they are whole patches.
    pub fn patches(&self, values: &[f32]) -> Result<Vec<f32>, ClassifyError> {
        shared_out(values, PATCH_SAMPLES, |values| {
            self.alone(values, [values.len() / PATCH_SAMPLES, PATCH_SIZE, PATCH_SIZE])
        })
    }

    /// Compute logits as [`Inference::logits_in_context`], at once.
    ///
    /// # Errors
    /// [`ClassifyError::Input`] unless they are whole views, or the network has no context.
    pub fn views(&self, views: &[f32]) -> Result<Vec<f32>, ClassifyError> {
        let context = self.context()?;
        if !views.len().is_multiple_of(VIEW_SAMPLES) {
            let given = views.len();
            return Err(ClassifyError::Input(format!("{given} values are no whole views")));
        }
        if views.is_empty() {
            return Ok(Vec::new());
        }
        shared_out(views, VIEW_SAMPLES, |views| {
            let (views, _) = views.as_chunks::<VIEW_SAMPLES>();
            let part = |from: usize| -> Vec<f32> {
                views.iter().flat_map(|view| &view[from..from + PATCH_SAMPLES]).copied().collect()
            };
            let shape = [views.len(), PATCH_SIZE, PATCH_SIZE];
            let (features, _) = self.patch.run(&part(0), shape)?;
            let (near, [rows, columns]) = context.near.run(&part(PATCH_SAMPLES), shape)?;
            let sides = [rows, columns];
            let pooled: Vec<f32> = near
                .chunks_exact(near.len() / views.len().max(1))
                .flat_map(|map| pooled(map, sides, [0, 0], sides.map(|side| side / 2)))
                .collect();
            let (around, _) = context.far.run(&pooled, [views.len(), rows / 2, columns / 2])?;
            context.logits(&features, &around, [views.len(), 1, 1])
        })
    }

    fn context(&self) -> Result<&Context, ClassifyError> {
        let missing = || ClassifyError::Input("the network looks at patches alone".to_owned());
        self.context.as_ref().ok_or_else(missing)
    }

    /// Compute the logits of pictures, `[batch, height, width]`, on this thread.
    fn alone(&self, values: &[f32], shape: [usize; 3]) -> Result<Vec<f32>, ClassifyError> {
        let (answer, [rows, columns]) = self.patch.run(values, shape)?;
        match &self.context {
            None => Ok(answer),
            Some(context) => Ok(context.alone.run(&answer, [shape[0], rows, columns])?.0),
        }
    }

    /// Share bands of rows out over the threads, each with the rows of pixels that reach into it.
    fn dense(
        &self,
        values: &[f32],
        [width, height]: [usize; 2],
        stride: usize,
    ) -> Result<Vec<f32>, ClassifyError> {
        in_bands((height - PATCH_SIZE) / stride + 1, |from, rows| {
            let pixels = (rows - 1) * stride + PATCH_SIZE;
            self.alone(&values[from * stride * width..][..pixels * width], [1, pixels, width])
        })
    }

    /// Do the same for a network with a context, each band with the surroundings of its patches.
    fn dense_in_context(
        &self,
        values: &[f32],
        [width, height]: [usize; 2],
        stride: usize,
    ) -> Result<Vec<f32>, ClassifyError> {
        let context = self.context()?;
        let margin = (CONTEXT_SIZE - PATCH_SIZE) / 2;
        in_bands((height - CONTEXT_SIZE) / stride + 1, |from, rows| {
            let pixels = (rows - 1) * stride + CONTEXT_SIZE;
            let canvas = &values[from * stride * width..][..pixels * width];
            let inner = [pixels - 2 * margin, width - 2 * margin];
            let patches: Vec<f32> = canvas
                .chunks_exact(width)
                .skip(margin)
                .take(inner[0])
                .flat_map(|row| &row[margin..margin + inner[1]])
                .copied()
                .collect();
            let (features, cells) = self.patch.run(&patches, [1, inner[0], inner[1]])?;
            let around = context.around_cells(canvas, [pixels, width], cells)?;
            context.logits(&features, &around, [1, cells[0], cells[1]])
        })
    }
}

impl Context {
    /// Compute logits from the features of patches and of what lies around them, `[batch, rows,
    /// columns, channels]` both.
    fn logits(
        &self,
        features: &[f32],
        around: &[f32],
        shape: [usize; 3],
    ) -> Result<Vec<f32>, ClassifyError> {
        let places = shape.iter().product::<usize>().max(1);
        let (own, others) = (features.len() / places, around.len() / places);
        let mut joined = Vec::with_capacity(features.len() + around.len());
        for (own, others) in features.chunks_exact(own).zip(around.chunks_exact(others)) {
            joined.extend_from_slice(own);
            joined.extend_from_slice(others);
        }
        let (mut logits, _) = self.alone.run(features, shape)?;
        let (added, _) = self.joint.run(&joined, shape)?;
        logits.iter_mut().zip(added).for_each(|(logit, added)| *logit += added);
        Ok(logits)
    }

    /// Compute features of what lies around the cells of a canvas, one every four of its pixels.
    /// Neighbours see halves that lie two pixels of theirs apart, one behind the first pooling. Before
    /// the second all of them share one map; that pooling parts the even from the odd on each axis.
    fn around_cells(
        &self,
        canvas: &[f32],
        [height, width]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) -> Result<Vec<f32>, ClassifyError> {
        let halved: Vec<f32> = canvas
            .chunks_exact(2 * width)
            .flat_map(|pair| {
                let (above, below) = pair.split_at(width);
                let sums = above.chunks_exact(2).zip(below.chunks_exact(2));
                sums.map(|(a, b)| (a[0] + a[1] + b[0] + b[1]) / 4.0)
            })
            .collect();
        let (near, sides) = self.near.run(&halved, [1, height / 2, width / 2])?;
        let mut around = Vec::new();
        for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let cells = [(rows + 1 - y) / 2, (columns + 1 - x) / 2];
            if cells.contains(&0) {
                continue;
            }
            let size = cells.map(|cells| cells + self.reach - 1);
            let pooled = pooled(&near, sides, [y, x], size);
            let (found, _) = self.far.run(&pooled, [1, size[0], size[1]])?;
            let channels = found.len() / (cells[0] * cells[1]);
            around.resize(rows * columns * channels, 0.0);
            for (at, features) in found.chunks_exact(channels).enumerate() {
                let (row, column) = (2 * (at / cells[1]) + y, 2 * (at % cells[1]) + x);
                around[(row * columns + column) * channels..][..channels].copy_from_slice(features);
            }
        }
        Ok(around)
    }
}

/// Return the largest of every 2 x 2 places of a map `[rows, columns, channels]`, from a place on and so
/// many of them down and across.
fn pooled(
    map: &[f32],
    [rows, columns]: [usize; 2],
    [top, left]: [usize; 2],
    [height, width]: [usize; 2],
) -> Vec<f32> {
    let channels = map.len() / (rows * columns);
    let mut pooled = Vec::with_capacity(height * width * channels);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let place = |down: usize, across: usize| {
            let at = (top + 2 * y + down) * columns + left + 2 * x + across;
            &map[at * channels..][..channels]
        };
        let [a, b, c, d] = [place(0, 0), place(0, 1), place(1, 0), place(1, 1)];
        let largest = a.iter().zip(b).zip(c.iter().zip(d));
        pooled.extend(largest.map(|((a, b), (c, d))| a.max(*b).max(c.max(*d))));
    }
    pooled
}

/// Share inputs of so many values each out over the threads, in rounds of equal parts that the engine
/// takes at once.
fn shared_out(
    values: &[f32],
    each: usize,
    compute: impl Fn(&[f32]) -> Result<Vec<f32>, ClassifyError> + Sync,
) -> Result<Vec<f32>, ClassifyError> {
    let inputs = values.len() / each;
    if threads() == 1 {
        return compute(values);
    }
    let rounds = inputs.div_ceil(threads() * Engine::BATCH).max(1);
    let part = inputs.div_ceil(threads() * rounds).max(1);
    in_parts(inputs.div_ceil(part), |i| {
        let end = values.len().min((i + 1) * part * each);
        compute(&values[i * part * each..end])
    })
}

/// Share rows of answers out over the threads: from which row on, and how many.
fn in_bands(
    rows: usize,
    compute: impl Fn(usize, usize) -> Result<Vec<f32>, ClassifyError> + Sync,
) -> Result<Vec<f32>, ClassifyError> {
    let bands = threads().min(rows.div_ceil(LEAST_BAND));
    if bands == 1 {
        return compute(0, rows);
    }
    in_parts(bands, |band| {
        let [from, until] = [band, band + 1].map(|edge| edge * rows / bands);
        compute(from, until - from)
    })
}

impl Inference for OnEngine {
    fn logits(&self, values: Vec<f32>) -> Logits<'_> {
        Box::pin(async move { self.patches(&values) })
    }

    fn dense_logits(&self, values: Vec<f32>, size: [usize; 2], stride: usize) -> Logits<'_> {
        Box::pin(async move { self.dense(&values, size, stride) })
    }

    fn logits_in_context(&self, views: Vec<f32>) -> Logits<'_> {
        Box::pin(async move { self.views(&views) })
    }

    fn dense_logits_in_context(
        &self,
        values: Vec<f32>,
        size: [usize; 2],
        stride: usize,
    ) -> Logits<'_> {
        Box::pin(async move { self.dense_in_context(&values, size, stride) })
    }

    fn name(&self) -> String {
        format!("Nodulens ({})", self.patch.engine.instructions().name())
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn engine(kind: NetworkKind) -> OnEngine {
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(1);
        OnEngine::new(kind, Parameters::random(kind, &mut rng)).unwrap()
    }

    #[test]
    fn no_view_has_no_answer_and_half_a_view_is_refused() {
        let engine_in_context = engine(NetworkKind::Context);
        assert_eq!(engine_in_context.views(&[]), Ok(Vec::new()));
        assert_eq!(
            engine_in_context.views(&[0.5; 2 * VIEW_SAMPLES]).map(|found| found.len()),
            Ok(4)
        );
        for engine in [engine_in_context, engine(NetworkKind::Compact)] {
            let refused = engine.views(&[0.5; VIEW_SAMPLES - 1]);
            assert!(matches!(refused, Err(ClassifyError::Input(_))), "{refused:?}");
        }
    }
}
