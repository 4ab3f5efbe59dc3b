//! Adam in one pass over the numbers where they lie on the CPU: Burn's own makes a dozen, each with a
//! tensor of its own, which for the paper's 4.8 million parameters took a tenth of a step.

use crate::parallel::{each, zeros};
use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::optim::{AdamConfig, AdamState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};

/// Shares of the moments that stay at a step, as in the paper of Kingma and Ba (2015).
const BETAS: [f32; 2] = [0.9, 0.999];
/// Numbers that a thread takes at once.
const PART: usize = 1 << 16;

/// How parameters are pulled towards zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Decay {
    /// Not at all.
    #[default]
    None,
    /// So many times the parameter is added to its gradient (L2 penalty).
    InGradient(f32),
    /// At each step by so large a share of it times the learning rate (Loshchilov and Hutter 2019,
    /// AdamW).
    Apart(f32),
}

/// The optimizer.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Weight decay.
    pub decay: Decay,
}

impl Optimizer for Adam {
    // Burn's own, so that records are the same.
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let numbers = |tensor: &Tensor<D>| {
            let tensor = tensor.clone().try_into_primitive::<Flex>().ok()?.to_contiguous();
            tensor.as_slice::<f32>().is_some().then_some(tensor)
        };
        let (Some(before), Some(along)) = (numbers(&parameter), numbers(&gradient)) else {
            return self.by_burn(rate, parameter, gradient, state);
        };
        let shape = parameter.dims();
        let moments = state.map(|state| state.momentum);
        let time = moments.as_ref().map_or(0, |moments| moments.time) + 1;
        let both = moments.map(|moments| [moments.moment_1, moments.moment_2]);
        let [mut first, mut second] = match both.map(|both| both.map(own::<D>)) {
            Some([Some(first), Some(second)]) => [first, second],
            _ => [(); 2].map(|()| flex(zeros(shape.iter().product()), shape)),
        };
        let mut after = zeros(shape.iter().product());
        let step = Step::new(self, rate, time);
        let moments = first.storage_mut::<f32>().chunks_mut(PART).zip(
            // Two tensors of their own, so that both can be written.
            second.storage_mut::<f32>().chunks_mut(PART),
        );
        let slices = [&before, &along].map(|tensor| tensor.as_slice::<f32>().unwrap_or_default());
        let parts = slices[0].chunks(PART).zip(slices[1].chunks(PART)).zip(moments);
        each(parts.zip(after.chunks_mut(PART)).collect(), |(((before, along), moments), after)| {
            step.run(before, along, moments, after);
        });
        let [first, second] = [first, second].map(Tensor::from_primitive::<Flex>);
        let state = AdamState::new(AdaptiveMomentumState::new(time, first, second));
        (Tensor::from_primitive::<Flex>(flex(after, shape)), Some(state))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        AdamState::new(state.momentum.to_device(device))
    }
}

impl Adam {
    /// Take the step with Burn's own operations, wherever the tensors lie.
    fn by_burn<const D: usize>(
        &self,
        rate: f64,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let adam = AdamConfig::new().with_epsilon(self.epsilon).build();
        let (parameter, gradient) = match self.decay {
            Decay::None => (parameter, gradient),
            Decay::InGradient(share) => {
                let pull = parameter.clone().mul_scalar(share);
                (parameter, gradient + pull)
            }
            Decay::Apart(share) => {
                let kept = 1.0 - rate * f64::from(share);
                (parameter.mul_scalar(kept), gradient)
            }
        };
        adam.step(rate, parameter, gradient, state)
    }
}

/// A tensor that can be written: as it is where nobody else holds it.
fn own<const D: usize>(tensor: Tensor<D>) -> Option<FlexTensor> {
    let tensor = tensor.try_into_primitive::<Flex>().ok()?;
    let whole =
        tensor.as_slice::<f32>().is_some_and(|all| all.len() == tensor.storage::<f32>().len());
    whole.then_some(tensor)
}

fn flex<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, shape))
}

/// The numbers of a step.
struct Step {
    in_gradient: f32,
    kept: f32,
    rate: f32,
    epsilon: f32,
}

impl Step {
    fn new(adam: &Adam, rate: f64, time: usize) -> Self {
        // As Burn rounds them, so that a step is the same wherever it is taken.
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        let [first, second] = BETAS.map(|beta| 1.0 - beta.powi(time));
        let corrected = second.sqrt();
        let (in_gradient, kept) = match adam.decay {
            Decay::None => (0.0, 1.0),
            Decay::InGradient(share) => (share, 1.0),
            Decay::Apart(share) => (0.0, 1.0 - rate * f64::from(share)),
        };
        Self {
            in_gradient,
            kept: kept as f32,
            rate: (rate * f64::from(corrected / first)) as f32,
            epsilon: adam.epsilon * corrected,
        }
    }

    fn run(
        &self,
        before: &[f32],
        along: &[f32],
        (first, second): (&mut [f32], &mut [f32]),
        after: &mut [f32],
    ) {
        let moments = first.iter_mut().zip(second);
        for (((before, along), (first, second)), after) in
            before.iter().zip(along).zip(moments).zip(after)
        {
            let along = along + self.in_gradient * before;
            *first = BETAS[0] * *first + (1.0 - BETAS[0]) * along;
            *second = BETAS[1] * *second + (1.0 - BETAS[1]) * along * along;
            *after = self.kept * before - self.rate * *first / (second.sqrt() + self.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::optim::{AdamWConfig, decay::WeightDecayConfig};

    /// Parameters after some steps down gradients that change.
    fn walked(optimizer: &impl Optimizer, steps: usize) -> Vec<f32> {
        let device = Device::flex();
        let mut parameter = Tensor::<2>::from_data([[0.5, -1.5, 2.0], [0.0, 1e-3, -40.0]], &device);
        let slope = Tensor::<2>::from_data([[1.0, -2.0, 1e-5], [3.0, -0.2, 0.7]], &device);
        let mut state = None;
        for step in 0..steps {
            let gradient = slope.clone().mul_scalar((step as f32).cos()) + parameter.clone() * 0.1;
            (parameter, state) = optimizer.step(0.01, parameter, gradient, state);
        }
        parameter.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn steps_are_those_of_burns_own() {
        let config = || AdamConfig::new().with_epsilon(1e-7);
        let penalty = WeightDecayConfig::new(0.05);
        let apart = AdamWConfig::new().with_epsilon(1e-7).with_weight_decay(0.05);
        let cases = [
            (Decay::None, walked(&config().build(), 30)),
            (
                Decay::InGradient(0.05),
                walked(&config().with_weight_decay(Some(penalty)).build(), 30),
            ),
            (Decay::Apart(0.05), walked(&apart.build(), 30)),
        ];
        for (decay, expected) in cases {
            let found = walked(&Adam { epsilon: 1e-7, decay }, 30);
            for (found, expected) in found.iter().zip(&expected) {
                let apart = (found - expected).abs() / expected.abs().max(1e-3);
                assert!(apart < 1e-5, "{decay:?}: {found} and {expected}");
            }
        }
    }

    #[test]
    fn a_step_elsewhere_is_the_same() {
        let adam = Adam { epsilon: 1e-7, decay: Decay::Apart(0.1) };
        let device = Device::flex();
        let parameter = Tensor::<1>::from_data([1.0, -2.0, 0.0], &device);
        let gradient = Tensor::<1>::from_data([0.3, 0.0, -5.0], &device);
        let numbers = |tensor: Tensor<1>| tensor.into_data().try_to_vec::<f32>().unwrap();
        let (here, _) = adam.step(0.1, parameter.clone(), gradient.clone(), None);
        let (elsewhere, _) = adam.by_burn(0.1, parameter, gradient, None);
        for (here, elsewhere) in numbers(here).iter().zip(&numbers(elsewhere)) {
            assert!((here - elsewhere).abs() < 1e-6, "{here} and {elsewhere}");
        }
    }
}
