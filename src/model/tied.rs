//! Our network as it is trained: convolutions whose kernels are tied under the eight symmetries
//! of the square (Cohen and Welling, "Group Equivariant Convolutional Networks", 2016), each with
//! batch normalisation. What ships is an ordinary network with the ties written out.

use super::compact::{CompactNet, Widths};
use super::symmetry::{SYMMETRIES, group_index, lifting_index};
use crate::method::CLASSES;
use burn::module::{Initializer, Module, Param};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Values of a 3 x 3 kernel.
const KERNEL: usize = 9;

/// A 3 x 3 convolution without padding, then batch normalisation and ReLU. Channels come in
/// fields of eight, one channel a symmetry; turn the input and the channels of a field turn and
/// change places, and nothing else happens.
#[derive(Module, Debug)]
pub struct TiedConv {
    /// `[F out, F in, 72]`, or `[F out, 1, 9]` where the input is a picture.
    weight: Param<Tensor<3>>,
    norm: BatchNorm,
}

impl TiedConv {
    /// `channels`: in (1 or a multiple of 8) and out (a multiple of 8).
    fn new(channels: [usize; 2], device: &Device) -> Self {
        let [from, to] = channels;
        let (fields, values) = match from {
            1 => (1, KERNEL),
            _ => (from / SYMMETRIES, SYMMETRIES * KERNEL),
        };
        // He et al. 2015, for ReLU: every output sums `from * 9` products.
        let std = (2.0 / (KERNEL * from) as f64).sqrt();
        let weight =
            Initializer::Normal { mean: 0.0, std }.init([to / SYMMETRIES, fields, values], device);
        Self { weight, norm: BatchNormConfig::new(to / SYMMETRIES).init(device) }
    }

    /// The kernels with all ties written out.
    ///
    /// # Shapes
    /// `[C out, C in, 3, 3]`
    fn kernels(&self) -> Tensor<4> {
        let [to, from, values] = self.weight.dims();
        let turned_inputs = values / KERNEL;
        let index = if turned_inputs == 1 { lifting_index() } else { group_index() };
        let index: Vec<i32> = index.into_iter().map(|place| place as i32).collect();
        let index = TensorData::new(index, [SYMMETRIES * values]);
        let index = Tensor::<1, Int>::from_data(index, &self.weight.device());
        self.weight
            .val()
            .select(2, index)
            .reshape([to, from, SYMMETRIES, values])
            .swap_dims(1, 2)
            .reshape([to * SYMMETRIES, from * turned_inputs, 3, 3])
    }

    /// `[B, C in, H, W]` -> `[B, C out, H - 2, W - 2]`
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let x = conv2d(x, self.kernels(), None, options);
        let [batch, channels, height, width] = x.dims();
        // One mean and one variance a field: its channels are the same thing turned.
        let fields = [batch, channels / SYMMETRIES, SYMMETRIES * height, width];
        let x = self.norm.forward(x.reshape(fields));
        relu(x.reshape([batch, channels, height, width]))
    }

    /// Kernels and bias with the normalisation folded in.
    ///
    /// # Shapes
    /// `[C out, C in, 3, 3]` and `[C out]`
    fn folded(&self) -> (Tensor<4>, Tensor<1>) {
        let norm = &self.norm;
        let variance = norm.running_var.value() + norm.epsilon;
        let scale = norm.gamma.val() / variance.sqrt();
        let bias = norm.beta.val() - norm.running_mean.value() * scale.clone();
        let spread = |fields: Tensor<1>| {
            let [count] = fields.dims();
            fields.reshape([count, 1]).repeat_dim(1, SYMMETRIES).reshape([count * SYMMETRIES])
        };
        let scale = spread(scale);
        let [channels] = scale.dims();
        (self.kernels() * scale.reshape([channels, 1, 1, 1]), spread(bias))
    }
}

/// [`CompactNet`] in training.
#[derive(Module, Debug)]
pub struct TiedCompactNet {
    conv1: TiedConv,
    conv2: TiedConv,
    conv3: TiedConv,
    conv4: TiedConv,
    conv5: TiedConv,
    conv6: TiedConv,
    pool: MaxPool2d,
    dropout: Dropout,
    fc: Linear,
}

impl TiedCompactNet {
    pub(super) fn new(widths: Widths, device: &Device, dropout: f64) -> Self {
        let conv = |i: usize| TiedConv::new([widths[i], widths[i + 1]], device);
        Self {
            conv1: conv(0),
            conv2: conv(1),
            conv3: conv(2),
            conv4: conv(3),
            conv5: conv(4),
            conv6: conv(5),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            dropout: DropoutConfig::new(dropout).init(),
            fc: LinearConfig::new(widths[6] / SYMMETRIES, CLASSES).init(device),
        }
    }

    pub(super) fn forward(&self, patches: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(self.conv1.forward(patches));
        let x = self.pool.forward(self.conv3.forward(self.conv2.forward(x)));
        let x = self.conv6.forward(self.conv5.forward(self.conv4.forward(x)));
        let [batch, channels, height, width] = x.dims();
        // The mean over places and symmetries: nothing is left that a turn could change.
        let fields = [batch, channels / SYMMETRIES, SYMMETRIES * height * width];
        let x = x.reshape(fields).mean_dim(2).reshape([batch, channels / SYMMETRIES]);
        self.fc.forward(self.dropout.forward(x)) // [B, 2]
    }

    fn widths(&self) -> Widths {
        let channels = |conv: &TiedConv| conv.weight.dims()[0] * SYMMETRIES;
        let [one, two, three] = [&self.conv1, &self.conv2, &self.conv3].map(channels);
        let [four, five, six] = [&self.conv4, &self.conv5, &self.conv6].map(channels);
        [1, one, two, three, four, five, six]
    }

    pub(super) fn deployed(&self) -> CompactNet {
        let convs = [&self.conv1, &self.conv2, &self.conv3, &self.conv4, &self.conv5, &self.conv6];
        // A field's mean over eight channels becomes an eighth of its weight on each.
        let [fields, classes] = self.fc.weight.dims();
        let weight = self.fc.weight.val() / SYMMETRIES as f64;
        let weight = weight.reshape([fields, 1, classes]).repeat_dim(1, SYMMETRIES);
        let weight = weight.reshape([fields * SYMMETRIES, classes]);
        let bias = self.fc.bias.as_ref().map(Param::val);
        CompactNet::from_parameters(self.widths(), convs.map(TiedConv::folded), weight, bias)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::method::{PATCH_SAMPLES, PATCH_SIZE};
    use crate::model::compact::COMPACT;
    use crate::model::symmetry::places;
    use crate::preprocess::batch_tensor;
    use burn::tensor::Distribution;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn worst(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    /// A network that has seen batches: its statistics are not the initial ones.
    fn trained_a_little() -> TiedCompactNet {
        let device = Device::flex();
        device.seed(5);
        let training = device.clone().autodiff();
        let network = TiedCompactNet::new(COMPACT, &training, 0.0);
        for _ in 0..3 {
            let shape = [4, 1, PATCH_SIZE, PATCH_SIZE];
            let patches = Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &training);
            let _ = network.forward(patches).into_data();
        }
        network.valid()
    }

    fn patch() -> Vec<f32> {
        (0..PATCH_SAMPLES).map(|i| ((i * i + 7 * (i / 50)) % 101) as f32 / 101.0).collect()
    }

    #[test]
    fn what_ships_gives_what_was_trained() {
        let network = trained_a_little();
        let patches = batch_tensor([patch(), vec![0.5; PATCH_SAMPLES]].concat(), &Device::flex());
        let trained = values(network.forward(patches.clone()));
        let shipped = values(network.deployed().forward(patches));
        let difference = worst(&trained, &shipped);
        assert!(difference < 1e-4, "{trained:?} and {shipped:?} differ by {difference}");
        // And it is not the same for everything.
        assert!(worst(&trained[..2], &trained[2..]) > 1e-3, "{trained:?}");
    }

    #[test]
    fn turning_and_mirroring_change_nothing() {
        let network = trained_a_little().deployed();
        let patch = patch();
        let turned = (0..SYMMETRIES).flat_map(|symmetry| {
            places(symmetry, PATCH_SIZE).into_iter().map(|place| patch[place]).collect::<Vec<_>>()
        });
        let logits = values(network.forward(batch_tensor(turned.collect(), &Device::flex())));
        for (symmetry, pair) in logits.chunks_exact(CLASSES).enumerate() {
            let difference = worst(pair, &logits[..CLASSES]);
            assert!(difference < 1e-4, "symmetry {symmetry} differs by {difference}");
        }
    }
}
