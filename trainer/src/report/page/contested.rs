//! The chapter with both figures: of all patches, and without contested negatives.

use crate::report::Report;
use crate::report::html::{Section, interval, or_none, percent, table, three};

/// Write the chapter.
pub fn contested(report: &Report) -> Section {
    let title = "Contested negatives".to_owned();
    let Some(without) = &report.without_contested else {
        let body = "<p>Which negatives are contested is not known of this data: it has no column \
                    <code>contested</code>. Some of what counts as a false positive here may be a \
                    nodule that fewer than three of four readers marked.</p>\n"
            .to_owned();
        return Section { id: "contested", title, body };
    };
    let row = |name: &str, all: String, left: String| vec![name.to_owned(), all, left];
    let with = |value: Option<f64>, ends, format: fn(f64) -> String| {
        format!("{} ({})", or_none(value, format), interval(ends, format))
    };
    let rows = [
        row(
            "Patches (nodules)",
            format!("{} ({})", report.n, report.positives),
            format!("{} ({})", without.n, without.positives),
        ),
        row(
            "ROC AUC (95 % interval)",
            with(report.roc_auc, report.roc_auc_ci95, three),
            with(without.roc_auc, without.roc_auc_ci95, three),
        ),
        row(
            "Average precision",
            or_none(report.average_precision, three),
            or_none(without.average_precision, three),
        ),
        row(
            "Recall at specificity 97.09 % (95 % interval)",
            with(
                report.recall_at_paper_specificity,
                report.recall_at_paper_specificity_ci95,
                percent,
            ),
            with(
                without.recall_at_paper_specificity,
                without.recall_at_paper_specificity_ci95,
                percent,
            ),
        ),
        row("Specificity", percent(report.specificity), percent(without.specificity)),
        row("Precision", percent(report.precision), percent(without.precision)),
        row("Accuracy", percent(report.accuracy), percent(without.accuracy)),
    ];
    let head = ["Figure", "All patches", "Without contested negatives"];
    let body = format!(
        "{}<p>{} negatives here are contested: within 5 mm lies a finding that LUNA16 excludes, \
         because fewer than three of four readers took it for a nodule of 3 mm or more. At the \
         threshold {} of them are called nodules. The threshold is the same in both columns.</p>\n",
        table("With all patches, and without contested negatives", &head, &rows),
        without.contested,
        without.contested_called
    );
    Section { id: "contested", title, body }
}
