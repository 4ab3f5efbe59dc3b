//! The chapters without plots: summary, comparison, confusion matrix, worst errors, method.

use crate::dataset::description::DataCard;
use crate::metrics::bootstrap::Difference;
use crate::report::html::{
    NONE, Section, escape, facts, inline_png, interval, or_none, percent, table, three,
};
use crate::report::{Comparison, Report, WorstPatch};
use nodulens::weights::Confusion;
use std::collections::HashMap;

/// PNG files of patches by row of the manifest.
pub type Pictures = HashMap<String, Vec<u8>>;

/// Write what stands under the title.
pub fn lead(report: &Report) -> String {
    let title = escape(&report.model_title);
    let symmetry = if report.symmetry {
        "<p class=\"notice\">With test-time symmetry: each probability is the mean over the eight \
         flips and quarter turns of the patch. The page and the command line use one view.</p>"
    } else {
        ""
    };
    let surroundings = match report.surroundings {
        Some(shown) => format!("<p class=\"notice\">{}</p>", shown.sentence(report.n)),
        None => String::new(),
    };
    format!(
        "<p class=\"lead\">{title}{} {} patches, {} of them nodules, from {} scans.</p>{symmetry}{surroundings}\n",
        if title.is_empty() || title.ends_with('.') { "" } else { "." },
        report.n,
        report.positives,
        report.series
    )
}

/// Write the chapter: figures with intervals, the paper's beside them, and the leak in plain words.
pub fn summary(report: &Report) -> Section {
    let tile = |name: &str, value: String, note: String| {
        format!(
            "<div class=\"tile\"><p class=\"name\">{name}</p><p class=\"value\">{value}</p><p class=\"note\">{note}</p></div>"
        )
    };
    let recall = report.recall_at_paper_specificity;
    let tiles = [
        tile("ROC AUC", or_none(report.roc_auc, three), interval(report.roc_auc_ci95, three)),
        tile(
            "Recall at 97.1 % specificity",
            or_none(recall, percent),
            interval(report.recall_at_paper_specificity_ci95, percent),
        ),
        tile(
            "Calibration error",
            or_none(report.ece, three),
            format!("Brier score {}", or_none(report.brier, three)),
        ),
        tile(
            "At the threshold",
            format!("{} / {}", percent(report.recall), percent(report.specificity)),
            "sensitivity / specificity".to_owned(),
        ),
    ];
    let paper = &report.paper;
    let row = |name: &str, ours: String, interval: String, paper: String| {
        vec![name.to_owned(), ours, interval, paper]
    };
    let none = || NONE.to_owned();
    let rows = vec![
        row(
            "ROC AUC",
            or_none(report.roc_auc, three),
            interval(report.roc_auc_ci95, three),
            format!("{:.2}", paper.roc_auc),
        ),
        row(
            "Average precision",
            or_none(report.average_precision, three),
            interval(report.average_precision_ci95, three),
            none(),
        ),
        row(
            "Recall at specificity 97.09 %",
            or_none(recall, percent),
            interval(report.recall_at_paper_specificity_ci95, percent),
            percent(paper.recall),
        ),
        row(
            "Sensitivity (recall)",
            percent(report.recall),
            interval(report.recall_ci95, percent),
            percent(paper.recall),
        ),
        row(
            "Specificity",
            percent(report.specificity),
            interval(report.specificity_ci95, percent),
            percent(paper.specificity),
        ),
        row(
            "Precision",
            percent(report.precision),
            interval(report.precision_ci95, percent),
            percent(paper.precision),
        ),
        row(
            "Accuracy",
            percent(report.accuracy),
            interval(report.accuracy_ci95, percent),
            percent(paper.accuracy),
        ),
        row("F1", three(report.f1), interval(report.f1_ci95, three), three(paper.f1)),
        row(
            "Expected calibration error",
            or_none(report.ece, three),
            interval(report.ece_ci95, three),
            none(),
        ),
        row(
            "Brier score",
            or_none(report.brier, three),
            interval(report.brier_ci95, three),
            none(),
        ),
        row("Log loss (nats)", or_none(report.log_loss, three), none(), none()),
        row(
            "Patches (nodules)",
            counts(report.n, report.positives),
            none(),
            counts(paper.n, paper.positives),
        ),
    ];
    let head = ["Figure", "These weights", "95 % interval", "The paper"];
    let caption =
        format!("{} on {}, beside the paper on its own test part", report.model_id, report.split);
    Section {
        id: "summary",
        title: "Summary".to_owned(),
        body: format!(
            "<div class=\"tiles\">{}</div>\n{}{}<p>The two columns are not comparable one to one. \
             The paper divided its data by patch, not by patient, and its split leaks: 99.4 % of \
             its validation and test patches come from scans of which other patches are in \
             training, and 22.7 % of its test nodules have a training patch themselves. Its \
             figures are therefore optimistic. It prints precision, recall and specificity; the \
             rest follows from the only counts that give all three.</p>\n",
            tiles.concat(),
            leaks(report),
            table(&caption, &head, &rows)
        ),
    }
}

fn counts(n: usize, positives: usize) -> String {
    format!("{n} ({positives})")
}

fn leaks(report: &Report) -> String {
    if report.leaks.is_empty() {
        return "<p class=\"notice\">Whether these patches come from scans that the network \
                learned from cannot be told: the manifest has no row of a training part that is \
                known of these weights.</p>\n"
            .to_owned();
    }
    let line = |leak: &crate::report::leak::Leak| {
        let class = if leak.shared_units > 0 { "notice warning" } else { "notice" };
        let word = if leak.shared_units > 0 { "<strong>Leak.</strong> " } else { "" };
        format!("<p class=\"{class}\">{word}{}</p>\n", escape(&leak.sentence))
    };
    report.leaks.iter().map(line).collect()
}

/// Write the chapter: the paired bootstrap against other weights.
pub fn comparison(other: &Comparison, units: &str) -> Section {
    let signed = |value: f64| format!("{value:+.4}").replace('-', "−");
    let row = |name: &str, difference: Option<Difference>| {
        let Some(at) = difference else {
            return vec![
                name.to_owned(),
                NONE.to_owned(),
                NONE.to_owned(),
                NONE.to_owned(),
                NONE.to_owned(),
                NONE.to_owned(),
            ];
        };
        let [low, high] = at.difference_ci95;
        vec![
            name.to_owned(),
            format!("{:.4}", at.first),
            format!("{:.4}", at.second),
            signed(at.difference),
            format!("{} to {}", signed(low), signed(high)),
            percent(at.share_not_better),
        ]
    };
    let rows = [
        row("ROC AUC", other.paired.roc_auc),
        row("Recall at specificity 97.09 %", other.paired.recall_at_specificity),
    ];
    let head = [
        "Figure",
        "These weights",
        &other.model_id,
        "Difference",
        "95 % interval",
        "Resamples not better",
    ];
    let leaks: String = other
        .leaks
        .iter()
        .filter(|leak| leak.shared_units > 0)
        .map(|leak| {
            format!(
                "<p class=\"notice warning\"><strong>Leak of the other weights.</strong> {}</p>\n",
                escape(&leak.sentence)
            )
        })
        .collect();
    Section {
        id: "comparison",
        title: format!("Against {}", other.model_id),
        body: format!(
            "{leaks}{}<p>Both networks see the same patches, and in each of the resamples the \
             same {units}: a paired bootstrap. “Not better” counts the resamples in which the \
             difference is 0 or less. Each network has its own threshold for the recall, chosen \
             again in every resample.</p>\n",
            table(&format!("Compared with {}", other.model_title), &head, &rows),
        ),
    }
}

/// Write the chapter: the confusion matrix at the threshold.
pub fn decisions(report: &Report) -> Section {
    let Confusion { tp, fn_, fp, tn } = report.confusion;
    let cell = |class: &str, count: usize, name: &str, of: usize| {
        let share = if of == 0 { 0.0 } else { count as f64 / of as f64 };
        format!(
            "<td class=\"{class}\"><span class=\"count\">{count}</span><span class=\"what\">{name}, {} of the row</span></td>",
            percent(share)
        )
    };
    let body = format!(
        "<p>A patch is called a nodule where its probability is at least {:.4}, the threshold in \
         the weights file.</p>\n<div class=\"scroll\"><table class=\"matrix\"><caption>Confusion \
         matrix at the threshold</caption><thead><tr><th scope=\"col\">Reference</th><th \
         scope=\"col\">Called a nodule</th><th scope=\"col\">Not called one</th></tr></thead><tbody>\
         <tr><th scope=\"row\">Nodule</th>{}{}</tr><tr><th scope=\"row\">No nodule</th>{}{}</tr>\
         </tbody></table></div>\n",
        report.threshold,
        cell("right", tp, "true positives", tp + fn_),
        cell("wrong", fn_, "false negatives", tp + fn_),
        cell("wrong", fp, "false positives", fp + tn),
        cell("right", tn, "true negatives", fp + tn),
    );
    Section { id: "decisions", title: "Decisions at the threshold".to_owned(), body }
}

/// Write the chapter: the errors furthest from the threshold, as pictures.
pub fn worst(report: &Report, pictures: &Pictures) -> Section {
    let gallery = |title: &str, patches: &[WorstPatch], all: usize, kind: &str| {
        if patches.is_empty() {
            return format!("<h3>{title}</h3>\n<p>There are none.</p>\n");
        }
        let items: String = patches.iter().map(|patch| item(patch, kind, pictures)).collect();
        let shown = patches.len();
        format!("<h3>{title}: {shown} of {all}</h3>\n<ul class=\"gallery\">{items}</ul>\n")
    };
    let Confusion { fn_, fp, .. } = report.confusion;
    let body = format!(
        "<p>The patches as the network sees them, the worst first. Some are errors of the labels: \
         about 1 % of the negatives lie within 5 mm of something that readers marked and LUNA16 \
         excludes.</p>\n{}{}",
        gallery("Nodules missed", &report.worst.false_negatives, fn_, "nodule missed"),
        gallery(
            "Called nodules, but labelled none",
            &report.worst.false_positives,
            fp,
            "false positive"
        ),
    );
    Section { id: "worst", title: "The worst errors".to_owned(), body }
}

fn item(patch: &WorstPatch, kind: &str, pictures: &Pictures) -> String {
    let row = escape(&patch.candidate_row);
    let alt = format!("Patch of row {row}, {kind}, probability {:.3}", patch.probability);
    let picture = match pictures.get(&patch.candidate_row) {
        Some(png) => {
            format!("<img src=\"{}\" width=\"50\" height=\"50\" alt=\"{alt}\">", inline_png(png))
        }
        None => format!("<p class=\"missing\">{alt}; its picture is not at hand</p>"),
    };
    let diameter = patch.diameter_mm.map_or(String::new(), |mm| format!("<br>{mm:.1} mm"));
    format!(
        "<li>{picture}<p><strong>{:.3}</strong>{diameter}<br>row {row}</p></li>\n",
        patch.probability
    )
}

/// Say what the data is, as far as it says so itself.
fn data(card: &DataCard) -> String {
    if card.name.is_empty() && card.description.is_empty() {
        return "The data does not say what it is, or under which licence.".to_owned();
    }
    let license = if card.license.is_empty() { "not stated" } else { &card.license };
    escape(&format!(
        "{}: {} Licence: {license}. {}",
        card.name,
        card.description,
        card.citations.join(" ")
    ))
}

/// Write the chapter: how all this was measured.
pub fn method(report: &Report) -> Section {
    let code = |text: &str| format!("<code>{}</code>", escape(text));
    let skipped = if report.skipped.is_empty() {
        "none".to_owned()
    } else {
        let items: String =
            report.skipped.iter().map(|reason| format!("<li>{}</li>", escape(reason))).collect();
        format!("{}<ul>{items}</ul>", report.skipped.len())
    };
    let body = facts(&[
        (
            "Weights",
            format!("{}, SHA-256 {}", code(&report.model_id), code(&report.weights_sha256)),
        ),
        (
            "Part",
            format!(
                "{}, SHA-256 over rows, labels and pictures {}",
                code(&report.split),
                code(&report.split_sha256)
            ),
        ),
        ("Program", format!("commit {}", code(&report.commit))),
        (
            "Shown",
            report.surroundings.map_or_else(
                || "Patches of 50 x 50 pixels alone.".to_owned(),
                |shown| shown.sentence(report.n),
            ),
        ),
        (
            "Intervals",
            format!(
                "{} bootstrap resamples of the {} {}, seed {}, percentiles 2.5 and 97.5. Groups and bins: Wilson’s score \
                 interval, where marked so.",
                report.bootstrap_resamples, report.units, report.bootstrap_units, report.seed
            ),
        ),
        (
            "Calibration error",
            "15 bins of equal width on the probability of a nodule: mean distance of mean \
             probability and share of nodules, weighted by count. Its interval leans upward, \
             because resampling adds noise to every bin."
                .to_owned(),
        ),
        ("Patches passed over", skipped),
        ("Data", data(&report.data)),
    ]);
    Section { id: "method", title: "How this was measured".to_owned(), body }
}
