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

use crate::constants::{CLASS_NODULE, CLASSES, PATCH_SAMPLES, PATCH_SIZE};
use crate::model::{LayerInfo, NetworkKind, Operation};
use crate::on_burn::{Network, batch_tensor};
use crate::weights::{Parameter, WeightsFile};
use burn::tensor::{Device, Tensor};
use nodulens_imaging::UserError;
use nodulens_imaging::phantom::normal;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// Copies that SmoothGrad averages.
pub const SMOOTH_COPIES: usize = 32;
/// Standard deviation of their noise, as a share of the patch's range of greys.
pub const SMOOTH_NOISE: f32 = 0.1;
/// Side of the square that covers, pixels: about the size of the smallest nodule that counts.
pub const COVER_SIDE: usize = 8;
/// Pixels from one place of the square to the next.
pub const COVER_STEP: usize = 2;

/// By what a layer's maps are weighted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapWeights {
    /// The derivative's mean over the map: Grad-CAM.
    Mean,
    /// The derivative at each place: HiResCAM (Draelos & Carin 2020).
    Place,
}

/// A value a pixel, `50 * 50`, row-major.
pub type Map = Vec<f32>;

/// Why a network gives no map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// Not 2,500 numbers.
    #[error("a patch has {PATCH_SAMPLES} values, and {0} were given")]
    Size(usize),
    /// A layer that has no maps, or that the network does not have.
    #[error("{0} is no layer with maps of this network")]
    Layer(String),
    /// The device did not give the numbers back.
    #[error("the gradients could not be read: {0}")]
    Device(String),
}

impl UserError for ExplainError {
    fn code(&self) -> &'static str {
        "not-explained"
    }

    fn hint(&self) -> &'static str {
        "Choose another patch or another network."
    }
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

/// What explains the answers of one network: its layers on a device that differentiates.
#[derive(Clone, Debug)]
pub struct Explainer {
    network: Network,
    temperature: f32,
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
        Ok(Self { network, temperature: opened.header.temperature, device })
    }

    /// Input gradients of a patch.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub fn gradient(&self, patch: &[f32]) -> Result<Map, ExplainError> {
        gradients(&self.network, one(patch)?, self.temperature, &self.device)
    }

    /// Return the mean of the gradients of noisy copies; the same seed gives the same noise.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub fn smooth_gradient(&self, patch: &[f32], seed: u64) -> Result<Map, ExplainError> {
        let copies = noisy_copies(one(patch)?, seed);
        let mut mean = vec![0.0; PATCH_SAMPLES];
        // A few at a time keep the graph of a network of the paper's size small.
        for copies in copies.chunks(8) {
            let copies = copies.concat();
            let found = gradients(&self.network, &copies, self.temperature, &self.device)?;
            for (i, value) in found.iter().enumerate() {
                mean[i % PATCH_SAMPLES] += value / SMOOTH_COPIES as f32;
            }
        }
        Ok(mean)
    }

    /// Grad-CAM at a layer: its maps, weighted by the evidence's derivative, summed, and enlarged
    /// to the patch. The original cuts off what is negative; here it is kept, for it speaks against
    /// a nodule, and a patch without one has nothing else.
    ///
    /// # Errors
    /// [`ExplainError::Layer`] where the layer has no maps of more than one place.
    pub fn class_activation(
        &self,
        patch: &[f32],
        layer: &str,
        weights: MapWeights,
    ) -> Result<Map, ExplainError> {
        let patch = one(patch)?;
        let (at, side) = self
            .network
            .layers()
            .iter()
            .enumerate()
            .find_map(|(at, info)| match info.output_shape[..] {
                [_, side, _] if info.name == layer && side > 1 => Some((at, side)),
                _ => None,
            })
            .ok_or_else(|| ExplainError::Layer(layer.to_owned()))?;
        let patches = batch_tensor(patch.to_vec(), &self.device);
        let maps = self.network.through(0..at + 1, patches).detach().require_grad();
        let rest = at + 1..self.network.layers().len();
        let logits = self.network.through(rest, maps.clone());
        let gradients = evidence(logits, self.temperature).backward();
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
        Ok(enlarged(&sum, side, self.network.layers().iter().take(at + 1)))
    }
}

/// Return the layers that [`Explainer::class_activation`] can look at; the one to begin with, the
/// last convolution, as usual; and the weights for it: where a dense layer follows, every place
/// counts in its own way, and a mean over places would turn the map upside down (for the paper's
/// network it does: correlation with occlusion -0.69 on synthetic nodules, place by place 0.68).
#[must_use]
pub fn layers_with_maps(kind: NetworkKind) -> (Vec<&'static str>, &'static str, MapWeights) {
    let layers = kind.layers();
    let with_map = |layer: &&LayerInfo| {
        matches!(layer.operation, Operation::Convolution { .. })
            && layer.output_shape.get(1).is_some_and(|side| *side > 1)
    };
    let names: Vec<_> = layers.iter().filter(with_map).map(|layer| layer.name).collect();
    let last = names.last().copied().unwrap_or_default();
    let mut behind = layers.iter().skip_while(|layer| layer.name != last).skip(1);
    let weights = match behind.find(|layer| layer.operation != Operation::MaxPool) {
        Some(LayerInfo { operation: Operation::Dense { .. }, .. }) => MapWeights::Place,
        _ => MapWeights::Mean,
    };
    (names, last, weights)
}

/// A map of a layer on the patch's own pixels: each place stands at the middle of what it sees,
/// linear between, and beyond the outermost ones as they are.
fn enlarged<'a>(map: &[f32], side: usize, layers: impl Iterator<Item = &'a LayerInfo>) -> Map {
    // Middle of the first place and pixels from one place to the next, in pixels of the patch.
    let (mut first, mut step) = (0.0f32, 1.0f32);
    for layer in layers {
        match layer.operation {
            Operation::Convolution { kernel, padding } => {
                first += step * ((kernel as f32 - 1.0) / 2.0 - padding as f32);
            }
            Operation::MaxPool => {
                first += step / 2.0;
                step *= 2.0;
            }
            _ => {}
        }
    }
    let place = |pixel: usize| {
        let at = ((pixel as f32 - first) / step).clamp(0.0, (side - 1) as f32);
        let low = (at as usize).min(side - 1);
        (low, (low + 1).min(side - 1), at - low as f32)
    };
    let mut out = Vec::with_capacity(PATCH_SAMPLES);
    for y in 0..PATCH_SIZE {
        let (top, bottom, down) = place(y);
        for x in 0..PATCH_SIZE {
            let (left, right, along) = place(x);
            let row =
                |y: usize| map[y * side + left] * (1.0 - along) + map[y * side + right] * along;
            out.push(row(top) * (1.0 - down) + row(bottom) * down);
        }
    }
    out
}

/// A patch with a square covered, place by place. The square is filled with the patch's median,
/// which in the lung is lung.
#[derive(Clone, Debug)]
pub struct Occlusion {
    patch: Vec<f32>,
    temperature: f32,
    fill: f32,
    /// Evidence without a cover, once it is known.
    whole: Option<f32>,
    /// Of each place, row-major.
    lost: Vec<f32>,
}

/// Places of the square along a side; at the edges it hangs over, so that every pixel is covered
/// equally often.
const PLACES: usize = (PATCH_SIZE + COVER_SIDE) / COVER_STEP - 1;

impl Occlusion {
    /// Begin with a patch, for a network of this temperature.
    ///
    /// # Errors
    /// [`ExplainError::Size`].
    pub fn new(patch: &[f32], temperature: f32) -> Result<Self, ExplainError> {
        let patch = one(patch)?.to_vec();
        let mut sorted = patch.clone();
        sorted.sort_by(f32::total_cmp);
        let fill = sorted[PATCH_SAMPLES / 2];
        Ok(Self { patch, temperature, fill, whole: None, lost: Vec::new() })
    }

    /// Patches asked for so far, and all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.lost.len(), PLACES * PLACES)
    }

    /// Model values of the next patches, the first time with the uncovered one in front; empty
    /// when all are done.
    #[must_use]
    pub fn next(&self, most: usize) -> Vec<f32> {
        let (done, all) = self.progress();
        let covered = (done..all.min(done + most)).flat_map(|place| self.covered(place));
        let whole = self.whole.is_none().then(|| self.patch.clone());
        whole.into_iter().flatten().chain(covered).collect()
    }

    /// Take the network's logits for what [`Self::next`] gave, two a patch.
    pub fn take(&mut self, logits: &[f32]) {
        let (pairs, _) = logits.as_chunks::<CLASSES>();
        let temperature = self.temperature;
        let mut evidence =
            pairs.iter().map(|pair| (pair[CLASS_NODULE] - pair[1 - CLASS_NODULE]) / temperature);
        if self.whole.is_none() {
            self.whole = evidence.next();
        }
        let whole = self.whole.unwrap_or_default();
        let room = PLACES * PLACES - self.lost.len();
        self.lost.extend(evidence.take(room).map(|evidence| whole - evidence));
    }

    /// Return the mean of the evidence lost over all squares that cover a pixel.
    #[must_use]
    pub fn map(&self) -> Map {
        let mut sum = vec![0.0; PATCH_SAMPLES];
        let mut count = vec![0.0f32; PATCH_SAMPLES];
        for (place, lost) in self.lost.iter().enumerate() {
            for pixel in pixels(place) {
                sum[pixel] += lost;
                count[pixel] += 1.0;
            }
        }
        sum.iter().zip(count).map(|(sum, count)| sum / count.max(1.0)).collect()
    }

    fn covered(&self, place: usize) -> Vec<f32> {
        let mut patch = self.patch.clone();
        for pixel in pixels(place) {
            patch[pixel] = self.fill;
        }
        patch
    }
}

/// Pixels under the square at a place.
fn pixels(place: usize) -> impl Iterator<Item = usize> {
    let along = |place: usize| {
        let end = (place + 1) * COVER_STEP;
        end.saturating_sub(COVER_SIDE)..end.min(PATCH_SIZE)
    };
    let (rows, columns) = (along(place / PLACES), along(place % PLACES));
    rows.flat_map(move |y| columns.clone().map(move |x| y * PATCH_SIZE + x))
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

/// Return what SmoothGrad looks at instead of the patch, [`SMOOTH_COPIES`] patches.
#[must_use]
pub fn noisy_copies(patch: &[f32], seed: u64) -> Vec<Vec<f32>> {
    let range =
        patch.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let deviation = SMOOTH_NOISE * (range.1 - range.0);
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut copy = || patch.iter().map(|value| value + deviation * normal(&mut rng)).collect();
    (0..SMOOTH_COPIES).map(|_| copy()).collect()
}

fn one(patch: &[f32]) -> Result<&[f32], ExplainError> {
    if patch.len() == PATCH_SAMPLES { Ok(patch) } else { Err(ExplainError::Size(patch.len())) }
}
