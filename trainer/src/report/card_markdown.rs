//! The model card as Markdown, beside the weights file: all of it from the file's own header.

use super::html::{NONE, interval as range, percent, three};
use nodulens::weights::{
    Card, CardCalibration, CardContested, CardContext, CardMetrics, CardSubgroup, Head, Operating,
    WeightsHeader,
};
use std::fmt::Write;

/// Render the card. `model_id` and `sha256` name the very file.
pub fn markdown(header: &WeightsHeader, model_id: &str, sha256: &str) -> String {
    let card = &header.card;
    let mut text = format!("# {}\n\n", card.title);
    let mut put = |title: &str, body: String| {
        if !body.is_empty() {
            text.push_str(&format!("## {title}\n\n{}\n\n", body.trim_end()));
        }
    };
    put(
        "What it is",
        format!(
            "`{model_id}`: network `{}`, preprocessing `{}`, threshold {:.4}, temperature {:.4}{}. \
             It gives one probability that a 50 x 50 patch of lung CT shows a pulmonary nodule{}.\n\n\
             Weights file SHA-256 `{sha256}`.",
            header.network,
            header.preprocess_id,
            header.threshold,
            header.temperature,
            operating_in_context(header),
            if header.context.is_some() { ", with or without its surroundings" } else { "" }
        ),
    );
    put("Intended use", card.intended_use.clone());
    put(
        "Data and licence",
        format!("{}\n\nLicence: {}.\n\n{}", card.data, card.license, list(&card.citations)),
    );
    put("Split", card.split.clone());
    let none =
        || "These weights carry no figures: do not read anything into their answers.".to_owned();
    let without = |metrics: &Option<CardMetrics>| {
        metrics.as_ref().and_then(|m| m.without_contested.as_ref()).map_or(String::new(), contested)
    };
    let named = |title: &str| match &card.context {
        Some(_) => format!("{title}, patches alone"),
        None => title.to_owned(),
    };
    put(&named("Figures"), card.metrics.as_ref().map_or_else(none, figures));
    put(&named("Without contested negatives"), without(&card.metrics));
    put(&named("By group"), groups(&card.subgroups));
    put(&named("Calibration"), calibration(card.calibration.as_ref()));
    if let Some(context) = &card.context {
        let named = |title: &str| format!("{title}, with surroundings");
        put(&named("Figures"), in_context(context));
        put(&named("Without contested negatives"), without(&context.metrics));
        put(&named("By group"), groups(&context.subgroups));
        put(&named("Calibration"), calibration(context.calibration.as_ref()));
    }
    put("Limits", list(&card.limits));
    put("Training", training(card));
    put("How to reproduce", reproduce(card));
    text.push_str(
        "Written by `cargo trainer export` or `card` from the header of the weights file; do not edit.\n",
    );
    text
}

fn list(items: &[String]) -> String {
    items.iter().map(|item| format!("- {item}\n")).collect()
}

fn figures(metrics: &CardMetrics) -> String {
    let ci = metrics.ci95.as_ref();
    let mut rows = vec![
        ("ROC AUC", Some(metrics.roc_auc), metrics.roc_auc_ci95, three as fn(f64) -> String),
        (
            "Average precision",
            Some(metrics.average_precision),
            ci.map(|ci| ci.average_precision),
            three,
        ),
        (
            "Recall at specificity 97.09 %",
            metrics.recall_at_specificity,
            ci.map(|ci| ci.recall_at_specificity),
            percent,
        ),
        ("Sensitivity (recall)", Some(metrics.recall), ci.map(|ci| ci.recall), percent),
        ("Specificity", Some(metrics.specificity), ci.map(|ci| ci.specificity), percent),
        ("Precision", Some(metrics.precision), ci.map(|ci| ci.precision), percent),
        ("Accuracy", Some(metrics.accuracy), ci.map(|ci| ci.accuracy), percent),
        ("F1", Some(metrics.f1), ci.map(|ci| ci.f1), three),
    ];
    rows.retain(|row| row.1.is_some());
    let rows: String = rows
        .into_iter()
        .filter_map(|(name, value, interval, format)| {
            Some(format!("| {name} | {} | {} |\n", format(value?), range(interval, format)))
        })
        .collect();
    let counts = metrics.confusion;
    format!(
        "On `{}`: {} patches, {} of them nodules; threshold {:.4}. Intervals: bootstrap of 2,000 \
         resamples of {}.\n\n| figure | value | 95 % interval |\n|---|---|---|\n{rows}\n\
         TP {}, FN {}, FP {}, TN {}.",
        metrics.part,
        metrics.n,
        metrics.positives,
        metrics.threshold,
        if metrics.bootstrap_units.is_empty() {
            "patients or scans"
        } else {
            &metrics.bootstrap_units
        },
        counts.tp,
        counts.fn_,
        counts.fp,
        counts.tn
    )
}

/// Say by which numbers the logits are read where the surroundings are seen.
fn operating_in_context(header: &WeightsHeader) -> String {
    if header.context.is_none() {
        return String::new();
    }
    let Operating { threshold, temperature } = header.operating(Head::Context);
    format!(" (with surroundings: threshold {threshold:.4}, temperature {temperature:.4})")
}

fn in_context(context: &CardContext) -> String {
    let Some(metrics) = &context.metrics else {
        return "Nothing was measured with surroundings.".to_owned();
    };
    let alone = match context.alone {
        0 => "The surroundings of all of them are known.".to_owned(),
        alone => format!(
            "The surroundings of {alone} of them are not known: the patch alone answers for those."
        ),
    };
    format!("{}\n\n{alone}", figures(metrics))
}

fn contested(without: &CardContested) -> String {
    let rows = [
        ("ROC AUC", without.roc_auc.map(three)),
        ("Recall at specificity 97.09 %", without.recall_at_specificity.map(percent)),
        ("Specificity", Some(percent(without.specificity))),
        ("Precision", Some(percent(without.precision))),
    ];
    let rows: String = rows
        .into_iter()
        .filter_map(|(name, value)| Some(format!("| {name} | {} |\n", value?)))
        .collect();
    format!(
        "{} negatives lie within 5 mm of a finding that fewer than three of four readers marked; {} \
         of them are called nodules. Without them, {} patches at the same threshold:\n\n\
         | figure | value |\n|---|---|\n{rows}",
        without.contested, without.contested_called, without.n,
    )
}

fn groups(subgroups: &[CardSubgroup]) -> String {
    if subgroups.is_empty() {
        return String::new();
    }
    let with = |value: Option<f64>, interval: Option<[f64; 2]>| match value {
        Some(value) => format!("{} ({})", percent(value), range(interval, percent)),
        None => NONE.to_owned(),
    };
    let rows: String = subgroups
        .iter()
        .map(|group| {
            format!(
                "| {} | {} | {} | {} | {} | {} | {} |\n",
                group.by,
                group.label,
                group.n,
                group.positives,
                group.roc_auc.map_or(NONE.to_owned(), three),
                with(group.recall, group.recall_ci95),
                with(group.specificity, group.specificity_ci95)
            )
        })
        .collect();
    format!(
        "At the threshold; Wilson intervals at 95 %.\n\n| by | group | n | nodules | ROC AUC | \
         sensitivity | specificity |\n|---|---|---|---|---|---|---|\n{rows}"
    )
}

fn calibration(calibration: Option<&CardCalibration>) -> String {
    let Some(done) = calibration else {
        return "The probability is not calibrated.".to_owned();
    };
    let row =
        |name: &str, [before, after]: [f64; 2]| format!("| {name} | {before:.4} | {after:.4} |\n");
    format!(
        "One temperature, {:.3}, fitted on `{}`. The column \"after\" is cross-fitted over {} folds \
         of whole patients: no patch is judged by a temperature that it helped to choose.\n\n\
         | score | before | after |\n|---|---|---|\n{}{}{}",
        done.temperature,
        done.part,
        done.folds,
        row("Expected calibration error (15 bins of equal width)", done.ece),
        row("Brier score", done.brier),
        row("Log loss (nats)", done.log_loss)
    )
}

fn training(card: &Card) -> String {
    let mut text = format!(
        "{}\n\nEpoch {}{}, seed {}, exported {}, commit `{}`.",
        card.recipe,
        card.epochs,
        if card.epoch_rule.is_empty() { String::new() } else { format!(" ({})", card.epoch_rule) },
        card.seed,
        card.date,
        if card.commit.is_empty() { "unknown" } else { &card.commit }
    );
    if !card.rewritten.is_empty() {
        let _ = write!(text, " The card was written again {}.", card.rewritten);
    }
    if let Some(last) = card.history.last() {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            " After the last epoch ({}) training loss {:.4}, validation loss {:.4}, accuracy {:.4}, AUC {:.4}.",
            last.epoch, last.train_loss, last.valid_loss, last.valid_accuracy, last.valid_auc
        );
    }
    text
}

fn reproduce(card: &Card) -> String {
    if card.reproduce.is_empty() {
        return String::new();
    }
    let commands = card.reproduce.join("\n");
    format!(
        "```\n{commands}\n```\n\n`settings.toml`, the settings of the run:\n\n```toml\n{}\n```",
        card.settings.trim_end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_card_and_a_full_one_can_be_read() {
        let mut header = WeightsHeader {
            network: "paper".to_owned(),
            preprocess_id: "p".to_owned(),
            threshold: 0.25,
            temperature: 1.5,
            context: None,
            card: Card { title: "T".to_owned(), ..Card::default() },
        };
        let old = markdown(&header, "paper-1", "abc");
        assert!(old.contains("carry no figures") && old.contains("not calibrated"), "{old}");
        header.card.metrics = Some(CardMetrics {
            roc_auc: 0.9,
            without_contested: Some(CardContested {
                contested: 5,
                contested_called: 2,
                n: 815,
                roc_auc: Some(0.95),
                ..CardContested::default()
            }),
            ..CardMetrics::default()
        });
        header.card.calibration = Some(CardCalibration {
            part: "patientwise-valid".to_owned(),
            temperature: 1.5,
            ece: [0.05, 0.02],
            ..CardCalibration::default()
        });
        header.card.subgroups.push(CardSubgroup {
            by: "Nodule diameter".to_owned(),
            label: "< 6 mm".to_owned(),
            recall: Some(0.8),
            recall_ci95: Some([0.7, 0.9]),
            ..CardSubgroup::default()
        });
        header.card.reproduce.push("cargo trainer train".to_owned());
        let full = markdown(&header, "paper-1", "abc");
        for part in [
            "| ROC AUC | 0.900 |",
            "5 negatives lie within 5 mm",
            "| ROC AUC | 0.950 |",
            "80.0 % (70.0 % to 90.0 %)",
            "| 0.0500 | 0.0200 |",
            "```\ncargo trainer train\n```",
        ] {
            assert!(full.contains(part), "{part} in {full}");
        }
        assert!(!full.contains("Recall at specificity"), "a figure that is absent makes no row");
        assert!(!full.contains("surroundings"), "{full}");
        header.context = Some(Operating { threshold: 0.375, temperature: 1.25 });
        let metrics = CardMetrics { roc_auc: 0.991, n: 820, ..CardMetrics::default() };
        header.card.context = Some(CardContext {
            alone: 17,
            metrics: Some(metrics),
            subgroups: vec![CardSubgroup { label: "> 15 mm".to_owned(), ..Default::default() }],
            ..CardContext::default()
        });
        let both = markdown(&header, "context-1", "abc");
        let (alone, seen) = both.split_once("## Figures, with surroundings").unwrap();
        assert!(alone.contains("## Figures, patches alone") && alone.contains("| 0.900 |"));
        assert!(alone.contains("with surroundings: threshold 0.3750, temperature 1.2500"));
        for part in
            ["| ROC AUC | 0.991 |", "surroundings of 17 of them", "> 15 mm", "not calibrated"]
        {
            assert!(seen.contains(part) && !alone.contains(part), "{part} in {both}");
        }
    }
}
