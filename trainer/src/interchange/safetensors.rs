//! Safetensors, with the header of the weights file as metadata.

use super::{bytes, turned_over};
use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::tensor::Device;
use nodulens::method::preprocess_id;
use nodulens::model::{Network, NetworkKind};
use nodulens::weights::{
    Card, Parameter, Parameters, Weights, WeightsHeader, network_of, parameters,
};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;

/// Key of the metadata that holds the header of the weights file as JSON.
const HEADER: &str = "nodulens";

/// What an import needs where the file does not say it itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    /// Which network the parameters are of.
    pub network: Option<NetworkKind>,
    /// Smallest probability that is called a nodule.
    pub threshold: Option<f32>,
}

/// A safetensors document that PyTorch can load as a state dictionary.
///
/// # Errors
/// Where the network cannot be read.
pub fn write(weights: &Weights) -> Result<Vec<u8>> {
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = parameters(&weights.network)?
        .iter()
        .map(|(name, parameter)| {
            let parameter = turned_over(parameter);
            (name.clone(), parameter.shape, bytes(&parameter.values))
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([
        ("format".to_owned(), "pt".to_owned()),
        (HEADER.to_owned(), serde_json::to_string(&weights.header)?),
    ]);
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// Header and network of a safetensors document, whether written here or by another program.
///
/// # Errors
/// Another format, another type than F32 or F16, parameters that do not fit the network, or a
/// network that neither the file nor `given` names; the message says which.
pub fn read(document: &[u8], given: Given, device: &Device) -> Result<(WeightsHeader, Network)> {
    let tensors = SafeTensors::deserialize(document).context("this is no safetensors file")?;
    let (_, metadata) = SafeTensors::read_metadata(document)?;
    let own = metadata.metadata().as_ref().and_then(|pairs| pairs.get(HEADER));
    let own: Option<WeightsHeader> = own
        .map(|text| serde_json::from_str(text))
        .transpose()
        .context("the metadata of this file is damaged")?;
    let named = own.as_ref().and_then(|header| NetworkKind::from_name(&header.network));
    let Some(kind) = given.network.or(named) else {
        let names = NetworkKind::ALL.map(NetworkKind::name).join(" or ");
        bail!("the file does not say which network it is of: pass --network {names}");
    };
    if let Some(header) = &own {
        ensure!(
            header.preprocess_id == preprocess_id(),
            "the file was made for the preprocessing {}, this program has {}: train and export \
             with this one",
            header.preprocess_id,
            preprocess_id()
        );
    }
    let mut parameters = Parameters::new();
    for (name, view) in tensors.iter() {
        parameters.insert(name.to_owned(), turned_over(&parameter(name, &view)?));
    }
    let network = network_of(kind, parameters, device)?;
    let header = own.unwrap_or_else(|| WeightsHeader {
        network: kind.name().to_owned(),
        preprocess_id: preprocess_id(),
        threshold: 0.5,
        temperature: 1.0,
        card: Card {
            title: format!("The {} network, imported", kind.name()),
            limits: vec![
                "Imported from a file that says nothing of its origin; nothing was measured."
                    .to_owned(),
            ],
            ..Card::default()
        },
    });
    let threshold = given.threshold.unwrap_or(header.threshold);
    ensure!(threshold > 0.0 && threshold < 1.0, "--threshold must be above 0 and below 1");
    Ok((WeightsHeader { network: kind.name().to_owned(), threshold, ..header }, network))
}

fn parameter(name: &str, view: &TensorView<'_>) -> Result<Parameter> {
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => view
            .data()
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect(),
        Dtype::F16 => view
            .data()
            .chunks_exact(2)
            .map(|two| half::f16::from_le_bytes([two[0], two[1]]).to_f32())
            .collect(),
        other => {
            return Err(anyhow!("{name} is of type {other:?}: save it as F32 or F16"));
        }
    };
    ensure!(
        values.iter().all(|value| value.is_finite()),
        "{name} holds a number that is not finite"
    );
    Ok(Parameter { shape: view.shape().to_vec(), values })
}

#[cfg(test)]
#[path = "../../../fuzz/src/mutate.rs"]
mod mutate;

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let device = Device::flex();
        device.seed(1);
        let header = WeightsHeader {
            network: "compact".to_owned(),
            preprocess_id: preprocess_id(),
            threshold: 0.25,
            temperature: 1.5,
            card: Card { title: "test".to_owned(), ..Card::default() },
        };
        Weights { header, network: NetworkKind::Compact.init(&device), sha256: String::new() }
    }

    #[test]
    fn what_is_written_is_read_back_to_the_bit() {
        let weights = weights();
        let document = write(&weights).unwrap();
        let (header, network) = read(&document, Given::default(), &Device::flex()).unwrap();
        assert_eq!(header, weights.header);
        assert_eq!(parameters(&network).unwrap(), parameters(&weights.network).unwrap());
        // Dense layers are laid out as PyTorch does.
        let document = SafeTensors::deserialize(&document).unwrap();
        let dense = document.tensor("fc.weight").unwrap();
        assert_eq!(dense.shape()[0], 2);
    }

    #[test]
    fn files_of_others_need_a_name_and_are_checked() {
        let weights = weights();
        let document = write(&weights).unwrap();
        let tensors = SafeTensors::deserialize(&document).unwrap();
        let plain = safetensors::serialize(tensors.iter(), None).unwrap();
        let device = Device::flex();
        let message = |given| format!("{:#}", read(&plain, given, &device).unwrap_err());
        assert!(message(Given::default()).contains("--network compact or paper or wide or small"));
        let wrong = Given { network: Some(NetworkKind::Paper), threshold: None };
        assert!(message(wrong).contains("conv1.weight"), "{}", message(wrong));
        let right = Given { network: Some(NetworkKind::Compact), threshold: Some(0.7) };
        assert_eq!(read(&plain, right, &device).unwrap().0.threshold, 0.7);
        assert!(read(b"{}", right, &device).is_err());
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let header = weights().header;
        let numbers: Vec<u8> = (0..72_u16).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let view = |shape: &[usize], bytes: usize| {
            TensorView::new(Dtype::F32, shape.to_vec(), &numbers[..bytes]).unwrap()
        };
        let tensors = [
            ("conv1.weight", view(&[2, 1, 3, 3], 72)),
            ("fc1.weight", view(&[2, 3], 24)),
            ("fc1.bias", view(&[2], 8)),
            ("deep", view(&[1, 2, 1, 1, 2], 16)),
        ];
        let metadata =
            HashMap::from([(HEADER.to_owned(), serde_json::to_string(&header).unwrap())]);
        let sound = safetensors::serialize(tensors, Some(metadata)).unwrap();
        let device = Device::flex();
        let mut refused = 0;
        for case in 0..3000 {
            let damaged = mutate::mutated(&sound, &sound, case);
            for network in [None, Some(NetworkKind::Compact), Some(NetworkKind::Paper)] {
                let given = Given { network, threshold: None };
                refused += usize::from(read(&damaged, given, &device).is_err());
            }
        }
        // None has all the parameters of a network.
        assert_eq!(refused, 9000);
    }
}
