//! Weights files that are cut, damaged, foreign, newer or of another kind: each a typed error.

use nodulens::weights::{WeightsError, WeightsHeader, read_weights};
use nodulens_imaging::UserError;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

static SHIPPED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/www/models/paper.nodulens");
    std::fs::read(path).unwrap()
});

/// The network of a weights file, complete.
fn whole(bytes: &[u8]) -> Result<(), WeightsError> {
    let file = read_weights(bytes)?;
    file.parameters.by_layer(file.kind).map(drop)
}

fn error(bytes: &[u8]) -> WeightsError {
    let error = whole(bytes).unwrap_err();
    assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    error
}

/// The shipped file with another header and, if asked for, other parameters; checksum right.
fn rebuilt(change: impl Fn(&mut serde_json::Value), parameters: Option<&[u8]>) -> Vec<u8> {
    let shipped = &*SHIPPED;
    let length = u32::from_le_bytes(shipped[12..16].try_into().unwrap()) as usize;
    let mut header = serde_json::from_slice(&shipped[16..16 + length]).unwrap();
    change(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = shipped[..12].to_vec();
    file.extend(u32::try_from(header.len()).unwrap().to_le_bytes());
    file.extend(header);
    file.extend(parameters.unwrap_or(&shipped[16 + length..shipped.len() - 32]));
    let digest = Sha256::digest(&file);
    file.extend(digest);
    file
}

#[test]
fn the_shipped_file_loads_and_describes_itself() {
    let weights = read_weights(&SHIPPED).unwrap();
    let WeightsHeader { network, threshold, card, .. } = weights.header;
    assert_eq!(network, "paper");
    assert!(threshold > 0.0 && threshold < 1.0);
    let metrics = card.metrics.expect("the shipped card has figures");
    assert!(metrics.n > 0 && metrics.roc_auc_ci95.unwrap()[0] <= metrics.roc_auc);
    assert!(!card.commit.is_empty() && !card.date.is_empty() && !card.citations.is_empty());
    assert!(!card.commit.ends_with("-dirty"), "shipped weights come from a committed trainer");
}

#[test]
fn cut_off_anywhere_is_truncated() {
    let shipped = &*SHIPPED;
    for length in [1, 7, 8, 12, 15, 16, 17, 300, 4000, shipped.len() / 2, shipped.len() - 1] {
        assert_eq!(error(&shipped[..length]), WeightsError::Truncated(length), "{length}");
    }
}

#[test]
fn other_files_are_foreign() {
    assert_eq!(error(b""), WeightsError::Foreign);
    assert_eq!(error(b"\x89PNG\r\n\x1a\n0000"), WeightsError::Foreign);
    assert_eq!(error(&SHIPPED[1..]), WeightsError::Foreign);
}

#[test]
fn a_later_version_is_named() {
    let mut file = SHIPPED.clone();
    file[8] = 9;
    assert_eq!(error(&file), WeightsError::Newer { found: 9, latest: 2 });
}

#[test]
fn one_flipped_bit_is_found() {
    for place in [20, 4000, SHIPPED.len() / 2, SHIPPED.len() - 5] {
        let mut file = SHIPPED.clone();
        file[place] ^= 1;
        assert_eq!(error(&file).code(), "weights-corrupt", "at {place}");
    }
}

#[test]
fn another_network_preprocessing_or_shape_is_a_mismatch() {
    let network = error(&rebuilt(|header| header["network"] = "resnet".into(), None));
    assert!(
        network.to_string().contains("network is resnet, expected context or compact or paper"),
        "{network}"
    );
    let preprocessing = rebuilt(|header| header["preprocess_id"] = "patch64-v9".into(), None);
    assert!(error(&preprocessing).to_string().contains("patch64-v9, expected patch50"));
    let number = vec![0u8; 4];
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F16, vec![2], &number);
    let tensors = [("fc2.weight", view.unwrap())];
    let parameters = safetensors::serialize(tensors, None).unwrap();
    let shape = error(&rebuilt(|_| {}, Some(&parameters)));
    assert_eq!(shape.code(), "weights-mismatch");
}

#[test]
fn a_card_that_lacks_a_field_still_loads() {
    let file =
        rebuilt(|header| drop(header["card"].as_object_mut().unwrap().remove("citations")), None);
    assert!(read_weights(&file).unwrap().header.card.citations.is_empty());
}

#[test]
fn impossible_numbers_are_refused() {
    for (key, value) in
        [("threshold", 1.5), ("threshold", 0.0), ("temperature", -1.0), ("temperature", 1e39)]
    {
        let file = rebuilt(|header| header[key] = value.into(), None);
        assert_eq!(error(&file).code(), "weights-corrupt", "{key} {value}");
    }
    let broken = rebuilt(|_| {}, Some(b"\xff\xff\xff\xff\xff\xff\xff\xff{}"));
    assert_eq!(error(&broken).code(), "weights-corrupt");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn no_bytes_make_it_panic(version in 0u32..4, length in 0u32..64, tail: Vec<u8>) {
        let mut file = b"NODULENS".to_vec();
        file.extend(version.to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(&tail);
        // With a right checksum, so that what lies behind it is reached too.
        let digest = Sha256::digest(&file);
        file.extend(digest);
        proptest::prop_assert!(whole(&file).is_err());
    }
}

#[test]
fn weights_that_declare_more_than_they_are() {
    let shipped = include_bytes!("../../www/models/compact.nodulens");
    let length = u32::from_le_bytes(*shipped[12..].first_chunk::<4>().unwrap()) as usize;
    let sealed = |body: &[u8]| {
        let digest = <sha2::Sha256 as sha2::Digest>::digest(body);
        [body, &digest[..]].concat()
    };
    let code = |body: &[u8]| {
        let (taken, read) = crate::counting::taken(|| read_weights(&sealed(body)));
        assert!(taken < 4 << 20, "{taken} bytes were taken");
        read.unwrap_err().code()
    };
    let mut header = shipped[..2000].to_vec();
    header[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(code(&header), "weights-truncated");
    // The parameters' own header, longer than the file.
    let mut names = shipped[..16 + length + 500].to_vec();
    names[16 + length..24 + length].copy_from_slice(&90_000_000_u64.to_le_bytes());
    assert_eq!(code(&names), "weights-corrupt");
    // A parameter of a terabyte.
    let huge = br#"{"conv1.bias":{"dtype":"F16","shape":[549755813888],"data_offsets":[0,1099511627776]}}"#;
    let parameters = [&(huge.len() as u64).to_le_bytes(), &huge[..], &[0; 64]].concat();
    assert_eq!(code(&[&shipped[..16 + length], &parameters].concat()), "weights-corrupt");
}
