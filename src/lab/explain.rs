//! Why this answer: which pixels of a patch speak for a nodule, by four methods.
//!
//! All of them explain the same number, the evidence: the logit of "nodule" less that of "no
//! nodule", divided by the temperature. Its sign is the decision at even odds, and its logistic
//! function the probability; unlike the probability it does not saturate.
//!
//! | map | what a pixel's value is |
//! |---|---|
//! | [`Explainer::gradient`] | how fast the evidence grows with the pixel's grey (Simonyan et al. 2013) |
//! | [`Explainer::smooth_gradient`] | the same, averaged over noisy copies (SmoothGrad, Smilkov et al. 2017) |
//! | [`Explainer::class_activation`] | a layer's maps, weighted by their mean gradient (Grad-CAM, Selvaraju et al. 2017) |
//! | [`Occlusion`] | how much evidence is lost where a square is covered (Zeiler & Fergus 2014) |
//!
//! Where a network sees the surroundings of a patch, what is explained is the answer with them, and a
//! map has a value for each pixel of the canvas, 100 x 100 with the patch in the middle: a pixel of the
//! patch counts in both parts of the network, and each pixel of the canvas is a quarter of one of the
//! halved canvas.

mod map;
mod occlusion;

pub use map::{ExplainError, Map};
pub use occlusion::{COVER_SIDE, COVER_STEP, Occlusion};

use map::MARGIN;

use super::looked_at;
use crate::constants::{CLASS_NODULE, CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use crate::model::{LayerInfo, NetworkKind, Operation};
use crate::on_burn::{Network, batch_tensor, view_tensor};
use crate::preprocess::view;
use crate::weights::{Head, Parameter, WeightsFile};
use burn::tensor::{Device, Tensor};
use nodulens_imaging::phantom::normal;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// Copies that SmoothGrad averages.
pub const SMOOTH_COPIES: usize = 32;
/// Standard deviation of their noise, as a share of the patch's range of greys.
pub const SMOOTH_NOISE: f32 = 0.1;
/// By what a layer's maps are weighted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapWeights {
    /// The derivative's mean over the map: Grad-CAM.
    Mean,
    /// The derivative at each place: HiResCAM (Draelos & Carin 2020).
    Place,
}

/// Logit of "nodule" less that of the other, summed over the batch: every patch's own derivative
/// is then that of its own evidence.
fn evidence(logits: Tensor<4>, temperature: f32) -> Tensor<1> {
    let [batch, ..] = logits.dims();
    let of = |class: usize| logits.clone().slice([0..batch, class..class + 1, 0..1, 0..1]);
    (of(CLASS_NODULE) - of(1 - CLASS_NODULE)).div_scalar(temperature).sum()
}

fn numbers<const D: usize>(tensor: Option<Tensor<D>>) -> Result<Vec<f32>, ExplainError> {
    let tensor = tensor.ok_or_else(|| ExplainError::Device("there are none".to_owned()))?;
    tensor.into_data().try_to_vec().map_err(|error| ExplainError::Device(format!("{error:?}")))
}

/// Derivatives of the evidence by each value of each patch.
///
/// # Shapes
/// `[B, 50, 50]` in [0, 1] -> `[B, 50, 50]`
///
/// # Errors
/// [`ExplainError::Size`] where there is not exactly a whole number of patches.
pub fn gradients(
    network: &Network,
    values: &[f32],
    temperature: f32,
    device: &Device,
) -> Result<Vec<f32>, ExplainError> {
    if values.is_empty() || !values.len().is_multiple_of(PATCH_SAMPLES) {
        return Err(ExplainError::Size(values.len()));
    }
    let patches = batch_tensor(values.to_vec(), device).require_grad();
    let logits = network.through(0..network.layers().len(), patches.clone());
    let gradients = evidence(logits, temperature).backward();
    numbers(patches.grad(&gradients))
}

/// The same of views, by each pixel of their canvases.
///
/// # Shapes
/// `[B, 2, 50, 50]` in [0, 1] -> `[B, 100, 100]`
fn canvas_gradients(
    network: &Network,
    views: &[f32],
    temperature: f32,
    device: &Device,
) -> Result<Vec<f32>, ExplainError> {
    let views = view_tensor(views.to_vec(), device).require_grad();
    let logits = network.forward_in_context(views.clone()).ok_or_else(blind)?;
    let gradients = evidence(logits.unsqueeze_dims(&[2, 3]), temperature).backward();
    let by_view = numbers(views.grad(&gradients))?;
    Ok(by_view.chunks_exact(VIEW_SAMPLES).flat_map(by_canvas).collect())
}

/// Turn derivatives by the values of a view into those by the pixels of its canvas.
fn by_canvas(view: &[f32]) -> Vec<f32> {
    let (patch, halved) = view.split_at(PATCH_SAMPLES);
    canvas(patch, halved, |patch, quarter| patch.unwrap_or(0.0) + quarter / 4.0)
}

/// Return what is known of a view's canvas, `100 * 100` in [0, 1]: the patch as it is, and around it
/// what is left at half the resolution. `None` where its surroundings are not known.
#[must_use]
pub fn canvas_of(view: &[f32]) -> Option<Vec<f32>> {
    let (patch, halved) = view.split_at_checked(PATCH_SAMPLES)?;
    let known = halved.first().is_some_and(|first| !first.is_nan());
    known.then(|| canvas(patch, halved, |patch, around| patch.unwrap_or(around)))
}

/// Make a canvas of a patch and a halved canvas, pixel by pixel.
fn canvas(patch: &[f32], halved: &[f32], pixel: impl Fn(Option<f32>, f32) -> f32) -> Vec<f32> {
    let on_patch = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < PATCH_SIZE);
    let mut canvas = Vec::with_capacity(CONTEXT_SIZE * CONTEXT_SIZE);
    for y in 0..CONTEXT_SIZE {
        canvas.extend((0..CONTEXT_SIZE).map(|x| {
            let own = on_patch(y).zip(on_patch(x)).map(|(y, x)| patch[y * PATCH_SIZE + x]);
            pixel(own, halved[y / 2 * PATCH_SIZE + x / 2])
        }));
    }
    canvas
}

/// Return which share of a map of a canvas lies around the patch, by absolute values; `None` of a patch
/// alone and of a map of nothing.
#[must_use]
pub fn share_outside(map: &[f32]) -> Option<f32> {
    if map.len() != CONTEXT_SIZE * CONTEXT_SIZE {
        return None;
    }
    let inside = MARGIN..MARGIN + PATCH_SIZE;
    let size = |value: &f32| f64::from(value.abs());
    let all: f64 = map.iter().map(size).sum();
    let rows = map.chunks_exact(CONTEXT_SIZE).take(inside.end).skip(inside.start);
    let patch: f64 = rows.flat_map(|row| &row[inside.clone()]).map(size).sum();
    (all > 0.0).then(|| (1.0 - patch / all) as f32)
}

/// A view was given to a network that looks at patches alone.
fn blind() -> ExplainError {
    ExplainError::Size(VIEW_SAMPLES)
}

/// What explains the answers of one network: its layers on a device that differentiates. It takes a
/// patch, 2,500 values, or a [`view`], 5,000, and explains the part of the
/// network that answers to it.
#[derive(Clone, Debug)]
pub struct Explainer {
    network: Network,
    /// By which the logits of a patch alone are divided, and of one with surroundings.
    temperatures: [f32; 2],
    device: Device,
}

impl Explainer {
    /// For a network as it is.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub fn new(opened: &WeightsFile) -> Result<Self, crate::weights::WeightsError> {
        let device = Device::flex().autodiff();
        let network = Network::new(opened.kind, opened.parameters.clone(), &device)?;
        let temperature = |head| opened.header.operating(head).temperature;
        let temperatures = [Head::Patch, Head::Context].map(temperature);
        Ok(Self { network, temperatures, device })
    }

    fn seen<'a>(&self, values: &'a [f32]) -> Result<(&'a [f32], Head), ExplainError> {
        looked_at(self.network.kind(), values).ok_or(ExplainError::Size(values.len()))
    }

    /// Return the derivatives for some patches or some views.
    fn gradients(&self, values: &[f32], head: Head) -> Result<Vec<f32>, ExplainError> {
        let [alone, in_context] = self.temperatures;
        match head {
            Head::Patch => gradients(&self.network, values, alone, &self.device),
            Head::Context => canvas_gradients(&self.network, values, in_context, &self.device),
        }
    }

    /// Input gradients of a patch or a view.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub fn gradient(&self, values: &[f32]) -> Result<Map, ExplainError> {
        let (values, head) = self.seen(values)?;
        self.gradients(values, head)
    }

    /// Return the mean of the gradients of noisy copies; the same seed gives the same noise.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub fn smooth_gradient(&self, values: &[f32], seed: u64) -> Result<Map, ExplainError> {
        let (values, head) = self.seen(values)?;
        let copies = noisy_copies(values, seed);
        let mut mean = Vec::new();
        // A few at a time keep the graph of a network of the paper's size small.
        for copies in copies.chunks(8) {
            let found = self.gradients(&copies.concat(), head)?;
            let pixels = found.len() / copies.len();
            mean.resize(pixels, 0.0);
            for (i, value) in found.iter().enumerate() {
                mean[i % pixels] += value / SMOOTH_COPIES as f32;
            }
        }
        Ok(mean)
    }

    /// Grad-CAM at a layer: its maps, weighted by the evidence's derivative, summed, and enlarged
    /// to the patch, or for a layer that looks at the surroundings to the canvas. The original cuts off
    /// what is negative; here it is kept, because it speaks against a nodule, and a patch without one
    /// has nothing else.
    ///
    /// # Errors
    /// [`ExplainError::Layer`] where the layer has no maps of more than one place, or has no part in
    /// this answer.
    pub fn class_activation(
        &self,
        values: &[f32],
        layer: &str,
        weights: MapWeights,
    ) -> Result<Map, ExplainError> {
        let (values, head) = self.seen(values)?;
        let found = |layers: &[LayerInfo]| {
            layers.iter().enumerate().find_map(|(at, info)| match info.output_shape[..] {
                [_, side, _] if info.name == layer && side > 1 => Some((at, side)),
                _ => None,
            })
        };
        let missing = || ExplainError::Layer(layer.to_owned());
        let network = &self.network;
        let layers = network.layers();
        let (patch, surroundings) = values.split_at(PATCH_SAMPLES);
        let picture = |values: &[f32]| batch_tensor(values.to_vec(), &self.device);
        let (maps, logits, side, enlarging);
        match (head, network.kind().context()) {
            (Head::Context, Some(context)) => {
                let trunk = &context.trunk;
                if let Some((at, own)) = found(&layers[..context.joined]) {
                    let before = network.through(0..at + 1, picture(patch));
                    maps = before.detach().require_grad();
                    let features = network.through(at + 1..context.joined, maps.clone());
                    let around = network.through_around(0..trunk.len(), picture(surroundings));
                    logits = around.and_then(|around| network.join(features, around));
                    (side, enlarging) = (own, Enlarging::of_patch(&layers[..at + 1]));
                } else {
                    let (at, own) = found(trunk).ok_or_else(missing)?;
                    let before = network.through_around(0..at + 1, picture(surroundings));
                    maps = before.ok_or_else(missing)?.detach().require_grad();
                    let around = network.through_around(at + 1..trunk.len(), maps.clone());
                    let features = network.through(0..context.joined, picture(patch));
                    logits = around.and_then(|around| network.join(features, around));
                    (side, enlarging) = (own, Enlarging::of_canvas(&trunk[..at + 1]));
                }
            }
            _ => {
                let (at, own) = found(layers).ok_or_else(missing)?;
                maps = network.through(0..at + 1, picture(patch)).detach().require_grad();
                logits = Some(network.through(at + 1..layers.len(), maps.clone()));
                (side, enlarging) = (own, Enlarging::of_patch(&layers[..at + 1]));
            }
        }
        let [alone, in_context] = self.temperatures;
        let temperature = if head == Head::Context { in_context } else { alone };
        let gradients = evidence(logits.ok_or_else(missing)?, temperature).backward();
        let by_place = numbers(maps.grad(&gradients))?;
        let maps = numbers(Some(maps))?;
        let places = side * side;
        let mut sum = vec![0.0; places];
        for (map, by_place) in maps.chunks_exact(places).zip(by_place.chunks_exact(places)) {
            let mean = by_place.iter().sum::<f32>() / places as f32;
            for ((sum, value), here) in sum.iter_mut().zip(map).zip(by_place) {
                *sum += value
                    * match weights {
                        MapWeights::Mean => mean,
                        MapWeights::Place => *here,
                    };
            }
        }
        Ok(enlarging.enlarged(&sum, side))
    }
}

/// Return the layers that [`Explainer::class_activation`] can look at where this part of a network
/// answers; the one to begin with, the last convolution of the patch, as usual; and the weights for it:
/// where a dense layer follows, every place counts in its own way, and a mean over places would turn the
/// map upside down (for the paper's network it does: correlation with occlusion -0.69 on synthetic
/// nodules, place by place 0.68).
#[must_use]
pub fn layers_with_maps(
    kind: NetworkKind,
    head: Head,
) -> (Vec<&'static str>, &'static str, MapWeights) {
    let layers = kind.layers();
    let with_map = |layer: &&LayerInfo| {
        matches!(layer.operation, Operation::Convolution { .. })
            && layer.output_shape.get(1).is_some_and(|side| *side > 1)
    };
    let mut names: Vec<_> = layers.iter().filter(with_map).map(|layer| layer.name).collect();
    let last = names.last().copied().unwrap_or_default();
    if let (Head::Context, Some(context)) = (head, kind.context()) {
        names.extend(context.trunk.iter().filter(with_map).map(|layer| layer.name));
    }
    let mut behind = layers.iter().skip_while(|layer| layer.name != last).skip(1);
    let weights = match behind.find(|layer| layer.operation != Operation::MaxPool) {
        Some(LayerInfo { operation: Operation::Dense { .. }, .. }) => MapWeights::Place,
        _ => MapWeights::Mean,
    };
    (names, last, weights)
}

/// How a layer's map lies on the pixels of a patch, or of a canvas: each place stands at the middle of
/// what it sees, linear between, and beyond the outermost ones as they are.
struct Enlarging {
    /// Pixels along a side.
    side: usize,
    /// Middle of the first place, in pixels.
    first: f32,
    /// Pixels from one place to the next.
    step: f32,
}

impl Enlarging {
    /// Of the last of layers that begin with a patch.
    fn of_patch(layers: &[LayerInfo]) -> Self {
        Self { side: PATCH_SIZE, first: 0.0, step: 1.0 }.behind(layers)
    }

    /// Of the last of layers that begin with a halved canvas.
    fn of_canvas(layers: &[LayerInfo]) -> Self {
        Self { side: CONTEXT_SIZE, first: 0.5, step: 2.0 }.behind(layers)
    }

    fn behind(mut self, layers: &[LayerInfo]) -> Self {
        let Self { first, step, .. } = &mut self;
        for layer in layers {
            match layer.operation {
                Operation::Convolution { kernel, padding } => {
                    *first += *step * ((kernel as f32 - 1.0) / 2.0 - padding as f32);
                }
                Operation::MaxPool => {
                    *first += *step / 2.0;
                    *step *= 2.0;
                }
                _ => {}
            }
        }
        self
    }

    /// Enlarge a map of `side` places a side.
    fn enlarged(&self, map: &[f32], side: usize) -> Map {
        let place = |pixel: usize| {
            let at = ((pixel as f32 - self.first) / self.step).clamp(0.0, (side - 1) as f32);
            let low = (at as usize).min(side - 1);
            (low, (low + 1).min(side - 1), at - low as f32)
        };
        let mut out = Vec::with_capacity(self.side * self.side);
        for y in 0..self.side {
            let (top, bottom, down) = place(y);
            for x in 0..self.side {
                let (left, right, along) = place(x);
                let row =
                    |y: usize| map[y * side + left] * (1.0 - along) + map[y * side + right] * along;
                out.push(row(top) * (1.0 - down) + row(bottom) * down);
            }
        }
        out
    }
}

/// Make the sanity check of Adebayo et al. 2018: the same network with the numbers of each
/// parameter shuffled. A map that stays as it was does not show what the network has learnt.
#[must_use]
pub fn shuffled(opened: &WeightsFile, seed: u64) -> WeightsFile {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let parameters = opened.parameters.iter().map(|(name, parameter)| {
        let mut values = parameter.values.clone();
        values.shuffle(&mut rng);
        (name.to_owned(), Parameter { shape: parameter.shape.clone(), values })
    });
    WeightsFile { parameters: parameters.collect(), ..opened.clone() }
}

/// Pearson's correlation of two maps, in [-1, 1]; 0 where one of them is flat.
#[must_use]
pub fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |map: &[f32]| map.iter().map(|v| f64::from(*v)).sum::<f64>() / map.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut alone_a, mut alone_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a) - mean_a, f64::from(*b) - mean_b);
        both += a * b;
        alone_a += a * a;
        alone_b += b * b;
    }
    let scale = (alone_a * alone_b).sqrt();
    if scale > 0.0 { (both / scale) as f32 } else { 0.0 }
}

/// Return what SmoothGrad looks at instead of a patch or a view, [`SMOOTH_COPIES`] of them. The noise is
/// that of the canvas's pixels: the same in the patch, and of the halved canvas the mean of four.
#[must_use]
pub fn noisy_copies(values: &[f32], seed: u64) -> Vec<Vec<f32>> {
    let range =
        values.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let deviation = SMOOTH_NOISE * (range.1 - range.0);
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut noise =
        |pixels: usize| -> Vec<f32> { (0..pixels).map(|_| deviation * normal(&mut rng)).collect() };
    let mut copy = || {
        let noise = match values.len() {
            VIEW_SAMPLES => view(&noise(CONTEXT_SIZE * CONTEXT_SIZE)),
            pixels => noise(pixels),
        };
        values.iter().zip(noise).map(|(value, noise)| value + noise).collect()
    };
    (0..SMOOTH_COPIES).map(|_| copy()).collect()
}
