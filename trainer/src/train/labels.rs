//! What teachers have said of training patches beforehand (`nodulens teach`), each patch graded by
//! networks that have not learnt from its patient.

use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::files::write_whole;
use anyhow::{Context, Result, ensure};
use nodulens::weights::CardLearnt;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// Labels of a training part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    /// How they came about, a sentence.
    pub description: String,
    /// Commit of the program that made them.
    pub commit: String,
    /// Whom the teachers have learnt from, all of them.
    pub learnt: CardLearnt,
    /// Logit (nodule over no nodule) by candidate row, the mean over teachers and views.
    pub logits: BTreeMap<String, f64>,
}

impl Labels {
    /// Read a file of labels.
    ///
    /// # Errors
    /// A file that is missing or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let place = || format!("labels {}", path.display());
        let bytes = fs::read(path).with_context(place)?;
        serde_json::from_slice(&bytes).with_context(place)
    }

    /// Write a file of labels.
    ///
    /// # Errors
    /// A full disk.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, &serde_json::to_vec_pretty(self)?)
    }

    /// Read the labels that a run learns from as probabilities by candidate row; none where it learns
    /// from the data's own alone.
    ///
    /// # Errors
    /// Labels that lack a patch of the training part: they are of another selection.
    pub fn read_for(config: &TrainConfig, train: &Dataset) -> Result<HashMap<String, f64>> {
        if config.labels.as_os_str().is_empty() {
            return Ok(HashMap::new());
        }
        let labels = Self::read(&config.labels)?;
        // What was mined has no teacher: its label is that there is no nodule.
        let rows = train.examples.iter().filter(|example| !example.mined);
        let rows = rows.map(|example| example.row.candidate_row.as_str());
        let lacking: Vec<&str> = rows.filter(|row| !labels.logits.contains_key(*row)).collect();
        ensure!(
            lacking.is_empty(),
            "{} grades other patches: row {} and {} more of the training part are not in it. Make it \
             with the same split: nodulens teach",
            config.labels.display(),
            lacking[0],
            lacking.len() - 1
        );
        let probability = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Ok(labels.logits.into_iter().map(|(row, logit)| (row, probability(logit))).collect())
    }
}
