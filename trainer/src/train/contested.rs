//! Soft labels and weights of patches, and what becomes of contested negatives in training.

use crate::config::{Contested, TrainConfig};
use crate::dataset::readers::READERS;
use crate::dataset::{Dataset, ManifestRow};
use anyhow::{Result, ensure};

/// Return the part that is learnt from: without contested negatives where they are dropped.
///
/// # Errors
/// Contested negatives are to be treated, and the data does not say which they are, or how many
/// readers outlined them.
pub fn training_part(config: &TrainConfig, set: Dataset) -> Result<Dataset> {
    let rows = || set.examples.iter().map(|example| &example.row);
    if config.contested == Contested::Keep && config.contested_weight == 1.0 {
        return Ok(set);
    }
    ensure!(
        rows().any(|row| row.contested.is_some()),
        "--contested and --contested-weight need to know which negatives are contested: a column \
         contested in manifest.csv, or readers.csv beside it"
    );
    let contested = rows().filter(|row| row.is_contested_negative());
    match config.contested {
        Contested::Keep => {}
        Contested::Drop => {
            eprintln!("Contested   {} negatives are left out of training", contested.count());
            return Ok(set.without_contested());
        }
        Contested::Soften => {
            if let Some(row) = contested.clone().find(|row| row.n_readers.is_none()) {
                anyhow::bail!(
                    "--contested soften needs n_readers of row {}, which is contested",
                    row.candidate_row
                );
            }
        }
    }
    eprintln!(
        "Contested   {} negatives, weight {}{}",
        contested.count(),
        config.contested_weight,
        if config.contested == Contested::Soften { ", their target by the readers" } else { "" }
    );
    Ok(set)
}

/// Return the probability of a nodule that is to be learnt from a patch: its own `target` where the
/// manifest has one, the share of readers of a contested negative that is softened, otherwise its
/// class.
pub fn label(contested: Contested, row: &ManifestRow) -> f64 {
    let by_readers = || {
        let softened = contested == Contested::Soften && row.is_contested_negative();
        row.n_readers
            .filter(|_| softened)
            .map(|readers| f64::from(readers.min(READERS)) / f64::from(READERS))
    };
    row.target.or_else(by_readers).unwrap_or(f64::from(row.class))
}

/// Return the weight of a patch in the loss, that of its class apart.
pub fn weight(contested_weight: f64, row: &ManifestRow) -> f64 {
    row.weight.unwrap_or(1.0) * if row.is_contested_negative() { contested_weight } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(class: u8, contested: Option<bool>, n_readers: Option<u32>) -> ManifestRow {
        ManifestRow { class, contested, n_readers, ..ManifestRow::default() }
    }

    #[test]
    fn labels_and_weights_of_hand_worked_rows() {
        let marked = row(0, Some(true), Some(1));
        let plain = row(0, Some(false), Some(1));
        let nodule = row(1, Some(true), Some(3));
        let given = ManifestRow { target: Some(0.6), weight: Some(0.5), ..marked.clone() };
        let labels = |contested| {
            [&marked, &plain, &nodule, &given, &row(0, Some(true), Some(7))]
                .map(|row| label(contested, row))
        };
        assert_eq!(labels(Contested::Keep), [0.0, 0.0, 1.0, 0.6, 0.0]);
        // One reader of four; only contested negatives are softened.
        assert_eq!(labels(Contested::Soften), [0.25, 0.0, 1.0, 0.6, 1.0]);
        let weights = [&marked, &plain, &nodule, &given].map(|row| weight(0.2, row));
        assert_eq!(weights, [0.2, 1.0, 1.0, 0.1]);
    }

    fn set(manifest: &str) -> Dataset {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crops50")).unwrap();
        std::fs::write(folder.path().join("manifest.csv"), manifest).unwrap();
        for name in 1..4 {
            let path = folder.path().join(format!("crops50/{name}.png"));
            image::GrayImage::new(50, 50).save(path).unwrap();
        }
        Dataset::load(folder.path(), &crate::dataset::Part::All).unwrap()
    }

    #[test]
    fn contested_negatives_are_dropped_and_what_is_not_known_is_refused() {
        let config = |contested, contested_weight| TrainConfig {
            contested,
            contested_weight,
            ..TrainConfig::default()
        };
        let known = || set("candidate_row,class,contested\n1,0,1\n2,0,0\n3,1,1\n");
        let kept = |config: &TrainConfig| -> Vec<String> {
            let part = training_part(config, known()).unwrap();
            part.examples.into_iter().map(|example| example.row.candidate_row).collect()
        };
        assert_eq!(kept(&config(Contested::Drop, 1.0)), ["2", "3"]);
        assert_eq!(kept(&config(Contested::Keep, 0.0)), ["1", "2", "3"]);
        assert_ne!(
            training_part(&config(Contested::Drop, 1.0), known()).unwrap().hash,
            known().hash
        );
        let refused = |config, set| training_part(&config, set).unwrap_err().to_string();
        let soften = refused(config(Contested::Soften, 1.0), known());
        assert!(soften.contains("n_readers of row 1"), "{soften}");
        for config in [config(Contested::Drop, 1.0), config(Contested::Keep, 0.5)] {
            let unknown = refused(config, set("candidate_row,class\n1,0\n2,0\n3,1\n"));
            assert!(unknown.contains("contested in manifest.csv"), "{unknown}");
        }
    }
}
