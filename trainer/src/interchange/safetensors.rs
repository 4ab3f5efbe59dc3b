//! Safetensors, with the header of the weights file as metadata.

use super::bytes;
use anyhow::{Result, anyhow};
use nodulens::model::NetworkKind;
pub use nodulens::weights::Given;
use nodulens::weights::{
    HEADER_KEY, Parameters, WeightsFile, WeightsHeader, read_safetensors, transposed,
};
use nodulens_imaging::UserError;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::collections::HashMap;

/// Return a safetensors document that PyTorch can load as a state dictionary.
///
/// # Errors
/// Where the network cannot be read.
pub fn write(weights: &WeightsFile) -> Result<Vec<u8>> {
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = weights
        .parameters
        .iter()
        .map(|(name, parameter)| {
            let parameter = transposed(parameter);
            (name.to_owned(), parameter.shape, bytes(&parameter.values))
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
        (HEADER_KEY.to_owned(), serde_json::to_string(&weights.header)?),
    ]);
    Ok(safetensors::serialize(views, Some(metadata))?)
}

/// Return header and network of a safetensors document, whether written here or by another program.
///
/// # Errors
/// As [`read_safetensors`], with what to do.
pub fn read(document: &[u8], given: Given) -> Result<(WeightsHeader, NetworkKind, Parameters)> {
    read_safetensors(document, given).map_err(|error| anyhow!("{error}. {}", error.hint()))
}

#[cfg(test)]
#[path = "../../../fuzz/src/mutate.rs"]
mod mutate;

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens::weights::Card;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;
    use safetensors::SafeTensors;

    fn weights() -> WeightsFile {
        let kind = NetworkKind::Compact;
        let parameters = Parameters::random(kind, &mut Pcg64Mcg::seed_from_u64(1));
        let card = Card { title: "test".to_owned(), ..Card::default() };
        let header = WeightsHeader {
            threshold: 0.25,
            temperature: 1.5,
            ..WeightsHeader::uncalibrated(kind, card)
        };
        WeightsFile { header, kind, parameters, sha256: String::new() }
    }

    #[test]
    fn what_is_written_is_read_back_to_the_bit() {
        let weights = weights();
        let document = write(&weights).unwrap();
        let (header, _, parameters) = read(&document, Given::default()).unwrap();
        assert_eq!(header, weights.header);
        assert_eq!(parameters, weights.parameters);
        // Dense layers are laid out as PyTorch does.
        let document = SafeTensors::deserialize(&document).unwrap();
        let dense = document.tensor("fc.weight").unwrap();
        assert_eq!(dense.shape()[0], 2);
    }

    #[test]
    fn files_of_others_are_told_by_their_shapes_and_checked() {
        let weights = weights();
        let document = write(&weights).unwrap();
        let tensors = SafeTensors::deserialize(&document).unwrap();
        let plain = safetensors::serialize(tensors.iter(), None).unwrap();
        let message = |given| format!("{:#}", read(&plain, given).unwrap_err());
        let (header, ..) = read(&plain, Given::default()).unwrap();
        assert_eq!((header.network.as_str(), header.threshold), ("compact", 0.5));
        let wrong = Given { network: Some(NetworkKind::Paper), threshold: None };
        assert!(message(wrong).contains("conv1.weight"), "{}", message(wrong));
        let right = Given { network: Some(NetworkKind::Compact), threshold: Some(0.7) };
        assert_eq!(read(&plain, right).unwrap().0.threshold, 0.7);
        assert!(read(b"{}", right).is_err());
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
            HashMap::from([(HEADER_KEY.to_owned(), serde_json::to_string(&header).unwrap())]);
        let sound = safetensors::serialize(tensors, Some(metadata)).unwrap();
        let mut refused = 0;
        for case in 0..3000 {
            let damaged = mutate::mutated(&sound, &sound, case);
            for network in [None, Some(NetworkKind::Compact), Some(NetworkKind::Paper)] {
                let given = Given { network, threshold: None };
                refused += usize::from(read(&damaged, given).is_err());
            }
        }
        // None has all the parameters of a network.
        assert_eq!(refused, 9000);
    }
}
