//! Which patches come from scans that a network learned from: figures on them are optimistic.

use crate::dataset::{Dataset, ManifestRow, Part, Portion, unit_word};
use nodulens::weights::Card;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The measured part against a training part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// The training part.
    pub against: String,
    /// Patients of the measured part, or scans where no patient is named.
    pub units: usize,
    /// Of them, how many have patches in the training part.
    pub shared_units: usize,
    /// Patches of the measured part.
    pub patches: usize,
    /// Of them, how many are of such a patient.
    pub shared_patches: usize,
    /// Of them, how many are in the training part themselves.
    pub same_patches: usize,
    /// All this in plain words.
    pub sentence: String,
}

/// Return the training parts that matter for `part`: the one the weights learned from, and the one
/// of the split that `part` belongs to.
fn training_parts(card: &Card, part: &Part) -> Vec<Part> {
    let of_split = |part: &Part| match part {
        Part::Of(split, _) => Some(split.train()),
        Part::All | Part::Subset(_) => None,
    };
    // Older cards do not name it, but they name the part that was chosen on.
    let chosen_on = card.metrics.as_ref().and_then(|metrics| metrics.part.parse().ok());
    let learned = card.train_part.parse().ok().or_else(|| chosen_on.as_ref().and_then(of_split));
    let mut parts: Vec<Part> = learned.into_iter().collect();
    let own = of_split(part).filter(|_| !matches!(part, Part::Of(_, Portion::Train)));
    parts.extend(own.filter(|own| !parts.contains(own)));
    parts
}

/// Look the measured patches up among the training parts of `rows`, the whole manifest. A training
/// part of which the manifest has no row cannot be checked and is left out.
pub fn leaks(rows: &[ManifestRow], dataset: &Dataset, card: &Card, part: &Part) -> Vec<Leak> {
    let against = |train: Part| {
        let learned = train.of(rows.to_vec());
        if learned.is_empty() {
            return None;
        }
        let units: HashSet<&str> = learned.iter().map(ManifestRow::unit).collect();
        let patches: HashSet<&str> = learned.iter().map(|row| row.candidate_row.as_str()).collect();
        let measured = || dataset.examples.iter().map(|example| &example.row);
        let distinct: HashSet<&str> = measured().map(ManifestRow::unit).collect();
        let shared = distinct.intersection(&units).count();
        let shared_patches = measured().filter(|row| units.contains(row.unit())).count();
        let same = measured().filter(|row| patches.contains(row.candidate_row.as_str())).count();
        let sentence = sentence(&train, (shared, distinct.len()), (shared_patches, same), dataset);
        Some(Leak {
            against: train.to_string(),
            units: distinct.len(),
            shared_units: shared,
            patches: dataset.examples.len(),
            shared_patches,
            same_patches: same,
            sentence,
        })
    };
    training_parts(card, part).into_iter().filter_map(against).collect()
}

fn sentence(
    train: &Part,
    (shared, units): (usize, usize),
    (patches, same): (usize, usize),
    dataset: &Dataset,
) -> String {
    let word = unit_word(dataset.examples.iter().map(|example| &example.row));
    if shared == 0 {
        return format!(
            "None of the {units} {word} measured here is in {train}: nothing leaks from there."
        );
    }
    let percent = 100.0 * patches as f64 / dataset.examples.len() as f64;
    let itself =
        if same > 0 { format!(" {same} patches are themselves in it.") } else { String::new() };
    format!(
        "{shared} of the {units} {word} measured here, with {percent:.1} % of the patches, have \
         patches in {train} too.{itself} A network that learned from {train} has seen these \
         lungs, so its figures here are optimistic."
    )
}
