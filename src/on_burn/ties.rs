//! Writing ties out as one operation under Burn's autodiff: Burn's own selection takes longer, above
//! all on the way back, than the convolution with what it selects.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::{Tensor, TensorData};
use std::sync::Arc;

/// Which of a field's numbers each of its kernels' numbers is, `[8 * values]`.
pub(super) type TieIndex = Arc<Vec<usize>>;

/// Write ties out; `None` where the weights do not lie on the CPU under autodiff.
///
/// # Shapes
/// `weights`: `[F out, F in, values]`. Returns `[F out, 8, F in, values]`, where of a field of the input
/// the output that is turned by h has the numbers `index[h * values..]`.
pub(super) fn written_out(weights: Tensor<3>, index: &TieIndex) -> Option<Tensor<4>> {
    let [to, from, values] = weights.dims();
    let weights = weights.try_into_primitive::<Autodiff<Flex>>().ok()?;
    let turns = index.len() / values;
    let guard = weights.node();
    let weights = weights.into_primitive().to_contiguous();
    let numbers = weights.as_slice::<f32>().unwrap_or_default();
    let mut kernels = Vec::with_capacity(numbers.len() * turns);
    for of_output in numbers.chunks_exact(from * values) {
        for turn in index.chunks_exact(values) {
            for field in of_output.chunks_exact(values) {
                kernels.extend(turn.iter().map(|place| field[*place]));
            }
        }
    }
    let kernels = FlexTensor::from_data(TensorData::new(kernels, [to, turns, from, values]));
    let prepared = Tie.prepare::<NoCheckpointing>([guard]).compute_bound().stateful();
    let kernels = match prepared {
        OpsKind::Tracked(prepared) => prepared.finish(Arc::clone(index), kernels),
        OpsKind::UnTracked(prepared) => prepared.finish(kernels),
    };
    Some(Tensor::from_primitive::<Autodiff<Flex>>(kernels))
}

#[derive(Debug)]
struct Tie;

impl Backward<Flex, 1> for Tie {
    type State = TieIndex;

    fn backward(self, ops: Ops<TieIndex, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let ([weights], index) = (ops.parents, ops.state);
        let given = grads.consume::<Flex>(&ops.node).to_contiguous();
        let Some(weights) = weights else { return };
        let shape = given.shape();
        let [to, turns, from, values] = [shape[0], shape[1], shape[2], shape[3]];
        let mut found = vec![0.0; to * from * values];
        let numbers = given.as_slice::<f32>().unwrap_or_default();
        let outputs = found.chunks_exact_mut(from * values);
        for (sums, given) in outputs.zip(numbers.chunks_exact(turns * from * values)) {
            let of_turns = given.chunks_exact(from * values).zip(index.chunks_exact(values));
            for (given, turn) in of_turns {
                let fields = sums.chunks_exact_mut(values).zip(given.chunks_exact(values));
                for (sums, given) in fields {
                    for (number, place) in given.iter().zip(turn) {
                        sums[*place] += number;
                    }
                }
            }
        }
        let found = FlexTensor::from_data(TensorData::new(found, [to, from, values]));
        grads.register::<Flex>(weights.id, found);
    }
}
