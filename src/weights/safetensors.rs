//! Safetensors, in which other programs keep weights: read as a network, with the header of the
//! weights file from the metadata, where `cargo trainer convert` has put it.
//!
//! Parameters are laid out as PyTorch does: convolutions `[out, in, y, x]`, dense layers
//! `[out, in]`.

use super::card::Card;
use super::error::{WeightsError, corrupt, mismatch};
use super::header::{WeightsHeader, check_header};
use super::parameters::{Parameter, Parameters};
use crate::model::NetworkKind;
use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};
use half::f16;

/// Key of the metadata that holds the header of the weights file as JSON.
pub const HEADER_KEY: &str = "nodulens";

/// What a reader knows better than the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    /// Which network the parameters are of; otherwise what the file says, or what they fit.
    pub network: Option<NetworkKind>,
    /// Smallest probability that is called a nodule, in (0, 1); otherwise the file's, or 0.5.
    pub threshold: Option<f32>,
}

/// Header and network of a safetensors document, whether written by us or by another program.
///
/// # Errors
/// [`WeightsError::Foreign`] for another format, [`WeightsError::Corrupt`] for damage and numbers
/// that are not finite, [`WeightsError::Mismatch`] for another type than F32 or F16, another
/// preprocessing, and parameters that fit no network or not the one that was named.
pub fn read_safetensors(
    document: &[u8],
    given: Given,
) -> Result<(WeightsHeader, NetworkKind, Parameters), WeightsError> {
    // Eight bytes of length, then JSON.
    if document.get(8) != Some(&b'{') {
        return Err(WeightsError::Foreign);
    }
    let tensors = SafeTensors::deserialize(document).map_err(corrupt)?;
    let (_, metadata) = SafeTensors::read_metadata(document).map_err(corrupt)?;
    let own = metadata.metadata().as_ref().and_then(|pairs| pairs.get(HEADER_KEY));
    let own: Option<WeightsHeader> = own
        .map(|text| serde_json::from_str(text))
        .transpose()
        .map_err(|error| WeightsError::Corrupt(format!("its metadata: {error}")))?;
    let parameters = tensors
        .iter()
        .map(|(name, view)| Ok((name.to_owned(), transposed(&parameter(name, &view)?))))
        .collect::<Result<Parameters, WeightsError>>()?;
    let named = own.as_ref().and_then(|header| NetworkKind::from_name(&header.network));
    let kind = match given.network.or(named) {
        Some(kind) => kind,
        None => parameters.fitting().ok_or_else(|| unknown_set(&parameters))?,
    };
    let header = own.unwrap_or_else(|| unknown(kind));
    let threshold = given.threshold.unwrap_or(header.threshold);
    let header = WeightsHeader { network: kind.name().to_owned(), threshold, ..header };
    check_header(&header)?;
    // Refuse here what no executor would take.
    parameters.check(kind)?;
    Ok((header, kind, parameters))
}

/// Transpose a dense layer's weights: `[in, out]` to `[out, in]` and back. Other shapes stay as they
/// are.
#[must_use]
pub fn transposed(parameter: &Parameter) -> Parameter {
    let [rows, columns] = parameter.shape[..] else { return parameter.clone() };
    let values = (0..columns)
        .flat_map(|column| (0..rows).map(move |row| row * columns + column))
        .map(|index| parameter.values[index])
        .collect();
    Parameter { shape: vec![columns, rows], values }
}

/// Return the header of a file that says nothing of itself.
fn unknown(kind: NetworkKind) -> WeightsHeader {
    let origin = "Imported from a file that says nothing of its origin; nothing was measured.";
    let card = Card {
        title: format!("The {} network, imported", kind.name()),
        limits: vec![origin.to_owned()],
        ..Card::default()
    };
    WeightsHeader::uncalibrated(kind, card)
}

/// These are the parameters of no network.
fn unknown_set(parameters: &Parameters) -> WeightsError {
    let some = |(name, parameter): (&str, &Parameter)| format!("{name} {:?}", parameter.shape);
    let mut found = parameters.iter().take(3).map(some).collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        "without parameters".clone_into(&mut found);
    }
    let names = NetworkKind::ALL.map(NetworkKind::name).join(" or ");
    mismatch("the set of parameters", format!("{found} and so on"), format!("that of {names}"))
}

fn parameter(name: &str, view: &TensorView<'_>) -> Result<Parameter, WeightsError> {
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => view
            .data()
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect(),
        Dtype::F16 => view
            .data()
            .chunks_exact(2)
            .map(|two| f16::from_le_bytes([two[0], two[1]]).to_f32())
            .collect(),
        other => {
            return Err(mismatch(
                &format!("the type of {name}"),
                format!("{other:?}"),
                "F32 or F16",
            ));
        }
    };
    if values.iter().any(|value| !value.is_finite()) {
        return Err(WeightsError::Corrupt(format!("{name} holds a number that is not finite")));
    }
    Ok(Parameter { shape: view.shape().to_vec(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As another program would write a network: no metadata, PyTorch's layout.
    fn foreign(kind: NetworkKind, change: impl Fn(&str, &mut Vec<f32>)) -> Vec<u8> {
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = kind
            .parameter_shapes()
            .into_iter()
            .map(|(name, shape)| {
                let count = shape.iter().product::<usize>();
                let values = (0..count).map(|i| (i % 89) as f32 / 89.0 - 0.5).collect();
                let mut parameter = transposed(&Parameter { shape, values });
                change(&name, &mut parameter.values);
                let bytes = parameter.values.iter().flat_map(|v| v.to_le_bytes()).collect();
                (name, parameter.shape, bytes)
            })
            .collect();
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
        });
        ::safetensors::serialize(views, None).unwrap()
    }

    #[test]
    fn the_network_is_told_by_its_shapes() {
        for kind in NetworkKind::ALL {
            let document = foreign(kind, |_, _| ());
            let (header, found, parameters) =
                read_safetensors(&document, Given::default()).unwrap();
            assert_eq!((found, header.network.as_str()), (kind, kind.name()));
            let shapes: Vec<_> =
                parameters.into_iter().map(|(name, parameter)| (name, parameter.shape)).collect();
            let mut expected = kind.parameter_shapes();
            expected.sort();
            assert_eq!(shapes, expected);
        }
    }

    #[test]
    fn a_dense_layer_is_transposed_once() {
        let document = foreign(NetworkKind::Compact, |_, _| ());
        let (_, _, parameters) = read_safetensors(&document, Given::default()).unwrap();
        let fc = parameters.get("fc.weight").unwrap();
        assert_eq!(fc.shape, [128, 2]);
        let expected: Vec<f32> = (0..256).map(|i| (i % 89) as f32 / 89.0 - 0.5).collect();
        assert_eq!(fc.values, expected);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        let refused =
            |document: &[u8], given| read_safetensors(document, given).unwrap_err().to_string();
        let none = Given::default();
        assert!(read_safetensors(b"no such file", none).unwrap_err() == WeightsError::Foreign);
        let cut = foreign(NetworkKind::Compact, |_, _| ());
        assert!(refused(&cut[..cut.len() / 2], none).contains("damaged"));
        let other = Given { network: Some(NetworkKind::Paper), threshold: None };
        assert!(refused(&cut, other).contains("conv1.weight"));
        let not_finite = foreign(NetworkKind::Compact, |name, values| {
            if name == "fc.bias" {
                values[0] = f32::NAN;
            }
        });
        assert!(refused(&not_finite, none).contains("fc.bias holds a number that is not finite"));
        let bytes = 1f32.to_le_bytes();
        let view = TensorView::new(Dtype::F32, vec![1], &bytes).unwrap();
        let stranger = ::safetensors::serialize([("layer1.0.weight", view)], None).unwrap();
        assert!(refused(&stranger, none).contains("layer1.0.weight [1]"));
        let high = Given { network: None, threshold: Some(1.5) };
        assert!(refused(&cut, high).contains("threshold 1.5"));
    }
}
