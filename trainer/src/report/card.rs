//! What a weights file says of itself: [`Card`], from a run and its evaluation.

use crate::config::TrainConfig;
use crate::dataset::{ManifestRow, Part, Split};
use crate::metrics::calibration::FOLDS;
use crate::metrics::curves::compact_roc;
use crate::metrics::subgroups::GroupedBy;
use crate::report::Report;
use crate::train::checkpoint::State;
use clap::ValueEnum;
use nodulens::weights::{
    Card, CardCalibration, CardEpoch, CardIntervals, CardLearnt, CardMetrics, CardSubgroup,
    WeightsFile, read_weights,
};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::macros::format_description;

/// Corners of the ROC curve that a card keeps.
const ROC_POINTS: usize = 200;

/// Return a card without figures. `rows` is the whole manifest.
pub fn card(config: &TrainConfig, state: &State, run: &State, rows: &[ManifestRow]) -> Card {
    let date = OffsetDateTime::now_utc().format(format_description!("[year]-[month]-[day]"));
    let (network, split) = (config.network.name(), config.split);
    // Where the patches lay says nothing to others.
    let settings = TrainConfig { patches: PathBuf::new(), ..config.clone() };
    let settings = settings.to_toml().unwrap_or_default().replace("patches = \"\"\n", "");
    let settings = config.teachers.iter().fold(settings, |text, path| text + &taught_by(path));
    Card {
        title: format!("The {network} network on LUNA16, {split} split"),
        intended_use: "Research and teaching. Not a medical device: no finding and no absence of one may rest on it.".to_owned(),
        data: "LUNA16 candidates: 50x50 axial patches at native pixel spacing, window [-1000, 400] HU, 8-bit JPEG (6,501 of the paper's 8,106).".to_owned(),
        split: split_text(config.split, rows),
        recipe: recipe(config, run),
        seed: config.seed,
        epochs: state.epoch,
        date: date.unwrap_or_default(),
        commit: state.commit.clone(),
        train_part: config.split.train().to_string(),
        history: run.history.iter().map(epoch).collect(),
        settings,
        reproduce: vec![
            "cargo trainer train --config settings.toml --patches DIR --out runs/NAME".to_owned(),
            "cargo trainer export --run runs/NAME".to_owned(),
            format!("cargo trainer evaluate --weights www/models/{network}.nodulens --patches DIR --split {} --out DIR", config.split.valid()),
        ],
        citations: vec![
            "Setio AAA et al. Validation, comparison, and combination of algorithms for automatic detection of pulmonary nodules in computed tomography images: the LUNA16 challenge. Med Image Anal 2017;42:1-13.".to_owned(),
            "Armato SG et al. The Lung Image Database Consortium (LIDC) and Image Database Resource Initiative (IDRI). Med Phys 2011;38:915-931.".to_owned(),
        ],
        license: "CC BY 4.0, as LUNA16".to_owned(),
        limits: limits(None, &CardLearnt::default()),
        ..Card::default()
    }
}

/// Return a teacher's own settings, as comments of the settings that name it; nothing where its
/// file is gone, because the card is written long after the training.
fn taught_by(teacher: &Path) -> String {
    let file = std::fs::read(teacher).ok().and_then(|bytes| read_weights(&bytes).ok());
    let Some(WeightsFile { header, .. }) = file else { return String::new() };
    let settings = header.card.settings.lines().map(|line| format!("#   {line}\n"));
    format!("# {} was trained with\n{}", teacher.display(), settings.collect::<String>())
}

fn epoch(record: &crate::train::checkpoint::EpochRecord) -> CardEpoch {
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
fn recipe(config: &TrainConfig, run: &State) -> String {
    let mut parts = vec![
        format!(
            "{} {:e}, {} schedule",
            option_name(&config.optimizer),
            config.learning_rate,
            option_name(&config.schedule)
        ),
        format!("batch {}", config.batch_size),
        format!(
            "{} of {} planned epochs run, the best by validation AUC kept",
            run.epoch, config.epochs
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
            "{:.0} % of the nodules hollowed out where they can be, which was thought of after looking at errors on validation, so that validation flatters it",
            100.0 * config.augment_cavities
        ),
    );
    told(
        config.augment_mix > 0.0,
        format!("{:.0} % of the patches blended with another", 100.0 * config.augment_mix),
    );
    told(true, "augmentation of the training part alone".to_owned());
    format!("{}.", parts.join("; "))
}

/// Round to five digits: a card is read by people, and every digit is bytes that the page waits
/// for.
fn short(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

/// Say what the split does with the patients at hand, whatever the split.
fn split_text(split: Split, rows: &[ManifestRow]) -> String {
    let side = |part: Part| part.of(rows.to_vec());
    let (train, valid) = (side(split.train()), side(split.valid()));
    let patients = |rows: &[ManifestRow]| -> HashSet<String> {
        rows.iter().map(|row| row.unit().to_owned()).collect()
    };
    let (learned, chosen) = (patients(&train), patients(&valid));
    let shared: HashSet<&String> = learned.intersection(&chosen).collect();
    let mut text = format!(
        "Split '{}': learned from {} patches of {} patients{}; epoch, temperature and threshold chosen on {} patches of {} patients{}.",
        split,
        train.len(),
        learned.len(),
        subsets(&train),
        valid.len(),
        chosen.len(),
        subsets(&valid)
    );
    if shared.is_empty() {
        text.push_str(" By patient: none is on both sides.");
    } else {
        let patches = valid.iter().filter(|row| shared.contains(&row.unit().to_owned())).count();
        text.push_str(&format!(
            " Not by patient: {} patients are on both sides, and {:.1} % of the validation patches are theirs, so the figures are optimistic.",
            shared.len(), 100.0 * patches as f64 / valid.len().max(1) as f64
        ));
    }
    text
}

/// Name the subsets: " (LUNA16 subsets 0, 2, 4-8)"; nothing where the manifest does not tell.
fn subsets(rows: &[ManifestRow]) -> String {
    let folds: BTreeSet<u32> = rows.iter().filter_map(|row| row.luna_subset).collect();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for fold in folds {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == fold => *last = fold,
            _ => runs.push((fold, fold)),
        }
    }
    if runs.is_empty() {
        return String::new();
    }
    let names: Vec<String> = runs
        .iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first}-{last}"),
        })
        .collect();
    let word = if matches!(runs.as_slice(), [(first, last)] if first == last) {
        "subset"
    } else {
        "subsets"
    };
    format!(" (LUNA16 {word} {})", names.join(", "))
}

fn limits(calibration: Option<&CardCalibration>, learnt: &CardLearnt) -> Vec<String> {
    let calibrated = calibration.map_or_else(
        || "The probability is not calibrated.".to_owned(),
        |done| {
            format!(
                "The probability is calibrated by one temperature ({:.3}) fitted on {}: expected calibration error {:.3} before, {:.3} after (cross-fitted over {} folds of patients, 15 bins). It holds for that mix of patches.",
                done.temperature, done.part, done.ece[0], done.ece[1], done.folds
            )
        },
    );
    let gaps = learnt.gaps.iter().map(|gap| {
        format!("It may have learnt from patients that the figures are measured on: {gap}.")
    });
    let known = [
        "Epoch, temperature and threshold were chosen on the part on which the figures are given, which flatters them a little.".to_owned(),
        calibrated,
        "One patch in six is a nodule here, one candidate in 408 in LUNA16: the same probability means less where nodules are rare.".to_owned(),
        "Trained on candidates of 3 mm and more from one collection of scans; other scanners, children, and other diseases were not tried.".to_owned(),
    ];
    gaps.chain(known).collect()
}

/// Put the figures of an evaluation into the card.
pub fn measured(card: Card, report: &Report) -> Card {
    let calibration = calibration(report);
    Card {
        metrics: metrics(report),
        limits: limits(calibration.as_ref(), &card.learnt),
        calibration,
        roc: compact_roc(&report.roc.points, ROC_POINTS)
            .iter()
            // Above every probability nothing is called a nodule.
            .map(|point| [point.fpr, point.tpr, point.threshold.unwrap_or(1.0)].map(short))
            .collect(),
        subgroups: report.subgroups.iter().map(subgroup).collect(),
        ..card
    }
}

/// Return the figures that a card carries; `None` where a class is absent.
fn metrics(report: &Report) -> Option<CardMetrics> {
    Some(CardMetrics {
        part: report.split.clone(),
        n: report.n,
        positives: report.positives,
        roc_auc: report.roc_auc?,
        roc_auc_ci95: Some(report.roc_auc_ci95?),
        average_precision: report.average_precision?,
        accuracy: report.accuracy,
        precision: report.precision,
        recall: report.recall,
        specificity: report.specificity,
        f1: report.f1,
        threshold: report.threshold,
        confusion: report.confusion,
        recall_at_specificity: report.recall_at_paper_specificity,
        ci95: intervals(report),
        bootstrap_units: report.bootstrap_units.clone(),
        without_contested: report.without_contested.as_ref().map(|without| without.card()),
    })
}

fn intervals(report: &Report) -> Option<CardIntervals> {
    let digits = |interval: Option<[f64; 2]>| interval.map(|ends| ends.map(short));
    Some(CardIntervals {
        average_precision: digits(report.average_precision_ci95)?,
        accuracy: digits(report.accuracy_ci95)?,
        precision: digits(report.precision_ci95)?,
        recall: digits(report.recall_ci95)?,
        specificity: digits(report.specificity_ci95)?,
        f1: digits(report.f1_ci95)?,
        recall_at_specificity: digits(report.recall_at_paper_specificity_ci95)?,
    })
}

fn calibration(report: &Report) -> Option<CardCalibration> {
    let fit = report.calibration.cross_fit.as_ref()?;
    let pair = |before: f64, after: f64| [before, after].map(short);
    let bins = report.calibration.bins.iter().filter(|bin| bin.n > 0);
    Some(CardCalibration {
        part: report.split.clone(),
        temperature: short(report.calibration.temperature),
        folds: FOLDS,
        ece: pair(fit.before.ece, fit.after.ece),
        brier: pair(fit.before.brier, fit.after.brier),
        log_loss: pair(fit.before.log_loss, fit.after.log_loss),
        bins: bins
            .map(|bin| [short(bin.mean_probability), short(bin.observed()), bin.n as f64])
            .collect(),
    })
}

fn subgroup(group: &crate::metrics::subgroups::Subgroup) -> CardSubgroup {
    let by = match group.by {
        GroupedBy::DiameterMm => "Nodule diameter",
        GroupedBy::SliceThicknessMm => "Slice thickness",
        GroupedBy::Luna16Fold => "LUNA16 fold",
    };
    CardSubgroup {
        by: by.to_owned(),
        label: group.label.clone(),
        n: group.n,
        positives: group.positives,
        roc_auc: group.roc_auc.map(short),
        recall: group.recall.map(short),
        recall_ci95: group.recall_ci95.map(|ends| ends.map(short)),
        specificity: group.specificity.map(short),
        specificity_ci95: group.specificity_ci95.map(|ends| ends.map(short)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(patient: &str, fold: u32, split_paper: &str) -> ManifestRow {
        let line = format!(
            "candidate_row,class,luna_subset,split_paper,split_patientwise,patient_id\n1,0,{fold},{split_paper},{},{patient}\n",
            if fold == 3 { "val" } else { "train" }
        );
        csv::Reader::from_reader(line.as_bytes()).deserialize().next().unwrap().unwrap()
    }

    #[test]
    fn the_split_is_told_from_the_data() {
        let rows = [
            row("A", 0, "train"),
            row("B", 2, "train"),
            row("C", 4, "train"),
            row("D", 5, "val"),
            row("E", 6, "val"),
            row("A", 3, "val"),
        ];
        let text = split_text(Split::Patientwise, &rows[1..5]);
        assert!(
            text.contains("learned from 4 patches of 4 patients (LUNA16 subsets 2, 4-6)"),
            "{text}"
        );
        let text = split_text(Split::Paper, &rows);
        assert!(text.contains("1 patients are on both sides, and 33.3 %"), "{text}");
        assert!(text.contains("(LUNA16 subsets 3, 5, 6)"), "{text}");
        assert!(subsets(&rows[5..]) == " (LUNA16 subset 3)" && subsets(&[]).is_empty());
    }
}
