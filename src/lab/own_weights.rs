//! Weights that a user brings along.

use crate::on_engine::OnEngine;
use crate::phantom;
use crate::preprocess::model_values;
use crate::weights::{
    CardText, Given, WeightsError, WeightsFile, WeightsHeader, read_safetensors, read_weights,
    read_weights_as, write_weights,
};
use serde_json::Value;

/// Read a weights file or a safetensors file, and return it as a weights file whose answers are
/// numbers.
///
/// # Errors
/// [`WeightsError`]; [`WeightsError::Corrupt`] too where the answers are not finite.
pub fn own_weights(bytes: &[u8]) -> Result<Vec<u8>, WeightsError> {
    let (bytes, kind, parameters) = match read_weights(bytes) {
        Ok(WeightsFile { header, kind, parameters, .. }) => {
            let bytes = match is_whole(bytes, &header) {
                true => bytes.to_vec(),
                false => write_weights(&header, &parameters)?,
            };
            (bytes, kind, parameters)
        }
        Err(WeightsError::Foreign) => {
            let (header, kind, parameters) = read_safetensors(bytes, Given::default())?;
            (write_weights(&header, &parameters)?, kind, parameters)
        }
        Err(error) => return Err(error),
    };
    // Refuses what lacks a parameter.
    let engine = OnEngine::new(kind, parameters)?;
    // Numbers that are finite one by one may overflow together.
    let patches = phantom::patches(1, 2);
    let values: Vec<f32> = patches.iter().flat_map(|one| model_values(&one.patch)).collect();
    let finite = |logits: &[f32]| logits.iter().all(|logit| logit.is_finite());
    // Two patches are as many values as a view.
    let looked = match kind.context() {
        Some(_) => engine.views(&values).is_ok_and(|logits| finite(&logits)),
        None => true,
    };
    match engine.patches(&values) {
        Ok(logits) if looked && finite(&logits) => Ok(bytes),
        _ => {
            let reason = "its answers are not finite: training has gone wrong".to_owned();
            Err(WeightsError::Corrupt(reason))
        }
    }
}

/// Return whether a file's card has all its fields: the page takes the card as it stands there. One
/// that was written by hand, or long ago, is written again, with what was missing empty.
fn is_whole(bytes: &[u8], header: &WeightsHeader) -> bool {
    fn holds(found: &Value, wanted: &Value) -> bool {
        match (found, wanted) {
            (Value::Object(found), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| {
                found.get(key).map_or(wanted.is_null(), |found| holds(found, wanted))
            }),
            (Value::Array(found), Value::Array(wanted)) => {
                found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
            }
            _ => true,
        }
    }
    let Ok(text) = read_weights_as::<CardText>(bytes) else { return false };
    let found = serde_json::from_str(text.header.card.json());
    let wanted = serde_json::to_value(&header.card);
    matches!((found, wanted), (Ok(found), Ok(wanted)) if holds(&found, &wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_stays_as_it_is_and_a_card_without_a_field_gets_it() {
        let shipped = include_bytes!("../../www/models/compact.nodulens");
        assert_eq!(own_weights(shipped).unwrap(), shipped);
        // One of a card with a title alone.
        let WeightsFile { header, parameters, .. } = read_weights(shipped).unwrap();
        let whole = write_weights(&header, &parameters).unwrap();
        let length = u32::from_le_bytes([whole[12], whole[13], whole[14], whole[15]]) as usize;
        let text = std::str::from_utf8(&whole[16..16 + length]).unwrap();
        let mut json: Value = serde_json::from_str(text).unwrap();
        json["card"] = serde_json::json!({ "title": "by hand" });
        let short = serde_json::to_vec(&json).unwrap();
        let mut file = [&whole[..12], &(short.len() as u32).to_le_bytes(), &short].concat();
        file.extend(&whole[16 + length..whole.len() - 32]);
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&file);
        file.extend(digest);
        let opened = read_weights_as::<CardText>(&own_weights(&file).unwrap()).map(|file| {
            let card: Value = serde_json::from_str(file.header.card.json()).unwrap();
            card
        });
        let card = opened.unwrap();
        assert_eq!(card["title"], "by hand");
        assert!(card["history"].is_array() && card["metrics"].is_null());
        assert_eq!(own_weights(b"{}").unwrap_err(), WeightsError::Foreign);
    }
}
