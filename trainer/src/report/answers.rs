//! What a network says of every patch, whole or in shards.

use crate::dataset::{Dataset, Example};
use crate::shard::Shard;
use anyhow::{Context, Result, bail, ensure};
use nodulens::classifier::{Classifier, Prediction};
use nodulens::constants::{CLASS_NODULE, PATCH_SAMPLES, PATCH_SIZE};
use nodulens::model::symmetry::{SYMMETRIES, permutation};
use nodulens::preprocess::lone_view;
use nodulens::weights::Head;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Patches classified at once. Shards hold whole batches, so that a shard computes each patch in
/// the very batch in which an unsharded run does, and the numbers are the same to the last bit.
const BATCH: usize = 96;

/// What a network says of a patch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Probability of a nodule in [0, 1], as the page gives it.
    pub probability: f32,
    /// Logit of "nodule" minus that of "no nodule", before temperature.
    pub logit: f64,
}

impl From<&Prediction> for Answer {
    fn from(prediction: &Prediction) -> Self {
        let [nodule, other] = [CLASS_NODULE, 1 - CLASS_NODULE].map(|i| prediction.logits[i]);
        Self { probability: prediction.probability, logit: f64::from(nodule) - f64::from(other) }
    }
}

/// What of the patches is shown to a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Nothing of their surroundings, whether they are known or not.
    pub alone: bool,
    /// All eight flips and quarter turns, whose probabilities are averaged.
    pub symmetry: bool,
}

impl Shown {
    /// Return which part of the network answers where all is known.
    pub fn head(self) -> Head {
        if self.alone { Head::Patch } else { Head::Context }
    }
}

/// Classify the patches of a shard, or all, in the data set's order: pairs of the patch's number
/// and the answer.
///
/// # Errors
/// Where the device fails.
pub fn predict(
    classifier: &Classifier,
    dataset: &Dataset,
    shown: Shown,
    shard: Option<Shard>,
) -> Result<Vec<(usize, Answer)>> {
    let mut answers = Vec::with_capacity(dataset.examples.len());
    for (batch, chunk) in dataset.examples.chunks(BATCH).enumerate() {
        if shard.is_some_and(|shard| !shard.holds(batch)) {
            continue;
        }
        let views = if shown.symmetry { SYMMETRIES } else { 1 };
        let seen: Vec<Vec<Prediction>> = (0..views)
            .map(|view| classify(classifier, chunk, shown, view))
            .collect::<Result<_>>()?;
        for i in 0..chunk.len() {
            let views: Vec<Answer> = seen.iter().map(|view| Answer::from(&view[i])).collect();
            let temperature = classifier.header().operating(seen[0][i].head).temperature;
            let mean = || mean(&views, f64::from(temperature));
            let answer = if shown.symmetry { mean() } else { views[0] };
            answers.push((batch * BATCH + i, answer));
        }
    }
    Ok(answers)
}

/// Classify all patches; as [`predict`], without their numbers.
///
/// # Errors
/// Where the device fails.
pub fn predict_all(
    classifier: &Classifier,
    dataset: &Dataset,
    shown: Shown,
) -> Result<Vec<Answer>> {
    let answers = predict(classifier, dataset, shown, None)?;
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

fn classify(
    classifier: &Classifier,
    chunk: &[Example],
    shown: Shown,
    view: usize,
) -> Result<Vec<Prediction>> {
    let seen = |example: &Example| {
        let whole = if shown.alone { None } else { example.view() };
        let seen = whole.unwrap_or_else(|| lone_view(&example.values));
        seen.chunks(PATCH_SAMPLES).flat_map(|picture| turned(picture, view)).collect::<Vec<f32>>()
    };
    let views = chunk.iter().flat_map(seen).collect();
    Ok(pollster::block_on(classifier.classify_views(views))?)
}

/// Return the patch under a symmetry of the square.
fn turned(values: &[f32], view: usize) -> impl Iterator<Item = f32> {
    permutation(view, PATCH_SIZE).into_iter().map(|pixel| values[pixel])
}

/// Return the mean probability, and the logit with that probability at `temperature`. Both classes
/// are averaged, so that a probability near 1 keeps its digits.
fn mean(views: &[Answer], temperature: f64) -> Answer {
    let nodule: f64 =
        views.iter().map(|view| 1.0 / (1.0 + (-view.logit / temperature).exp())).sum();
    let other: f64 = views.iter().map(|view| 1.0 / (1.0 + (view.logit / temperature).exp())).sum();
    let logit = temperature * (nodule / other).ln().clamp(-700.0, 700.0);
    Answer { probability: (nodule / (nodule + other)) as f32, logit }
}

/// Answers of the weights that are measured and, where asked for, of those compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Patch number and answer.
    pub ours: Vec<(usize, Answer)>,
    /// The same patches by the other weights; empty without a comparison.
    pub other: Vec<(usize, Answer)>,
}

const COLUMNS: [&str; 8] =
    ["candidate_row", "seriesuid", "class", "coordX", "coordY", "coordZ", "logit", "probability"];
/// Columns that a shard has more, before `probability`, which stays last.
const SHARD_COLUMNS: [&str; 4] = ["patch", "model", "other_logit", "other_probability"];

/// Write answers as CSV. The coordinates (mm, empty where the manifest has none) make the file fit
/// for `froc --findings`. With `model` the file is a shard that [`merge`] can read.
///
/// # Errors
/// Where the disk refuses.
pub fn write(path: &Path, dataset: &Dataset, answers: &Answers, model: Option<&str>) -> Result<()> {
    let mut writer = csv::Writer::from_path(path).with_context(|| path.display().to_string())?;
    let (last, first) = COLUMNS.split_last().context("no columns")?;
    let more: &[&str] = if model.is_some() { &SHARD_COLUMNS } else { &[] };
    writer.write_record(first.iter().chain(more).chain([last]))?;
    for (at, (patch, answer)) in answers.ours.iter().enumerate() {
        let row = &dataset.examples[*patch].row;
        let mut cells =
            vec![row.candidate_row.clone(), row.series().to_owned(), row.class.to_string()];
        let position = row.position_mm().map(|mm| mm.map(|mm| mm.to_string()));
        cells.extend(position.unwrap_or_default());
        cells.push(answer.logit.to_string());
        if let Some(model) = model {
            let other = answers.other.get(at).map(|(_, other)| *other);
            cells.extend([patch.to_string(), model.to_owned()]);
            cells.push(other.map_or(String::new(), |other| other.logit.to_string()));
            cells.push(other.map_or(String::new(), |other| other.probability.to_string()));
        }
        cells.push(answer.probability.to_string());
        writer.write_record(&cells)?;
    }
    Ok(writer.flush()?)
}

/// Name a shard's file.
pub fn shard_file(shard: Shard) -> String {
    format!("predictions-{}-of-{}.csv", shard.index + 1, shard.count)
}

#[derive(serde::Deserialize)]
struct ShardRow {
    candidate_row: String,
    class: u8,
    patch: usize,
    model: String,
    logit: f64,
    probability: f32,
    other_logit: Option<f64>,
    other_probability: Option<f32>,
}

/// Join the shards in a folder. `model` is what [`write()`] was given: weights, comparison and
/// options must be those of the shards.
///
/// # Errors
/// Missing shards, shards of several sets, of other weights or other patches.
pub fn merge(folder: &Path, dataset: &Dataset, model: &str) -> Result<Answers> {
    let mut found: HashMap<usize, (Answer, Option<Answer>)> = HashMap::new();
    for path in shard_files(folder)? {
        let mut reader = csv::Reader::from_path(&path)?;
        for row in reader.deserialize() {
            let row: ShardRow = row.with_context(|| path.display().to_string())?;
            ensure!(
                row.model == model,
                "{} was made by {}, not by {model}: give --merge the same arguments",
                path.display(),
                row.model
            );
            let known = dataset.examples.get(row.patch).map(|example| &example.row);
            ensure!(
                known
                    .is_some_and(|known| known.candidate_row == row.candidate_row
                        && known.class == row.class),
                "{} is of other patches: row {} is not number {} here",
                path.display(),
                row.candidate_row,
                row.patch
            );
            let other = row
                .other_logit
                .zip(row.other_probability)
                .map(|(logit, probability)| Answer { probability, logit });
            let ours = Answer { probability: row.probability, logit: row.logit };
            found.insert(row.patch, (ours, other));
        }
    }
    let mut answers = Answers::default();
    for patch in 0..dataset.examples.len() {
        let (ours, other) = found.get(&patch).with_context(|| {
            let row = &dataset.examples[patch].row.candidate_row;
            format!("no shard in {} holds row {row}", folder.display())
        })?;
        answers.ours.push((patch, *ours));
        answers.other.extend(other.map(|other| (patch, other)));
    }
    Ok(answers)
}

/// List the shards' files, all of one set.
fn shard_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let shards: Vec<Shard> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let numbers = name.strip_prefix("predictions-")?.strip_suffix(".csv")?;
            numbers.replace("-of-", "/").parse().ok()
        })
        .collect();
    let Some(count) = shards.first().map(|shard| shard.count) else {
        bail!("{} holds no predictions-K-of-N.csv: run --shard K/N first", folder.display());
    };
    ensure!(
        shards.iter().all(|shard| shard.count == count),
        "{} holds shards of several sets: remove those that do not belong",
        folder.display()
    );
    let all = || (0..count).map(|index| Shard { index, count });
    let missing: Vec<String> =
        all().filter(|shard| !shards.contains(shard)).map(|shard| shard.to_string()).collect();
    ensure!(missing.is_empty(), "shards are missing: {}", missing.join(", "));
    Ok(all().map(|shard| folder.join(shard_file(shard))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_views_are_the_symmetries_of_the_square() {
        let values: Vec<f32> = (0..PATCH_SIZE * PATCH_SIZE).map(|i| i as f32).collect();
        let views: Vec<Vec<f32>> =
            (0..SYMMETRIES).map(|view| turned(&values, view).collect()).collect();
        assert_eq!(views[0], values);
        for (i, view) in views.iter().enumerate() {
            assert!(views[..i].iter().all(|before| before != view), "view {i} is there twice");
            let mut sorted = view.clone();
            sorted.sort_by(f32::total_cmp);
            assert_eq!(sorted, values, "view {i} loses a pixel");
        }
        // A turn to the left, half a turn, a mirror.
        assert_eq!((views[1][0], views[2][0], views[4][1]), (49.0, 2499.0, 48.0));
    }

    #[test]
    fn the_mean_is_over_probabilities() {
        // Probabilities 3/4 and 1/4 at temperature 1, mean 1/2; logit ln 3 at temperature 2.
        let answer = |logit: f64| Answer { probability: 0.0, logit };
        let three = 3f64.ln();
        let even = mean(&[answer(three), answer(-three)], 1.0);
        assert!(even.probability == 0.5 && even.logit.abs() < 1e-12);
        let same = mean(&[answer(2.0 * three); 8], 2.0);
        assert!((same.probability - 0.75).abs() < 1e-6 && (same.logit - 2.0 * three).abs() < 1e-9);
        assert!(mean(&[answer(1e6)], 1.0).logit.is_finite());
    }
}
