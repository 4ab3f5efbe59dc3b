//! The chapter with the stress table.

use crate::report::html::{NONE, Section, escape, interval, or_none, percent, table, three};
use crate::report::stress::{Row, Stress};

/// Write the chapter; `None` where nothing was changed.
pub fn stress(tables: &[Stress]) -> Option<Section> {
    if tables.is_empty() {
        return None;
    }
    let body: String = tables.iter().map(of_head).collect();
    let body = format!(
        "<p>The same patches as other scanners would have shown them: noise of lower doses, softer and \
         sharper kernels, thicker slices (approximated: sections of a ball farther out are smaller), \
         other pixels, one level of grey; seen from a pixel beside, turned, and where the slice or \
         what is known of it ends. Threshold and temperature stay those of the weights file. \
         Differences from the first row are by paired bootstrap over the same units as everywhere.</p>\n{body}"
    );
    Some(Section { id: "stress", title: "Under change".to_owned(), body })
}

fn of_head(one: &Stress) -> String {
    let head = [
        "Change",
        "ROC AUC",
        "Difference",
        "Recall / specificity at the threshold",
        "Recall at 97.09 %",
    ];
    let rows: Vec<Vec<String>> = one.rows.iter().map(row).collect();
    let moves = one.steadiness;
    format!(
        "<h3>{}</h3>\n{}<p>The logit moves by {:.3} under shifts of up to one pixel (mean over patches \
         of its standard deviation over nine), by {:.3} under a turn of 45 degrees and by {:.3} \
         under 7 % of scale (standard deviation over patches); the medians of nodules and others lie \
         {:.2} apart.</p>\n",
        capital(one.title()),
        table(&format!("Under change, {}", one.title()), &head, &rows),
        moves.shift,
        moves.turn45,
        moves.scale7,
        moves.gap
    )
}

fn row(row: &Row) -> Vec<String> {
    let changed = row.difference.roc_auc.filter(|_| !row.strength.is_empty());
    let less = changed.map_or(NONE.to_owned(), |less| {
        let [low, high] = less.difference_ci95;
        range(signed(less.difference), format!("{} to {}", signed(low), signed(high)))
    });
    let name = if row.strength.is_empty() {
        row.change.clone()
    } else {
        format!("{}, {}", row.change, row.strength)
    };
    vec![
        escape(&name),
        range(or_none(row.roc_auc, three), interval(row.roc_auc_ci95, three)),
        less,
        format!("{} / {}", or_none(row.recall, percent), or_none(row.specificity, percent)),
        or_none(row.recall_at_paper_specificity, percent),
    ]
}

fn range(value: String, ends: String) -> String {
    format!("{value} <span class=\"range\">({ends})</span>")
}

fn signed(value: f64) -> String {
    format!("{value:+.4}").replace('-', "−")
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
