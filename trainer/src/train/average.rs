//! The moving average of the weights (EMA).

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use nodulens::on_burn::Trainable;

/// The average of a network's parameters, and of the statistics of its batch normalisation.
#[derive(Clone, Debug)]
pub struct Ema {
    decay: f64,
    network: Trainable,
}

impl Ema {
    /// Start from `network`, which must be without autodiff (`valid()`).
    pub fn new(decay: f64, network: Trainable) -> Self {
        Self { decay, network }
    }

    /// Return the average so far.
    pub fn network(&self) -> &Trainable {
        &self.network
    }

    /// Move the average after step number `step`, counted from 1. The first steps count for more,
    /// so that the random start is forgotten soon.
    pub fn update(&mut self, network: &Trainable, step: usize) {
        let decay = self.decay.min((1 + step) as f64 / (10 + step) as f64);
        let mut collected = Collected(GradientsParams::new());
        network.valid().visit(&mut collected);
        let mut mix = Mix { collected: collected.0, decay };
        self.network = self.network.clone().map(&mut mix);
    }
}

/// Parameters by their id; Burn's container for gradients holds any tensors by id.
struct Collected(GradientsParams);

impl ModuleVisitor for Collected {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.register(param.id, param.val());
    }
}

struct Mix {
    collected: GradientsParams,
    decay: f64,
}

impl ModuleMapper for Mix {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(new) = self.collected.remove::<D>(param.id) else { return param };
        let decay = self.decay;
        param.map(|average| average.mul_scalar(decay) + new.mul_scalar(1.0 - decay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use nodulens::model::NetworkKind;

    #[derive(Default)]
    struct Sums(Vec<f64>);

    impl ModuleVisitor for Sums {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(f64::from(param.val().sum().into_scalar::<f32>()));
        }
    }

    fn sums(network: &Trainable) -> Vec<f64> {
        let mut sums = Sums::default();
        network.visit(&mut sums);
        sums.0
    }

    /// Every number of a network is replaced by `value`.
    struct Fill(f64);

    impl ModuleMapper for Fill {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.zeros_like().add_scalar(self.0))
        }
    }

    #[test]
    fn the_average_moves_by_its_share_and_takes_the_statistics_too() {
        let device = Device::flex();
        let network = Trainable::new(NetworkKind::Compact, &device, 0.0);
        let start = network.valid().map(&mut Fill(1.0));
        let count = sums(&start);
        let mut ema = Ema::new(0.75, start.clone());
        // `map` keeps the ids, and the running statistics are shared by clones: hence `valid`.
        let other = network.valid().map(&mut Fill(3.0));
        // Late enough that the decay is the one asked for.
        ema.update(&other, 1000);
        for (sum, count) in sums(ema.network()).iter().zip(&count) {
            assert!((sum / count - 1.5).abs() < 1e-5, "{sum} of {count}");
        }
    }
}
