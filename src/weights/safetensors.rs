//! Safetensors, in which other programs keep weights: read as a network, with the header of the
//! weights file from the metadata, where `cargo trainer convert` has put it.
//!
//! Parameters are laid out as PyTorch does: convolutions `[out, in, y, x]`, dense layers
//! `[out, in]`.

use super::{
    Card, Parameter, Parameters, WeightsError, WeightsHeader, check_header, corrupt, mismatch,
    network_of,
};
use crate::method::preprocess_id;
use crate::model::{Network, NetworkKind};
use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};
use burn::tensor::Device;
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
    device: &Device,
) -> Result<(WeightsHeader, Network), WeightsError> {
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
    let mut parameters = Parameters::new();
    for (name, view) in tensors.iter() {
        parameters.insert(name.to_owned(), turned_over(&parameter(name, &view)?));
    }
    let named = own.as_ref().and_then(|header| NetworkKind::from_name(&header.network));
    let kind = match given.network.or(named) {
        Some(kind) => kind,
        None => fitting(&parameters)?,
    };
    let header = own.unwrap_or_else(|| unknown(kind));
    let threshold = given.threshold.unwrap_or(header.threshold);
    let header = WeightsHeader { network: kind.name().to_owned(), threshold, ..header };
    check_header(&header)?;
    let network = network_of(kind, parameters, device)?;
    Ok((header, network))
}

/// A dense layer's weights turned over: `[in, out]` to `[out, in]` and back. Other shapes as
/// they are.
#[must_use]
pub fn turned_over(parameter: &Parameter) -> Parameter {
    let [rows, columns] = parameter.shape[..] else { return parameter.clone() };
    let values = (0..columns)
        .flat_map(|column| (0..rows).map(move |row| row * columns + column))
        .map(|place| parameter.values[place])
        .collect();
    Parameter { shape: vec![columns, rows], values }
}

/// The header of a file that says nothing of itself.
fn unknown(kind: NetworkKind) -> WeightsHeader {
    let origin = "Imported from a file that says nothing of its origin; nothing was measured.";
    WeightsHeader {
        network: kind.name().to_owned(),
        preprocess_id: preprocess_id(),
        threshold: 0.5,
        temperature: 1.0,
        card: Card {
            title: format!("The {} network, imported", kind.name()),
            limits: vec![origin.to_owned()],
            ..Card::default()
        },
    }
}

/// The network whose parameters have these names and shapes.
fn fitting(parameters: &Parameters) -> Result<NetworkKind, WeightsError> {
    let fits = |kind: &NetworkKind| {
        let wanted = kind.parameter_shapes();
        wanted.len() == parameters.len()
            && wanted.iter().all(|(name, shape)| {
                parameters.get(name).is_some_and(|found| found.shape == *shape)
            })
    };
    NetworkKind::ALL.into_iter().find(fits).ok_or_else(|| {
        let some =
            |(name, parameter): (&String, &Parameter)| format!("{name} {:?}", parameter.shape);
        let mut found = parameters.iter().take(3).map(some).collect::<Vec<_>>().join(", ");
        if found.is_empty() {
            "without parameters".clone_into(&mut found);
        }
        let names = NetworkKind::ALL.map(NetworkKind::name).join(" or ");
        mismatch("the set of parameters", format!("{found} and so on"), format!("that of {names}"))
    })
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
    use crate::weights::parameters;

    /// As another program would write a network: no metadata, PyTorch's layout.
    fn foreign(kind: NetworkKind, change: impl Fn(&str, &mut Vec<f32>)) -> Vec<u8> {
        let device = Device::flex();
        device.seed(3);
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = parameters(&kind.init(&device))
            .unwrap()
            .into_iter()
            .map(|(name, parameter)| {
                let mut parameter = turned_over(&parameter);
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
        let device = Device::flex();
        for kind in NetworkKind::ALL {
            let document = foreign(kind, |_, _| ());
            let (header, network) = read_safetensors(&document, Given::default(), &device).unwrap();
            assert_eq!((network.kind(), header.network.as_str()), (kind, kind.name()));
            let names: Vec<_> = parameters(&network).unwrap().into_keys().collect();
            let mut expected: Vec<_> =
                kind.parameter_shapes().into_iter().map(|(name, _)| name).collect();
            expected.sort();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        let device = Device::flex();
        let refused = |document: &[u8], given| {
            read_safetensors(document, given, &device).unwrap_err().to_string()
        };
        let none = Given::default();
        assert!(
            read_safetensors(b"no such file", none, &device).unwrap_err() == WeightsError::Foreign
        );
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
