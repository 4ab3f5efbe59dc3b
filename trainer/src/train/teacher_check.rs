//! Whether a teacher, or what a run begins with (`init`), has seen the patients that the run is judged
//! on: what it brings would tell the run about them, and its figures would be those of known lungs.

use crate::config::TrainConfig;
use crate::dataset::learnt::{Learnt, Shared};
use crate::dataset::{Fold, ManifestRow, Split, read_manifest, unit_word, units_in};
use crate::files::write_whole;
use crate::train::initial::of_run;
use crate::train::labels::Labels;
use anyhow::{Context, Result, bail, ensure};
use nodulens::weights::{CardLearnt, read_weights};
use std::fs;
use std::path::{Path, PathBuf};

/// Whom a run learns from, in its folder.
const FILE: &str = "learnt.json";
/// What stands for the number of the fold in a teacher's path.
const FOLD: &str = "{fold}";

/// Check the teachers of a run and what it begins with, and return whom it learns from, those
/// included.
///
/// # Errors
/// A teacher or an `init` that has learnt from a patient of the validation or test part; one that does
/// not say whom it has learnt from, unless `trust_teachers` is set.
pub fn check(config: &TrainConfig) -> Result<Learnt> {
    let rows = read_manifest(&config.patches)?;
    let mut learnt_from = config.split.train().of(rows.clone());
    let left = units_in(&learnt_from, &config.leave_out);
    learnt_from.retain(|row| !left.contains(row.unit()));
    if !config.hard_negatives.as_os_str().is_empty() {
        learnt_from.extend(read_manifest(&config.hard_negatives)?);
    }
    let mut learnt = Learnt::of(&learnt_from);
    let judged: Vec<ManifestRow> = [config.split.valid(), config.split.test()]
        .into_iter()
        .flat_map(|part| part.of(rows.clone()))
        .collect();
    let teachers = config.teachers.iter().map(|path| (Source::Teacher, path));
    let begun = Some(&config.init).filter(|path| !path.as_os_str().is_empty());
    let labels = Some(&config.labels).filter(|path| !path.as_os_str().is_empty());
    let sources = teachers.chain(begun.map(|path| (Source::Init, path)));
    for (source, path) in sources.chain(labels.map(|path| (Source::Labels, path))) {
        let shown = format!("{} {}", source.words(), path.display());
        let seen = source.read(path)?;
        if let Some(seen) = &seen {
            let Shared { units, shared, .. } = seen.shared(&judged);
            ensure!(
                shared == 0,
                "{shown} has learnt from {shared} of the {units} {} that split '{}' \
                 validates and tests on, so it would give them away. Take one of the same split; \
                 in crossval one for each fold, with {FOLD} in its path",
                unit_word(&judged),
                config.split
            );
        }
        let gap = match &seen {
            None => Some("its file does not say whom it has learnt from".to_owned()),
            Some(seen) if seen.shared(&judged).unknown_rows > 0 => {
                Some("its list and the manifest have neither patients nor scans in common".into())
            }
            Some(seen) => seen.gaps.first().cloned(),
        };
        if let Some(gap) = gap {
            ensure!(
                config.trust_teachers,
                "{shown} cannot be checked against split '{}': {gap}. Add the list to a weights file \
                 with `cargo trainer card --weights FILE --patches DIR`, export it again, or say \
                 --trust-teachers true, which the card will tell",
                config.split
            );
            learnt.gaps.push(format!("{} {}: {gap}; it was trusted", source.words(), name(path)));
        }
        if let Some(seen) = &seen {
            learnt.join(seen);
        }
    }
    Ok(learnt)
}

/// Return the file's name alone: where it lay says nothing to others.
fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// What a run takes from elsewhere.
#[derive(Clone, Copy)]
enum Source {
    Teacher,
    Init,
    Labels,
}

impl Source {
    fn words(self) -> &'static str {
        match self {
            Self::Teacher => "teacher",
            Self::Init => "--init",
            Self::Labels => "labels",
        }
    }

    /// Read whom it has learnt from; `None` where it does not say. What a run begins with may be a run,
    /// or one of its checkpoints.
    fn read(self, path: &Path) -> Result<Option<Learnt>> {
        let shown = || format!("{} {}", self.words(), path.display());
        if path.is_dir() {
            // For its errors: a folder that holds no run has nothing to say either.
            of_run(path)?;
            let card = match (read(path)?, path.parent()) {
                (None, Some(run)) => read(run)?,
                (card, _) => card,
            };
            let learnt = card.map(|card| Learnt::read(&card)).transpose();
            return Ok(learnt.with_context(shown)?.flatten());
        }
        if let Self::Labels = self {
            return Learnt::read(&Labels::read(path)?.learnt).with_context(shown);
        }
        let bytes = fs::read(path).with_context(shown)?;
        let file = read_weights(&bytes).with_context(shown)?;
        Learnt::read(&file.header.card.learnt).with_context(shown)
    }
}

/// Return the configuration of a fold of cross-validation: its split, and its own teachers and
/// beginning where their paths say `{fold}`.
pub fn of_fold(config: &TrainConfig, fold: Fold) -> TrainConfig {
    let own = |path: &PathBuf| match path.to_str() {
        Some(text) => PathBuf::from(text.replace(FOLD, &fold.to_string())),
        None => path.clone(),
    };
    TrainConfig {
        split: Split::Luna16Fold(fold),
        teachers: config.teachers.iter().map(own).collect(),
        init: own(&config.init),
        labels: own(&config.labels),
        ..config.clone()
    }
}

/// Keep whom a run learns from in its folder: a card is written long after, when data and teachers
/// may be elsewhere.
///
/// # Errors
/// A full disk.
pub fn write(out: &Path, learnt: &Learnt) -> Result<()> {
    write_whole(&out.join(FILE), &serde_json::to_vec_pretty(&learnt.card())?)
}

/// Read whom a run has learnt from; `None` where an earlier build began it.
///
/// # Errors
/// A damaged file.
pub fn read(run: &Path) -> Result<Option<CardLearnt>> {
    let path = run.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => {
            Ok(Some(serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => bail!("{}: {error}", path.display()),
    }
}
