//! Numbers and tables as HTML.

use super::escape;
use crate::metrics::bootstrap::Interval;

/// What stands where there is no number.
pub const NONE: &str = "–";

/// 0.9736 -> "0.974".
pub fn three(value: f64) -> String {
    format!("{value:.3}")
}

/// 0.8723 -> "87.2 %".
pub fn percent(value: f64) -> String {
    format!("{:.1} %", 100.0 * value)
}

/// A number that may be absent.
pub fn or_none(value: Option<f64>, format: fn(f64) -> String) -> String {
    value.map_or(NONE.to_owned(), format)
}

/// "0.962 to 0.990".
pub fn interval(interval: Option<Interval>, format: fn(f64) -> String) -> String {
    interval.map_or(NONE.to_owned(), |[low, high]| format!("{} to {}", format(low), format(high)))
}

/// A table whose first column names the row. Cells are HTML.
pub fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let head: String =
        head.iter().map(|name| format!("<th scope=\"col\">{}</th>", escape(name))).collect();
    let rows: String = rows
        .iter()
        .map(|row| {
            let mut cells = row.iter();
            let first =
                cells.next().map_or(String::new(), |name| format!("<th scope=\"row\">{name}</th>"));
            let rest: String = cells.map(|cell| format!("<td>{cell}</td>")).collect();
            format!("<tr>{first}{rest}</tr>\n")
        })
        .collect();
    format!(
        "<div class=\"scroll\"><table><caption>{}</caption><thead><tr>{head}</tr></thead>\
         <tbody>\n{rows}</tbody></table></div>\n",
        escape(caption)
    )
}

/// Terms and their descriptions. Descriptions are HTML.
pub fn facts(pairs: &[(&str, String)]) -> String {
    let pairs: String = pairs
        .iter()
        .map(|(term, text)| format!("<div><dt>{}</dt><dd>{text}</dd></div>\n", escape(term)))
        .collect();
    format!("<dl class=\"facts\">{pairs}</dl>\n")
}
