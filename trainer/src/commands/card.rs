//! `nodulens card`: the card of a weights file written again, from the settings and figures that the
//! file itself carries, the data and its description. Weights, threshold and temperature stay as
//! they are, to the bit.

use super::export::{ModelEntry, list, today};
use crate::config::{Monitor, TrainConfig};
use crate::dataset::description::DataCard;
use crate::dataset::learnt::Learnt;
use crate::dataset::{Dataset, ManifestRow, read_manifest};
use crate::device::{self, DeviceChoice};
use crate::environment::commit;
use crate::files::write_whole;
use crate::report::answers::{Shown, predict_all};
use crate::report::card::measured;
use crate::report::card::origin::{self, EpochRule, Origin};
use crate::report::card_markdown::markdown;
use crate::report::{Report, measure};
use anyhow::{Context, Result, bail, ensure};
use nodulens::weights::{Card, CardMetrics, Head, WeightsFile, read_weights, write_weights};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How far a figure may lie from the one in the card, which another build computed.
const SAME: f64 = 1e-4;

/// Arguments of `nodulens card`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Weights file whose card is written again; it is replaced, with its card as Markdown and its
    /// line in models.json beside it.
    #[arg(long)]
    weights: PathBuf,
    /// Folder of the patches that it learnt from and was measured on.
    #[arg(long)]
    patches: PathBuf,
    /// What the patches are, as TOML; without it the folder's dataset.json.
    #[arg(long)]
    data_card: Option<PathBuf>,
    /// Which checkpoint was exported, best or last. Needed only where the learning curve in the file
    /// leaves it open.
    #[arg(long, value_parser = ["best", "last"])]
    checkpoint: Option<String>,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "cpu")]
    device: DeviceChoice,
}

/// Write the card again.
///
/// # Errors
/// A file without settings or figures, data on which the figures of the card do not come out
/// again, a full disk; what was there before stays.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let shown = || arguments.weights.display().to_string();
    let bytes = fs::read(&arguments.weights).with_context(shown)?;
    let WeightsFile { mut header, parameters, .. } = read_weights(&bytes).with_context(shown)?;
    let old = header.card.clone();
    ensure!(!old.settings.is_empty(), "{}: its card carries no settings of the run", shown());
    let mut config: TrainConfig = toml::from_str(&old.settings)
        .with_context(|| format!("{}: the settings in its card", shown()))?;
    ensure!(
        config.split.train().to_string() == old.train_part,
        "{}: its card says that it learnt from '{}', its settings '{}'",
        shown(),
        old.train_part,
        config.split.train()
    );
    config.patches.clone_from(&arguments.patches);
    let rows = read_manifest(&arguments.patches)?;
    let data = DataCard::read(&arguments.patches, arguments.data_card.as_deref())?;
    let learnt = learnt(&old.settings, &config, &rows)?;
    let made = Origin {
        config: &config,
        data: &data,
        rows: &rows,
        learnt: learnt.card(),
        teachers: String::new(),
        epoch: old.epochs,
        rule: rule(&old, arguments.checkpoint.as_deref())?,
        epochs_run: old.history.last().map_or(old.epochs, |last| last.epoch),
        history: old.history.clone(),
        commit: old.commit.clone(),
    };
    let again = origin::card(&made);
    header.card = Card { date: old.date.clone(), settings: old.settings.clone(), ..again };

    let part = config.split.valid();
    let chosen = device::open(arguments.device)?;
    let dataset = Dataset::load(&arguments.patches, &part)?;
    let alone = Shown { alone: true, symmetry: false };
    let found = predict_all(&chosen.classifier(&bytes)?, &dataset, alone)?;
    let report = Report::new(&dataset, &found, (&header, Head::Patch), &part, &rows);
    let figures = old.metrics.as_ref().with_context(|| format!("{}: no figures", shown()))?;
    same(figures, &report, measure::labelled(&dataset, &found).len())?;
    // The figures stay those of the export; what they lack comes from this measurement.
    let fresh = measured(header.card.clone(), &report);
    header.card = Card {
        metrics: fresh.metrics.map(|fresh| CardMetrics {
            bootstrap_units: fresh.bootstrap_units,
            data_sha256: fresh.data_sha256,
            without_contested: fresh.without_contested,
            ..figures.clone()
        }),
        calibration: old.calibration.clone(),
        roc: old.roc.clone(),
        subgroups: old.subgroups.clone(),
        context: old.context.clone(),
        rewritten: format!("on {}, commit `{}`", today(), commit()),
        ..measured(header.card.clone(), &report)
    };
    write(arguments, &header, &parameters, &bytes, &chosen)?;
    Ok(ExitCode::SUCCESS)
}

fn write(
    arguments: &Arguments,
    header: &nodulens::weights::WeightsHeader,
    parameters: &nodulens::weights::Parameters,
    before: &[u8],
    chosen: &device::Chosen,
) -> Result<()> {
    let bytes = write_weights(header, parameters)?;
    let again = read_weights(&bytes)?;
    let old = read_weights(before)?;
    ensure!(
        again.parameters == old.parameters
            && again.header.threshold.to_bits() == old.header.threshold.to_bits()
            && again.header.temperature.to_bits() == old.header.temperature.to_bits(),
        "the weights would not stay as they are"
    );
    let classifier = chosen.classifier(&bytes)?;
    let folder = arguments.weights.parent().unwrap_or(Path::new("."));
    let stem = arguments.weights.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let described = markdown(header, &classifier.model_id(), classifier.sha256());
    write_whole(&arguments.weights, &bytes)?;
    write_whole(&folder.join(format!("{stem}.md")), described.as_bytes())?;
    let models = folder.join("models.json");
    if models.is_file() {
        let file = format!("{stem}.nodulens");
        list(&models, ModelEntry { id: stem, file, name: header.card.title.clone() })?;
    }
    println!(
        "{} is now {} (SHA-256 {}); the weights are as before",
        chosen.classifier(before)?.model_id(),
        classifier.model_id(),
        classifier.sha256()
    );
    Ok(())
}

/// Return why the epoch was taken, which the learning curve tells where it is not both the best and
/// the last.
fn rule(card: &Card, said: Option<&str>) -> Result<EpochRule> {
    let last = card.history.last().is_some_and(|last| last.epoch == card.epochs);
    // The first of equals is kept as the best.
    let top = card.history.iter().map(|epoch| epoch.valid_auc).fold(f64::NEG_INFINITY, f64::max);
    let best = card.history.iter().find(|epoch| epoch.valid_auc == top);
    let best = best.is_some_and(|best| best.epoch == card.epochs);
    match (said, best, last) {
        (Some("best") | None, true, false) => Ok(EpochRule::Best(Monitor::Auc)),
        (Some("last") | None, false, true) => Ok(EpochRule::Last),
        (Some(said), true, true) => Ok(EpochRule::of_checkpoint(said, Monitor::Auc)),
        (None, true, true) => {
            bail!("epoch {} is the best and the last: say --checkpoint best or last", card.epochs)
        }
        (Some(said), ..) => {
            bail!("by its learning curve epoch {} is not the {said} one", card.epochs)
        }
        (None, ..) => bail!(
            "by its learning curve epoch {} is neither the best nor the last: nothing true can be \
             said of why it was taken",
            card.epochs
        ),
    }
}

/// Return whom the run learnt from: its training part, and those of its teachers by the settings
/// that its card carries of them.
fn learnt(settings: &str, config: &TrainConfig, rows: &[ManifestRow]) -> Result<Learnt> {
    let mut learnt = Learnt::of(&config.split.train().of(rows.to_vec()));
    for path in &config.teachers {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match told(settings, &path.display().to_string())? {
            Some(teacher) => {
                learnt.join(&Learnt::of(&teacher.split.train().of(rows.to_vec())));
                if !teacher.teachers.is_empty() {
                    learnt.gaps.push(format!("teacher {name} had teachers of its own"));
                }
            }
            None => learnt.gaps.push(format!("the card carries no settings of teacher {name}")),
        }
    }
    Ok(learnt)
}

/// Read a teacher's settings from the comments that `export` writes.
fn told(settings: &str, teacher: &str) -> Result<Option<TrainConfig>> {
    let head = format!("# {teacher} was trained with");
    let mut lines = settings.lines().skip_while(|line| *line != head).skip(1).peekable();
    if lines.peek().is_none() {
        return Ok(None);
    }
    let text: String =
        lines.map_while(|line| line.strip_prefix("#   ")).map(|line| format!("{line}\n")).collect();
    Ok(Some(toml::from_str(&text).with_context(|| format!("the settings of {teacher}"))?))
}

/// Check that the data is that on which the card's figures were measured.
fn same(card: &CardMetrics, report: &Report, n: usize) -> Result<()> {
    let auc = report.roc_auc.unwrap_or(f64::NAN);
    ensure!(
        card.part == report.split
            && (card.data_sha256.is_empty() || card.data_sha256 == report.split_sha256)
            && (card.n, card.positives, card.confusion) == (n, report.positives, report.confusion)
            && (card.roc_auc - auc).abs() <= SAME,
        "these are not the patches that the card's figures were measured on: '{}' had {} patches \
         ({} nodules) and an AUC of {:.5}, here '{}' has {n} ({}) and {auc:.5}",
        card.part,
        card.n,
        card.positives,
        card.roc_auc,
        report.split,
        report.positives,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens::weights::CardEpoch;

    #[test]
    fn the_rule_is_read_from_the_curve_and_never_made_up() {
        let card = |epochs: usize| Card {
            epochs,
            history: [0.7, 0.9, 0.9, 0.8]
                .iter()
                .enumerate()
                .map(|(i, auc)| CardEpoch { epoch: i + 1, valid_auc: *auc, ..CardEpoch::default() })
                .collect(),
            ..Card::default()
        };
        assert_eq!(rule(&card(2), None).unwrap(), EpochRule::Best(Monitor::Auc));
        assert_eq!(rule(&card(4), None).unwrap(), EpochRule::Last);
        assert_eq!(rule(&card(4), Some("last")).unwrap(), EpochRule::Last);
        for (epochs, said) in [(4, Some("best")), (2, Some("last")), (3, None), (3, Some("best"))] {
            assert!(rule(&card(epochs), said).is_err(), "{epochs} {said:?}");
        }
        let mut both = card(2);
        both.history.truncate(2);
        assert!(rule(&both, None).unwrap_err().to_string().contains("--checkpoint"));
        assert_eq!(rule(&both, Some("last")).unwrap(), EpochRule::Last);
    }

    #[test]
    fn teachers_are_told_from_the_comments() {
        let settings = "network = \"compact\"\n# a/w.nodulens was trained with\n\
                        #   split = \"luna16-fold-2\"\n#   teachers = []\n\
                        # b.nodulens was trained with\n#   split = \"paper\"\n";
        let of = |name: &str| told(settings, name).unwrap().map(|config| config.split.to_string());
        assert_eq!(of("a/w.nodulens").as_deref(), Some("luna16-fold-2"));
        assert_eq!(of("b.nodulens").as_deref(), Some("paper"));
        assert_eq!(of("c.nodulens"), None);
    }
}
