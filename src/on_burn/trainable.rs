//! A network's table as it is trained: with dropout, and with tied kernels and batch normalisation
//! where the table says so.

use super::maps::{Maps, Then};
use super::tied_conv::TiedConv;
use crate::model::symmetry::SYMMETRIES;
use crate::model::{ContextLayers, LayerInfo, NetworkKind, Operation};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A layer that has parameters.
#[derive(Module, Debug)]
// There are a dozen of them, so nothing is saved by a box.
#[allow(clippy::large_enum_variant)]
pub(super) enum Trained {
    Tied(TiedConv),
    Convolution(Conv2d),
    Dense(Linear),
}

/// A network in training.
#[derive(Module, Debug)]
pub struct Trainable {
    #[module(skip)]
    pub(super) kind: NetworkKind,
    #[module(skip)]
    layers: Vec<LayerInfo>,
    #[module(skip)]
    context: Option<ContextLayers>,
    /// Of each layer that has some, in the order of [`NetworkKind::all_layers`].
    pub(super) trained: Vec<Trained>,
    dropout: Dropout,
}

impl Trainable {
    /// Draw fresh weights, with a share of units dropped in training, in [0, 1). Seed the device first
    /// to make the weights reproducible.
    #[must_use]
    pub fn new(kind: NetworkKind, device: &Device, dropout: f64) -> Self {
        let (layers, context) = (kind.layers(), kind.context());
        let all = kind.all_layers();
        let trained = all.iter().filter_map(|layer| fresh(kind, layer, device)).collect();
        Self { kind, layers, context, trained, dropout: DropoutConfig::new(dropout).init() }
    }

    /// Return which network it is.
    #[must_use]
    pub fn kind(&self) -> NetworkKind {
        self.kind
    }

    /// Compute logits, with dropout and the batch's own statistics on an autodiff device.
    ///
    /// # Shapes
    /// `[B, 1, 50, 50]` in [0, 1] -> `[B, 2]`
    #[must_use]
    pub fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        let mut trained = self.trained.iter();
        self.through(&self.layers, &mut trained, Flow::of(Maps::of_patches(patches))).numbers()
    }

    /// Compute the logits of patches alone, and those with their surroundings; the former alone of a
    /// network that does not look at them.
    ///
    /// # Shapes
    /// Patches, and their surroundings at half the resolution: `[B, 2, 50, 50]` in [0, 1] ->
    /// `[B, 2]` each
    #[must_use]
    pub fn forward_in_context(&self, views: Tensor<4>) -> (Tensor<2>, Option<Tensor<2>>) {
        let [patches, surroundings] = pictures(views);
        self.both(Maps::of_patches(patches), Maps::of_patches(surroundings))
    }

    fn both(&self, patches: Maps, surroundings: Maps) -> (Tensor<2>, Option<Tensor<2>>) {
        let mut trained = self.trained.iter();
        let Some(ContextLayers { trunk, joined, head }) = &self.context else {
            return (self.through(&self.layers, &mut trained, Flow::of(patches)).numbers(), None);
        };
        let (before, after) = self.layers.split_at(*joined);
        let features = self.through(before, &mut trained, Flow::of(patches));
        let alone = self.through(after, &mut trained, features.clone()).numbers();
        let around = self.through(trunk, &mut trained, Flow::of(surroundings));
        let joined = Flow::of(features.maps.joined(around.maps));
        let added = self.through(head, &mut trained, joined).numbers();
        (alone.clone(), Some(alone + added))
    }

    /// Take maps through layers, which take their parameters in turn.
    fn through<'a>(
        &self,
        layers: &[LayerInfo],
        trained: &mut impl Iterator<Item = &'a Trained>,
        flow: Flow,
    ) -> Flow {
        let Flow { mut maps, mut features } = flow;
        for (at, layer) in layers.iter().enumerate() {
            let parameters = layer.weight_shape().and_then(|_| trained.next());
            let next = layers.get(at + 1).map(|next| next.operation);
            let pool = next == Some(Operation::MaxPool);
            match (layer.operation, parameters) {
                (Operation::Convolution { .. }, Some(Trained::Tied(conv))) => {
                    maps = conv.forward(maps, pool);
                }
                (Operation::Convolution { padding, .. }, Some(Trained::Convolution(conv))) => {
                    let bias = Then::Bias(bias(conv.bias.as_ref()));
                    maps = maps.convolved(conv.weight.val(), bias, padding, pool);
                }
                (Operation::Dense { relu: cut }, Some(Trained::Dense(dense))) => {
                    let before = features.unwrap_or_else(|| self.features(maps.clone()));
                    let after = dense.forward(before);
                    features = Some(if cut { relu(after) } else { after });
                }
                (Operation::Dropout, _) => features = features.map(|x| self.dropout.forward(x)),
                // Pooling is done with the convolution before it, the mean with the head behind it.
                _ => {}
            }
        }
        Flow { maps, features }
    }

    /// Return what a dense layer reads of maps.
    fn features(&self, maps: Maps) -> Tensor<2> {
        match self.kind.is_tied() {
            true => self.dropout.forward(maps.field_means()),
            false => maps.flattened(),
        }
    }
}

/// What layers hand on.
#[derive(Clone, Debug)]
struct Flow {
    /// Of the last convolution.
    maps: Maps,
    /// Of the last dense layer behind it.
    features: Option<Tensor<2>>,
}

impl Flow {
    fn of(maps: Maps) -> Self {
        Self { maps, features: None }
    }

    /// Return everything as a row, `[B, numbers]`.
    fn numbers(self) -> Tensor<2> {
        self.features.unwrap_or_else(|| self.maps.flattened())
    }
}

/// Take views apart: `[B, 2, 50, 50]` to patches and surroundings, `[B, 1, 50, 50]` each.
pub(super) fn pictures(views: Tensor<4>) -> [Tensor<4>; 2] {
    [0, 1].map(|which| views.clone().narrow(1, which, 1))
}

/// Take the bias, which every layer of ours has.
pub(super) fn bias(bias: Option<&Param<Tensor<1>>>) -> Tensor<1> {
    match bias {
        Some(bias) => bias.val(),
        None => unreachable!("convolutions and dense layers are made with a bias"),
    }
}

/// Draw the parameters of a layer; `None` where it has none.
fn fresh(kind: NetworkKind, layer: &LayerInfo, device: &Device) -> Option<Trained> {
    let (inputs, outputs) = (layer.input_shape[0], layer.outputs());
    match layer.operation {
        Operation::Convolution { kernel, .. } if kind.is_tied() => {
            Some(Trained::Tied(TiedConv::new([inputs, outputs], kernel, device)))
        }
        Operation::Convolution { kernel, padding } => {
            let config = Conv2dConfig::new([inputs, outputs], [kernel, kernel]);
            let padding = if padding > 0 { PaddingConfig2d::Same } else { PaddingConfig2d::Valid };
            Some(Trained::Convolution(config.with_padding(padding).init(device)))
        }
        Operation::Dense { .. } => {
            let inputs: usize = layer.input_shape.iter().product();
            let inputs = if kind.is_tied() { inputs / SYMMETRIES } else { inputs };
            Some(Trained::Dense(LinearConfig::new(inputs, outputs).init(device)))
        }
        _ => None,
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::constants::PATCH_SIZE;
    use crate::on_burn::test::{pictures as drawn_pictures, trainable};
    use burn::module::ModuleVisitor;
    use burn::optim::GradientsParams;
    use burn::tensor::activation::log_softmax;

    /// Every parameter's gradient, in order.
    struct Gradients<'a> {
        of: &'a GradientsParams,
        found: Vec<Vec<f32>>,
    }

    impl ModuleVisitor for Gradients<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.of.get::<D>(param.id) {
                self.found.push(gradient.into_data().try_to_vec().unwrap());
            }
        }
    }

    /// Every number of a network, in order: parameters and running statistics.
    #[derive(Default)]
    struct Numbers(Vec<Vec<f32>>);

    impl ModuleVisitor for Numbers {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(param.val().into_data().try_to_vec().unwrap());
        }
    }

    type Found = Vec<Vec<f32>>;

    /// Logits, gradients and statistics after a step, by our engine or by Burn's own operations.
    fn step(network: &Trainable, patches: &Tensor<4>, own: bool) -> (Vec<f32>, Found, Found) {
        let begin = if own { Maps::of_patches } else { Maps::as_burn };
        let [patches, surroundings] = pictures(patches.clone()).map(begin);
        let (logits, in_context) = network.both(patches, surroundings);
        // A few weights that make the classes unlike.
        let share = Tensor::<1>::from_data([0.25, -1.0], &logits.device()).unsqueeze();
        let loss = |logits: Tensor<2>| (log_softmax(logits, 1) * share.clone()).sum();
        let logits = match in_context {
            Some(both) => logits + both * 0.7,
            None => logits,
        };
        let loss = loss(logits.clone());
        let of = GradientsParams::from_grads(loss.backward(), network);
        let mut gradients = Gradients { of: &of, found: Vec::new() };
        network.visit(&mut gradients);
        let mut numbers = Numbers::default();
        network.valid().visit(&mut numbers);
        (logits.into_data().try_to_vec().unwrap(), gradients.found, numbers.0)
    }

    /// The largest difference, in shares of the largest number.
    fn apart(found: &[f32], expected: &[f32]) -> f32 {
        assert_eq!(found.len(), expected.len());
        let most = expected.iter().fold(1e-6_f32, |most, one| most.max(one.abs()));
        let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        differences.fold(0.0, f32::max) / most
    }

    #[test]
    fn a_step_on_our_engine_is_one_by_burns_own_operations() {
        let device = Device::flex().autodiff();
        for kind in NetworkKind::ALL {
            let network = || trainable(kind, 7, &device);
            let patches = drawn_pictures([6, 2, PATCH_SIZE, PATCH_SIZE], 7, &device);
            let (logits, gradients, numbers) = step(&network(), &patches, true);
            let (expected, by_burn, by_burn_numbers) = step(&network(), &patches, false);
            assert!(apart(&logits, &expected) < 1e-4, "{kind:?}: {logits:?} and {expected:?}");
            assert_eq!(gradients.len(), by_burn.len());
            assert!(gradients.len() >= 2 * network().trained.len());
            for (found, expected) in gradients.iter().zip(&by_burn) {
                let worst = apart(found, expected);
                // A gain of one field or two is a sum of thousands of numbers that nearly cancel, with
                // nothing larger beside it to measure their rounding by.
                let most = if found.len() <= 2 { 1e-3 } else { 1e-4 };
                assert!(worst < most, "{kind:?}, {} numbers: {worst}", expected.len());
            }
            assert_eq!(numbers.len(), by_burn_numbers.len());
            for (found, expected) in numbers.iter().zip(&by_burn_numbers) {
                let worst = apart(found, expected);
                assert!(worst < 1e-5, "{kind:?}, {} numbers: {worst}", expected.len());
            }
        }
    }
}
