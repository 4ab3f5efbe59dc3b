//! Ties in a weights file. The kernels of a tied network are eight by eight one kernel, turned and
//! mirrored ([`crate::model::symmetry`]): the file holds that one, and reading writes the others out.

use super::error::{WeightsError, mismatch};
use super::parameters::{Parameter, Parameters};
use crate::model::symmetry::{SYMMETRIES, group_index, lifting_index};
use crate::model::{NetworkKind, Operation};
use half::f16;

/// Return the parameters with one of each eight kernels, or `None` where the network has no ties, or
/// writing the others out again would not give each of its numbers in half precision.
pub(super) fn folded(kind: NetworkKind, parameters: &Parameters) -> Option<Parameters> {
    if !kind.is_tied() {
        return None;
    }
    let mut folded = parameters.clone();
    for (name, shape) in tied(kind) {
        let parameter = folded.get_mut(&name)?;
        let row = parameter.values.len() / shape[0];
        let eighths = parameter.values.chunks_exact(row).step_by(SYMMETRIES);
        parameter.values = eighths.flatten().copied().collect();
        parameter.shape[0] /= SYMMETRIES;
    }
    let again = written_out(kind, folded.clone()).ok()?;
    same(&again, parameters).then_some(folded)
}

/// Write the turned and mirrored kernels out.
///
/// # Errors
/// [`WeightsError::Mismatch`] for a network without ties, and for a parameter of another shape than
/// an eighth of the network's. Parameters that are missing or left over are found by
/// [`Parameters::by_layer`].
pub(super) fn written_out(
    kind: NetworkKind,
    mut parameters: Parameters,
) -> Result<Parameters, WeightsError> {
    if !kind.is_tied() {
        return Err(mismatch("network", kind.name(), "one with ties"));
    }
    for (name, shape) in tied(kind) {
        let Some(parameter) = parameters.get_mut(&name) else { continue };
        let mut eighth = shape.clone();
        eighth[0] /= SYMMETRIES;
        if parameter.shape != eighth {
            let (found, expected) = (format!("{:?}", parameter.shape), format!("{eighth:?}"));
            return Err(mismatch(&format!("the shape of {name}"), found, expected));
        }
        *parameter = turned(shape, &parameter.values);
    }
    Ok(parameters)
}

/// Return names and shapes of the parameters of which eight neighbours along the first axis are one:
/// all but the biases of the logits.
fn tied(kind: NetworkKind) -> Vec<(String, Vec<usize>)> {
    let mut tied = Vec::new();
    for layer in kind.all_layers() {
        let Some(shape) = layer.weight_shape() else { continue };
        tied.push((format!("{}.weight", layer.name), shape));
        if let Operation::Convolution { .. } = layer.operation {
            tied.push((format!("{}.bias", layer.name), vec![layer.outputs()]));
        }
    }
    tied
}

/// Make eight of each entry along the first axis: turned and mirrored where it is a kernel, the same
/// where it is the weight of a field or a bias.
fn turned(shape: Vec<usize>, eighth: &[f32]) -> Parameter {
    let row: usize = shape[1..].iter().product();
    let index = match shape[..] {
        [_, 1, side, _] => lifting_index(side),
        [_, _, side, _] => group_index(side),
        _ => (0..row).collect::<Vec<usize>>().repeat(SYMMETRIES),
    };
    let field = index.len() / SYMMETRIES;
    let mut values = Vec::with_capacity(eighth.len() * SYMMETRIES);
    for entry in eighth.chunks_exact(row) {
        for turn in index.chunks_exact(field) {
            for field in entry.chunks_exact(field) {
                for place in turn {
                    values.push(field[*place]);
                }
            }
        }
    }
    Parameter { shape, values }
}

/// Return whether all numbers are the same in half precision, to the sign of a zero.
fn same(one: &Parameters, other: &Parameters) -> bool {
    let halves = |parameters: &Parameters| -> Vec<u16> {
        let values = parameters.iter().flat_map(|(_, parameter)| &parameter.values);
        values.map(|value| f16::from_f32(*value).to_bits()).collect()
    };
    halves(one) == halves(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::{Card, WeightsHeader, read_weights, write_weights};
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;
    use sha2::{Digest, Sha256};

    fn tied_kinds() -> impl Iterator<Item = NetworkKind> {
        NetworkKind::ALL.into_iter().filter(|kind| kind.is_tied())
    }

    fn random(kind: NetworkKind) -> Parameters {
        let mut parameters = Parameters::random(kind, &mut Pcg64Mcg::seed_from_u64(11));
        // Biases that differ from each other, and the zero that equals its negative.
        for (name, shape) in kind.parameter_shapes().into_iter().filter(|(_, s)| s.len() == 1) {
            let values = (0..shape[0]).map(|i| i as f32 / 8.0 - 0.25).collect();
            *parameters.get_mut(&name).unwrap() = Parameter { shape, values };
        }
        parameters.get_mut("conv1.weight").unwrap().values[0] = -0.0;
        // As the file will hold them.
        parameters
            .into_iter()
            .map(|(name, mut parameter)| {
                for value in &mut parameter.values {
                    *value = f16::from_f32(*value).to_f32();
                }
                (name, parameter)
            })
            .collect()
    }

    /// Parameters whose ties hold: an eighth of random ones, written out.
    fn with_ties(kind: NetworkKind) -> Parameters {
        let mut eighth = random(kind);
        for (name, shape) in tied(kind) {
            let parameter = eighth.get_mut(&name).unwrap();
            parameter.values.truncate(parameter.values.len() / SYMMETRIES);
            parameter.shape[0] = shape[0] / SYMMETRIES;
        }
        written_out(kind, eighth).unwrap()
    }

    fn file(kind: NetworkKind, parameters: &Parameters) -> Vec<u8> {
        let header = WeightsHeader::uncalibrated(kind, Card::default());
        write_weights(&header, parameters).unwrap()
    }

    fn numbers(parameters: &Parameters) -> Vec<(&str, &[usize], Vec<u32>)> {
        let bits = |p: &Parameter| p.values.iter().map(|value| value.to_bits()).collect();
        parameters.iter().map(|(name, p)| (name, &p.shape[..], bits(p))).collect()
    }

    #[test]
    fn ties_come_back_to_the_last_bit_from_an_eighth_of_the_room() {
        for kind in tied_kinds() {
            let parameters = with_ties(kind);
            parameters.check(kind).unwrap();
            let bytes = file(kind, &parameters);
            assert_eq!(bytes[8], 2);
            // An eighth of the numbers at two bytes, and names and header.
            assert!(bytes.len() < kind.parameters() / 4 + 4096, "{}", bytes.len());
            let read = read_weights(&bytes).unwrap();
            assert!(numbers(&read.parameters) == numbers(&parameters), "{kind:?}");
        }
    }

    #[test]
    fn what_is_not_tied_is_kept_in_full() {
        for kind in NetworkKind::ALL {
            let parameters = random(kind);
            let bytes = file(kind, &parameters);
            assert_eq!(bytes[8], 1);
            let read = read_weights(&bytes).unwrap().parameters;
            assert!(numbers(&read) == numbers(&parameters), "{kind:?}");
        }
        // One number is enough, in whichever parameter, and be it the sign of a zero.
        let kind = NetworkKind::Context;
        for (name, _) in tied(kind) {
            let mut parameters = with_ties(kind);
            let last = parameters.get_mut(&name).unwrap().values.last_mut().unwrap();
            *last = 64.0;
            let bytes = file(kind, &parameters);
            assert_eq!(bytes[8], 1, "{name}");
            let read = read_weights(&bytes).unwrap().parameters;
            assert!(numbers(&read) == numbers(&parameters), "{kind:?}");
        }
        let mut parameters = with_ties(kind);
        let bias = parameters.get_mut("conv4.bias").unwrap();
        let zero = bias.values.iter().position(|value| *value == 0.0).unwrap();
        bias.values[zero] = -0.0;
        assert_eq!(file(kind, &parameters)[8], 1);
    }

    #[test]
    fn files_whose_ties_do_not_fit_are_refused() {
        let kind = NetworkKind::Compact;
        let sealed = |version: u8, mut file: Vec<u8>| {
            file[8] = version;
            file.truncate(file.len() - 32);
            let digest = Sha256::digest(&file);
            file.extend(digest);
            file
        };
        let refused = |file: &[u8]| {
            let read = read_weights(file).and_then(|file| file.parameters.by_layer(file.kind));
            read.unwrap_err().to_string()
        };
        // All kernels where one of eight belongs.
        let full = sealed(2, file(kind, &random(kind)));
        let error = refused(&full);
        assert!(error.contains("conv1.weight is [16, 1, 3, 3], expected [2, 1, 3, 3]"), "{error}");
        // One of eight where all belong: to a reader that knows no ties a network of another shape.
        let error = refused(&sealed(1, file(kind, &with_ties(kind))));
        assert!(error.contains("expected [16, 1, 3, 3]"), "{error}");
        // A network that has none.
        let paper = sealed(2, file(NetworkKind::Paper, &random(NetworkKind::Paper)));
        assert!(refused(&paper).contains("network is paper, expected one with ties"));
        // A parameter that is missing.
        let mut part = folded(kind, &with_ties(kind)).unwrap();
        let few: Parameters = part.clone().into_iter().filter(|(n, _)| n != "conv3.bias").collect();
        let few = written_out(kind, few).unwrap().by_layer(kind).unwrap_err().to_string();
        assert!(few.contains("conv3.bias is absent"), "{few}");
        // A parameter without an axis, and one without a number.
        for shape in [vec![], vec![0, 1, 3, 3]] {
            *part.get_mut("conv1.weight").unwrap() = Parameter { shape, values: vec![] };
            assert!(written_out(kind, part.clone()).is_err());
        }
    }
}
