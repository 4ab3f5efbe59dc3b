//! What a run did, for its card: data, split, recipe, epoch and rule of choice. Nothing here is
//! known beforehand: what neither run nor data say is called not known.

use crate::config::{Contested, Monitor, TrainConfig};
use crate::dataset::description::DataCard;
use crate::dataset::{ManifestRow, unit_word};
use crate::report::card::short;
use crate::report::card::sides::{split_text, subsets};
use crate::train::checkpoint::EpochRecord;
use clap::ValueEnum;
use nodulens::constants::{PATCH_SIZE, WINDOW_HIGH_HU, WINDOW_LOW_HU, preprocess_id};
use nodulens::weights::{Card, CardEpoch, CardLearnt, WeightsFile, read_weights};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Why an epoch was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EpochRule {
    /// The best by the figure on validation that the run monitors.
    Best(Monitor),
    /// The last one.
    Last,
    /// A checkpoint that was named.
    Named(String),
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// Its settings.
    pub config: &'a TrainConfig,
    /// What the data says of itself.
    pub data: &'a DataCard,
    /// The whole manifest.
    pub rows: &'a [ManifestRow],
    /// Whom it learnt from.
    pub learnt: CardLearnt,
    /// The teachers' own settings, as comments.
    pub teachers: String,
    /// Epochs behind the weights.
    pub epoch: usize,
    /// Why this one.
    pub rule: EpochRule,
    /// Epochs that were run.
    pub epochs_run: usize,
    /// The learning curve.
    pub history: Vec<CardEpoch>,
    /// Commit of the program that began it.
    pub commit: String,
}

impl EpochRule {
    /// Read the name of a checkpoint as `export --checkpoint` takes it, of a run that monitors a figure.
    pub fn of_checkpoint(name: &str, monitor: Monitor) -> Self {
        match name {
            "best" => Self::Best(monitor),
            "last" => Self::Last,
            name => Self::Named(name.to_owned()),
        }
    }

    /// Say it in words.
    pub fn words(&self) -> String {
        match self {
            Self::Best(monitor) => format!("the best by validation {}", monitor.name()),
            Self::Last => "the last".to_owned(),
            Self::Named(name) => format!("checkpoint {name}, by name"),
        }
    }

    /// Name what was chosen on the validation part.
    fn chosen(&self) -> &'static str {
        match self {
            Self::Best(_) => "Epoch, temperature and threshold",
            Self::Last | Self::Named(_) => "Temperature and threshold",
        }
    }

    fn option(&self) -> String {
        match self {
            Self::Best(_) => String::new(),
            Self::Last => " --checkpoint last".to_owned(),
            Self::Named(name) => format!(" --checkpoint {name}"),
        }
    }
}

/// Return a card without figures.
pub fn card(origin: &Origin<'_>) -> Card {
    let Origin { config, data, rows, .. } = origin;
    let (network, split) = (config.network.name(), config.split);
    let name = match data.name.as_str() {
        "" => format!("{} patches", rows.len()),
        name => name.to_owned(),
    };
    // Where data and its card lay says nothing to others.
    let settings =
        TrainConfig { patches: PathBuf::new(), data_card: PathBuf::new(), ..(*config).clone() };
    let settings = settings.to_toml().unwrap_or_default();
    let settings = settings.replace("patches = \"\"\n", "").replace("data_card = \"\"\n", "");
    Card {
        title: format!("The {network} network on {name}, {split} split"),
        intended_use: "Research and teaching. Not a medical device: no finding and no absence of one may rest on it.".to_owned(),
        data: data_text(data, rows),
        split: split_text(split, rows, &origin.rule.chosen().to_lowercase()),
        recipe: recipe(origin),
        seed: config.seed,
        epochs: origin.epoch,
        epoch_rule: origin.rule.words(),
        commit: origin.commit.clone(),
        train_part: split.train().to_string(),
        learnt: origin.learnt.clone(),
        history: origin.history.clone(),
        settings: settings + &origin.teachers,
        reproduce: vec![
            "cargo trainer train --config settings.toml --patches DIR --out runs/NAME".to_owned(),
            format!("cargo trainer export --run runs/NAME{}", origin.rule.option()),
            format!("cargo trainer evaluate --weights www/models/{network}.nodulens --patches DIR --split {} --out DIR", split.valid()),
        ],
        citations: data.citations.clone(),
        license: match data.license.as_str() {
            "" => "not stated, for the data does not state its own".to_owned(),
            license => license.to_owned(),
        },
        limits: limits(origin),
        ..Card::default()
    }
}

/// Say what the data is, in its own words, and what the manifest and the program know of it.
fn data_text(data: &DataCard, rows: &[ManifestRow]) -> String {
    let own = match data.description.trim() {
        "" => "The data does not say what it is.".to_owned(),
        text => text.to_owned(),
    };
    let nodules = rows.iter().filter(|row| row.nodule()).count();
    let units: HashSet<&str> = rows.iter().map(ManifestRow::unit).collect();
    let id = preprocess_id();
    let made = if data.preprocess_id == id {
        format!("made for the preprocessing `{id}`, as the folder states")
    } else {
        format!("taken to be made for the preprocessing `{id}`, for the folder does not state any")
    };
    format!(
        "{own} {} patches, {nodules} of them nodules, of {} {}{}; {PATCH_SIZE}x{PATCH_SIZE} pixels, \
         window [{WINDOW_LOW_HU}, {WINDOW_HIGH_HU}] HU, {made}.",
        rows.len(),
        units.len(),
        unit_word(rows),
        subsets(rows)
    )
}

/// Return what a user must know that is known before anything was measured.
fn limits(origin: &Origin<'_>) -> Vec<String> {
    let mut limits: Vec<String> = origin
        .learnt
        .gaps
        .iter()
        .map(|gap| {
            format!("It may have learnt from patients that the figures are measured on: {gap}.")
        })
        .collect();
    limits.push(format!(
        "{} were chosen on the part on which the figures are given, which flatters them a little.",
        origin.rule.chosen()
    ));
    limits.extend(origin.data.limits.iter().cloned());
    if origin.data.description.is_empty() {
        limits.push("What the data is, and what it lacks, is not known to the program.".to_owned());
    }
    limits
}

/// Return a teacher's own settings, as comments of the settings that name it; nothing where its
/// file is gone, because the card is written long after the training.
pub fn taught_by(teacher: &Path) -> String {
    let file = std::fs::read(teacher).ok().and_then(|bytes| read_weights(&bytes).ok());
    let Some(WeightsFile { header, .. }) = file else { return String::new() };
    let settings = header.card.settings.lines().map(|line| format!("#   {line}\n"));
    format!("# {} was trained with\n{}", teacher.display(), settings.collect::<String>())
}

/// Return an epoch as a card holds it.
pub fn epoch(record: &EpochRecord) -> CardEpoch {
    CardEpoch {
        epoch: record.epoch,
        train_loss: short(record.train_loss),
        train_accuracy: record.train_accuracy.map(short),
        valid_loss: short(record.valid_loss),
        valid_accuracy: short(record.valid_accuracy),
        valid_auc: short(record.valid_auc),
    }
}

/// Return what an option is called on the command line.
fn option_name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}

/// Say how it was trained, from the settings: what is switched off is not told.
fn recipe(origin: &Origin<'_>) -> String {
    let config = origin.config;
    let mut parts = vec![
        format!(
            "{} {:e}, {} schedule",
            option_name(&config.optimizer),
            config.learning_rate,
            option_name(&config.schedule)
        ),
        format!("batch {}", config.batch_size),
        format!(
            "{} of {} planned epochs run, epoch {} kept: {}",
            origin.epochs_run,
            config.epochs,
            origin.epoch,
            origin.rule.words()
        ),
    ];
    let mut told = |on: bool, text: String| parts.extend(on.then_some(text));
    told(config.dropout > 0.0, format!("dropout {}", config.dropout));
    told(config.weight_decay > 0.0, format!("weight decay {}", config.weight_decay));
    told(config.gradient_clip > 0.0, format!("gradients clipped at {}", config.gradient_clip));
    told(config.label_smoothing > 0.0, format!("label smoothing {}", config.label_smoothing));
    told(
        config.ema_decay > 0.0,
        format!("moving average of the weights, decay {}", config.ema_decay),
    );
    told(
        config.positive_fraction > 0.0,
        format!("nodules brought to {:.0} % by repetition", 100.0 * config.positive_fraction),
    );
    told(
        !config.teachers.is_empty(),
        match config.teachers.len() {
            1 => "taught by another network".to_owned(),
            n => format!("taught by {n} other networks"),
        },
    );
    told(
        config.augment_cavities > 0.0,
        format!(
            "{:.0} % of the nodules hollowed out where they can be, which was thought of after looking at errors on LUNA16's subset 3, so that figures there are flattered",
            100.0 * config.augment_cavities
        ),
    );
    told(
        config.contested == Contested::Drop,
        "contested negatives left out of training".to_owned(),
    );
    told(
        config.contested == Contested::Soften,
        "contested negatives learnt as the share of readers who outlined a nodule".to_owned(),
    );
    told(
        config.contested_weight != 1.0 && config.contested != Contested::Drop,
        format!("contested negatives weigh {}", config.contested_weight),
    );
    told(
        config.augment_mix > 0.0,
        format!("{:.0} % of the patches blended with another", 100.0 * config.augment_mix),
    );
    told(true, "augmentation of the training part alone".to_owned());
    format!("{}.", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin<'a>(config: &'a TrainConfig, data: &'a DataCard, rule: EpochRule) -> Origin<'a> {
        Origin {
            config,
            data,
            rows: &[],
            learnt: CardLearnt::default(),
            teachers: String::new(),
            epoch: 7,
            rule,
            epochs_run: 9,
            history: Vec::new(),
            commit: "c".to_owned(),
        }
    }

    #[test]
    fn a_card_says_nothing_that_neither_run_nor_data_say() {
        let config = TrainConfig::default();
        let unknown = DataCard::default();
        let plain = card(&origin(&config, &unknown, EpochRule::Last));
        let text = serde_json::to_string(&plain).unwrap();
        // The help of nothing here may come back: it would be another data set's.
        for word in ["LUNA16", "CC BY", "Setio", "6,501", "408", "JPEG", "best by"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(plain.license.contains("not stated") && plain.data.contains("does not say"));
        assert!(plain.recipe.contains("epoch 7 kept: the last"), "{}", plain.recipe);
        assert!(plain.reproduce[1].ends_with("--checkpoint last"));
        assert!(plain.limits.iter().all(|limit| !limit.contains("Epoch")), "{:?}", plain.limits);
        let told = DataCard {
            name: "Ours".to_owned(),
            description: "Patches of ours.".to_owned(),
            license: "CC0".to_owned(),
            preprocess_id: preprocess_id(),
            ..DataCard::default()
        };
        let best = card(&origin(&config, &told, EpochRule::Best(Monitor::Auc)));
        assert_eq!(best.title, "The paper network on Ours, patientwise split");
        assert!(best.data.starts_with("Patches of ours. 0 patches"), "{}", best.data);
        assert!(best.data.contains("as the folder states") && best.license == "CC0");
        assert_eq!(best.epoch_rule, "the best by validation AUC");
        assert!(best.limits[0].starts_with("Epoch, temperature"), "{:?}", best.limits);
        assert!(!best.settings.contains("patches =") && !best.settings.contains("data_card"));
    }
}
