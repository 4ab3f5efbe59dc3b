//! Where a GPU reads parameters from.

use burn::module::{ModuleMapper, Param};
use burn::tensor::Tensor;

/// Lays parameters out once as the shaders of convolutions read them, inputs last; burn-cubecl would
/// copy them into this layout at every call. Shapes stay as they are.
pub(crate) struct InputsLast;

impl ModuleMapper for InputsLast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match D {
            // Dense: [in, out].
            2 => param.map(|weight| laid_out(weight, [1, 0], [1, 0])),
            // Convolutions: [out, in, y, x].
            4 => param.map(|weight| laid_out(weight, [0, 2, 3, 1], [0, 3, 1, 2])),
            _ => param,
        }
    }
}

/// The same tensor with its axes in memory in another order; `back` undoes `order`.
fn laid_out<const D: usize, const N: usize>(
    tensor: Tensor<D>,
    order: [usize; N],
    back: [usize; N],
) -> Tensor<D> {
    let axes = |order: [usize; N]| -> [isize; D] { std::array::from_fn(|i| order[i] as isize) };
    let moved = tensor.permute(axes(order));
    let shape = moved.dims();
    // Reshaping what was permuted copies it.
    let flat: Tensor<1> = moved.reshape([shape.iter().product::<usize>()]);
    flat.reshape(shape).permute(axes(back))
}
