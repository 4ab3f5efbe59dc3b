//! Which patches come from scans that a network learned from: figures on them are optimistic.

use crate::dataset::learnt::Learnt;
use crate::dataset::{Dataset, ManifestRow, Part, Portion, unit_word};
use nodulens::weights::{Card, CardLearnt};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The measured part against a training part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// The training part, or `learnt`: whom the weights file lists.
    pub against: String,
    /// Patients of the measured part, or scans where no patient is named.
    pub units: usize,
    /// Of them, how many have patches in the training part.
    pub shared_units: usize,
    /// Patches of the measured part.
    pub patches: usize,
    /// Of them, how many are of such a patient.
    pub shared_patches: usize,
    /// Of them, how many are in the training part themselves; 0 against a list.
    pub same_patches: usize,
    /// All this in plain words.
    pub sentence: String,
}

/// Return the training parts that matter for `part`: the one the weights learned from, unless their
/// card lists whom they learned from, and the one of the split that `part` belongs to.
fn training_parts(card: &Card, part: &Part) -> Vec<Part> {
    let of_split = |part: &Part| match part {
        Part::Of(split, _) => Some(split.train()),
        Part::All | Part::Subset(_) => None,
    };
    // Older cards do not name it, but they name the part that was chosen on.
    let chosen_on = card.metrics.as_ref().and_then(|metrics| metrics.part.parse().ok());
    let learned = card.train_part.parse().ok().or_else(|| chosen_on.as_ref().and_then(of_split));
    let listed = card.learnt != CardLearnt::default();
    let mut parts: Vec<Part> = learned.clone().into_iter().filter(|_| !listed).collect();
    let own = of_split(part).filter(|_| !matches!(part, Part::Of(_, Portion::Train)));
    parts.extend(own.filter(|own| learned.as_ref() != Some(own)));
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
    let mut leaks: Vec<Leak> = listed(dataset, card).into_iter().collect();
    leaks.extend(training_parts(card, part).into_iter().filter_map(against));
    leaks
}

/// Look the measured patches up among those whom the card lists, which holds for any manifest and
/// knows the teachers' patients too.
fn listed(dataset: &Dataset, card: &Card) -> Option<Leak> {
    // A list that cannot be read is one that cannot be checked.
    let learnt = Learnt::read(&card.learnt).ok().flatten()?;
    let rows = || dataset.examples.iter().map(|example| &example.row);
    let found = learnt.shared(rows());
    let word = unit_word(rows());
    let mut text = match found.shared {
        0 => format!(
            "None of the {} {word} measured here is among those that the weights, or networks that \
             taught them, have learnt from.",
            found.units
        ),
        shared => format!(
            "{shared} of the {} {word} measured here, with {:.1} % of the patches, are among those \
             that the weights, or networks that taught them, have learnt from: the figures are \
             optimistic.",
            found.units,
            100.0 * found.shared_rows as f64 / found.rows.max(1) as f64
        ),
    };
    if found.unknown_rows > 0 {
        let patches = found.unknown_rows;
        text += &format!(" {patches} patches name nothing by which they could be looked up.");
    }
    for gap in &learnt.gaps {
        text += &format!(" The list may not be complete: {gap}.");
    }
    Some(Leak {
        against: "learnt".to_owned(),
        units: found.units,
        shared_units: found.shared,
        patches: found.rows,
        shared_patches: found.shared_rows,
        same_patches: 0,
        sentence: text,
    })
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
