//! The chapters with plots.

use crate::metrics::calibration::CalibrationScores;
use crate::metrics::subgroups::{GroupedBy, Subgroup};
use crate::report::Report;
use crate::report::html::{
    NONE, Section, beside, escape, figure, interval, or_none, percent, side_by_side, table, three,
};
use crate::report::measure::MARKED_PREVALENCE;
use crate::report::plots::{curves, shares};
use anyhow::Result;

/// Write the chapter: ROC and precision-recall curves.
pub fn discrimination(report: &Report) -> Result<Section> {
    let title = "ROC and precision-recall".to_owned();
    if report.roc_auc.is_none() {
        let body = "<p>One of the classes is absent: there are no curves.</p>\n".to_owned();
        return Ok(Section { id: "curves", title, body });
    }
    let dot = format!("at the threshold, {:.3}", report.threshold);
    let key = [
        ("blue line", "these weights"),
        ("blue band", "95 % of resamples"),
        ("blue dot", &dot),
        ("orange triangle", "the paper"),
    ];
    let roc = format!(
        "ROC curve, area {} ({}). The triangle is the paper’s operating point on its own test part.",
        or_none(report.roc_auc, three),
        interval(report.roc_auc_ci95, three)
    );
    let pr = format!(
        "Precision-recall curve, average precision {} ({}). The dashed line is the share of \
         nodules here, which guessing would reach.",
        or_none(report.average_precision, three),
        interval(report.average_precision_ci95, three)
    );
    let few = "The same where it is used: few false positives.";
    let body =
        side_by_side(&[
            figure(&curves::roc(report)?, &roc, &key),
            figure(&curves::roc_corner(report)?, few, &key),
        ]) + &beside(&figure(&curves::precision_recall(report)?, &pr, &key), &reading(report));
    Ok(Section { id: "curves", title, body })
}

/// Say how the bands came about, and what they tell.
fn reading(report: &Report) -> String {
    format!(
        "<h3>How to read the bands</h3>\n<p>Each of {} resamples draws {} {} with \
         replacement and has curves of its own. At every false-positive rate 95 % of their \
         sensitivities lie in the ROC band (vertical averaging), at every recall 95 % of their \
         precisions in the other. They hold point by point, not for the curve as a whole.</p>\n\
         <p>Precision depends on how many patches are nodules: {} here, {} in the paper’s test \
         part. The ROC curve does not.</p>\n",
        report.bootstrap_resamples,
        report.units,
        report.bootstrap_units,
        percent(report.positives as f64 / report.n.max(1) as f64),
        percent(report.paper.positives as f64 / report.paper.n as f64),
    )
}

/// Write the chapter: learning curves.
pub fn learning(report: &Report) -> Result<Section> {
    let title = "Learning curves".to_owned();
    if report.history.is_empty() {
        let body =
            "<p>These weights carry no learning curve: they were exported by a version that \
                    did not keep it. Export the run again.</p>\n"
                .to_owned();
        return Ok(Section { id: "learning", title, body });
    }
    let kept = format!(
        "The dashed line marks epoch {}, the one that these weights are from.",
        report.epoch
    );
    let mut lines = vec![("orange line", "training"), ("blue line", "validation")];
    let losses = figure(
        &curves::loss(report)?,
        &format!("Loss in training (augmented, with dropout) and validation. {kept}"),
        &lines,
    );
    lines.push(("green line", "validation AUC"));
    let complete = report.history.iter().any(|epoch| epoch.train_accuracy.is_some());
    let (caption, note) = if complete {
        (
            "Accuracy at probability 0.5 in training (augmented, with dropout) and validation, and \
             the validation AUC.",
            "The paper’s figures 4 to 7 show the same: accuracy and loss in training and validation.",
        )
    } else {
        lines.remove(0);
        (
            "Accuracy at probability 0.5 and AUC in validation.",
            "This run kept no training accuracy, which the paper’s figure 4 shows.",
        )
    };
    let accuracies = figure(&curves::accuracy(report)?, &format!("{caption} {kept}"), &lines);
    let body = side_by_side(&[accuracies, losses]) + &format!("<p>{note}</p>\n");
    Ok(Section { id: "learning", title, body })
}

/// Write the chapter: reliability diagram and scores.
pub fn calibration(report: &Report) -> Result<Section> {
    let caption = format!(
        "Reliability diagram: expected calibration error {} over 15 bins of equal width ({} over \
         15 of equal count), Brier score {}. A dot’s area follows its count; bars are Wilson \
         intervals; on the dashed line the probability comes true.",
        or_none(report.ece, three),
        or_none(report.ece_equal_mass, three),
        or_none(report.brier, three)
    );
    let own = &report.calibration;
    let diagram = figure(&curves::reliability(report)?, &caption, &[("blue dot", "a bin")]);
    let mut words = match own.fitted_on.as_deref() {
        Some(part) if part == report.split => format!(
            "<p>The temperature of {:.3} was fitted on this very part, so the error above flatters \
             it. The cross-fitted figures below do not.</p>\n",
            own.temperature
        ),
        Some(part) => format!(
            "<p>The temperature of {:.3} was fitted on {}, not on this part.</p>\n",
            own.temperature,
            escape(part)
        ),
        None => "<p>These weights were not calibrated: their temperature is 1.</p>\n".to_owned(),
    };
    if let Some(fit) = &own.cross_fit {
        let row = |name: &str, of: fn(&CalibrationScores) -> f64| {
            vec![name.to_owned(), three(of(&fit.before)), three(of(&fit.after))]
        };
        let rows = [
            row("Calibration error", |of| of.ece),
            row("… over bins of equal count", |of| of.ece_equal_mass),
            row("Brier score", |of| of.brier),
            row("Log loss (nats)", |of| of.log_loss),
        ];
        let head = ["Score", "Temperature 1", "Cross-fitted"];
        words += &table("Temperature scaling on this part", &head, &rows);
        words += &format!(
            "<p>Fitted on all of this part, the temperature is {:.3}. Cross-fitted: {} folds of whole \
             patients; the patches of each are judged by the temperature fitted on the others, and \
             pooled.</p>\n",
            fit.temperature,
            fit.fold_temperatures.len()
        );
    }
    let body = beside(&diagram, &words);
    Ok(Section { id: "calibration", title: "Calibration".to_owned(), body })
}

/// Write the chapter: decision curve.
pub fn net_benefit(report: &Report) -> Result<Section> {
    let key = [
        ("blue line", "acting on the model"),
        ("orange line", "on every patch"),
        ("grey line", "on none"),
        ("green dash", "threshold of the weights file"),
    ];
    let words = "<h3>How to read it</h3>\n<p>Net benefit: true positives a patch, less the false \
                 positives at the rate that the probability from which one acts implies: who acts \
                 from 20 % upward takes four false alarms for one nodule. Acting on the model \
                 pays where its line is above both others.</p>\n<p>It holds for the share of \
                 nodules here, which in the paper’s patches is 1 in 6 by construction.</p>\n";
    let caption = "Decision curve (Vickers and Elkin 2006).";
    let body = beside(&figure(&curves::decision(report)?, caption, &key), words);
    Ok(Section { id: "decision-curve", title: "Decision curve".to_owned(), body })
}

/// Write the chapter: histogram of probabilities.
pub fn histogram(report: &Report) -> Result<Section> {
    let key = [("blue box", "nodules"), ("orange box", "no nodule"), ("green dash", "threshold")];
    let caption = format!(
        "Probabilities by class, as shares of the {} nodules and the {} others.",
        report.positives,
        report.n - report.positives
    );
    let body = figure(&shares::histogram(report)?, &caption, &key);
    Ok(Section { id: "histogram", title: "Probabilities".to_owned(), body })
}

/// Write the chapter: results by diameter, slice thickness and fold.
pub fn groups(report: &Report) -> Result<Section> {
    let mut body = String::new();
    for (by, name, heading) in [
        (GroupedBy::DiameterMm, "nodule diameter", "By nodule diameter"),
        (GroupedBy::SliceThicknessMm, "slice thickness", "By slice thickness"),
        (GroupedBy::Luna16Fold, "LUNA16 fold", "By LUNA16 fold"),
    ] {
        let groups: Vec<&Subgroup> =
            report.subgroups.iter().filter(|group| group.by == by).collect();
        body += &format!("<h3>{heading}</h3>\n");
        if groups.is_empty() {
            body += "<p>The manifest does not tell.</p>\n";
            continue;
        }
        let figures = group_table(name, by, &groups);
        if groups.iter().all(|group| group.recall.is_none()) {
            body += &figures;
            continue;
        }
        let caption = "Sensitivity at the threshold; the dashed line is that of all nodules.";
        let plot = figure(&shares::recall_by_group(report, name, &groups)?, caption, &[]);
        body += &if by == GroupedBy::DiameterMm {
            beside(&plot, &figures)
        } else {
            side_by_side(&[plot]) + &figures
        };
    }
    Ok(Section { id: "groups", title: "Results by group".to_owned(), body })
}

fn group_table(name: &str, by: GroupedBy, groups: &[&Subgroup]) -> String {
    let with = |value: Option<f64>, range: Option<[f64; 2]>, format: fn(f64) -> String| match value
    {
        Some(value) => {
            format!("{} <span class=\"range\">({})</span>", format(value), interval(range, format))
        }
        None => NONE.to_owned(),
    };
    let caption = format!("Results by {name} at the threshold, with 95 % intervals");
    let recall = |group: &Subgroup| with(group.recall, group.recall_ci95, percent);
    // These groups hold nodules only, so there is nothing else to say of them.
    if by == GroupedBy::DiameterMm {
        let rows: Vec<_> = groups
            .iter()
            .map(|group| vec![escape(&group.label), group.n.to_string(), recall(group)])
            .collect();
        return table(&caption, &["Group", "Nodules", "Sensitivity"], &rows);
    }
    let rows: Vec<Vec<String>> = groups
        .iter()
        .map(|group| {
            vec![
                escape(&group.label),
                group.n.to_string(),
                group.positives.to_string(),
                with(group.roc_auc, group.roc_auc_ci95, three),
                recall(group),
                with(group.specificity, group.specificity_ci95, percent),
            ]
        })
        .collect();
    table(
        &caption,
        &["Group", "Patches", "Nodules", "ROC AUC", "Sensitivity", "Specificity"],
        &rows,
    )
}

/// Write the chapter: predictive values over prevalence.
pub fn prevalence(report: &Report) -> Result<Section> {
    let caption = "What “nodule” means depends on how rare nodules are: the chance that it is \
                   right, for the sensitivity and specificity measured here. One patch in six is a \
                   nodule in the paper’s data, by construction; among all LUNA16 candidates it is \
                   one in 408.";
    let key = [("blue line", "PPV"), ("blue band", "95 % of resamples")];
    let mut body = figure(&shares::predictive_value(report)?, caption, &key);
    let rows: Vec<Vec<String>> = MARKED_PREVALENCE
        .into_iter()
        .zip(["1 in 6", "1 in 408"])
        .filter_map(|(share, name)| {
            let at = report.prevalence.iter().find(|point| point.prevalence == share)?;
            Some(vec![
                name.to_owned(),
                or_none(at.ppv, percent),
                interval(at.ppv_ci95, percent),
                at.npv.map_or(NONE.to_owned(), |npv| format!("{:.2} %", 100.0 * npv)),
            ])
        })
        .collect();
    let head = ["Nodules among candidates", "PPV", "95 % interval", "NPV"];
    body += &table("Predictive values at the threshold", &head, &rows);
    Ok(Section { id: "prevalence", title: "Predictive value over prevalence".to_owned(), body })
}
