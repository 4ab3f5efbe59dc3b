//! The rule of the steps, and what weight decay pulls on.

use crate::config::{OptimizerKind, TrainConfig};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::ModuleOptimizer;
use burn::tensor::Tensor;
use nodulens::constants;
use nodulens::on_burn::{Adam, Decay, Trainable};

/// Return the optimizer of a run's network. Weight decay pulls on kernels and dense weights; on
/// gains, biases and offsets, which only scale and shift what those give, with `decay_gains` alone.
///
/// The parameters are told apart by their ids, so the network must be the one that is trained: for
/// a run that goes on, the one that was loaded.
pub fn optimizer(config: &TrainConfig, network: &Trainable) -> ModuleOptimizer {
    let share = config.weight_decay as f32;
    let decay = match config.optimizer {
        _ if share == 0.0 => Decay::None,
        OptimizerKind::Adam => Decay::InGradient(share),
        OptimizerKind::AdamW => Decay::Apart(share),
    };
    let clip = || {
        let norm = GradientClippingConfig::Norm(config.gradient_clip as f32);
        (config.gradient_clip > 0.0).then(|| norm.init())
    };
    let adam = |decay| Adam { epsilon: constants::ADAM_EPSILON, decay };
    let mut all = ModuleOptimizer::from(adam(decay));
    if let Some(clip) = clip() {
        all = all.with_grad_clipping(clip);
    }
    if decay == Decay::None || config.decay_gains {
        return all;
    }
    all.with_group(ParamGroup::from_ids(gains(network)), adam(Decay::None), clip())
}

/// Return the gains and offsets of normalisation and all biases: the parameters of one axis.
fn gains(network: &Trainable) -> Vec<ParamId> {
    struct OneAxis(Vec<ParamId>);
    impl ModuleVisitor for OneAxis {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend((D == 1).then_some(param.id));
        }
    }
    let mut found = OneAxis(Vec::new());
    network.visit(&mut found);
    found.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::ModuleMapper;
    use burn::optim::GradientsParams;
    use burn::tensor::Device;
    use nodulens::model::NetworkKind;

    /// Every number of a network is replaced by 1, so that gains and biases can be seen to move.
    struct Ones;

    impl ModuleMapper for Ones {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.ones_like())
        }
    }

    /// A gradient of 0 for each parameter: what moves then is moved by weight decay alone.
    struct NoGradient(GradientsParams);

    impl ModuleVisitor for NoGradient {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.register(param.id, param.val().inner().zeros_like());
        }
    }

    /// Number of axes and mean of each parameter.
    #[derive(Default)]
    struct Means(Vec<(usize, f32)>);

    impl ModuleVisitor for Means {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push((D, param.val().mean().into_scalar::<f32>()));
        }
    }

    fn stepped(config: &TrainConfig, kind: NetworkKind) -> Vec<(usize, f32)> {
        let device = Device::flex().autodiff();
        let network = Trainable::new(kind, &device, 0.0).map(&mut Ones);
        let mut gradients = NoGradient(GradientsParams::new());
        network.visit(&mut gradients);
        let network = optimizer(config, &network).step(0.1, network, gradients.0);
        let mut means = Means::default();
        network.visit(&mut means);
        means.0
    }

    #[test]
    fn weight_decay_pulls_on_kernels_and_spares_gains_biases_and_offsets() {
        let config = TrainConfig {
            optimizer: OptimizerKind::AdamW,
            weight_decay: 0.5,
            gradient_clip: 1.0,
            ..TrainConfig::default()
        };
        for kind in [NetworkKind::Compact, NetworkKind::Small] {
            for (axes, mean) in stepped(&config, kind) {
                // A step of 0.1 times a pull of 0.5.
                let expected = if axes == 1 { 1.0 } else { 0.95 };
                assert!((mean - expected).abs() < 1e-5, "{kind:?}: {axes} axes, {mean}");
            }
        }
        let adam = TrainConfig { optimizer: OptimizerKind::Adam, ..config.clone() };
        for (axes, mean) in stepped(&adam, NetworkKind::Small) {
            // Adam takes the pull for a gradient, and its first step is the step size.
            let expected = if axes == 1 { 1.0 } else { 0.9 };
            assert!((mean - expected).abs() < 1e-4, "{axes} axes, {mean}");
        }
        let before = TrainConfig { decay_gains: true, ..config };
        for (axes, mean) in stepped(&before, NetworkKind::Small) {
            assert!((mean - 0.95).abs() < 1e-5, "{axes} axes, {mean}");
        }
    }
}
