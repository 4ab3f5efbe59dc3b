//! The pieces of a page: chapters, figures, tables and numbers as HTML.

use crate::metrics::bootstrap::Interval;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The page's style sheet.
pub const STYLE: &str = include_str!("style.css");

/// One chapter: anchor, title, content.
pub struct Section {
    /// Anchor.
    pub id: &'static str,
    /// Heading.
    pub title: String,
    /// HTML.
    pub body: String,
}

/// Make text safe inside HTML and its attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Write a PNG as an address that holds it.
pub fn inline_png(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// Write a figure: SVG or other content, what it shows, and a key of colours: (class of `.key`,
/// name).
pub fn figure(content: &str, caption: &str, key: &[(&str, &str)]) -> String {
    let key: String = key
        .iter()
        .map(|(class, name)| format!("<span class=\"key {class}\">{}</span> ", escape(name)))
        .collect();
    format!(
        "<figure>{content}<figcaption><div class=\"keys\">{key}</div>{caption}</figcaption></figure>\n"
    )
}

/// Lay figures side by side, where there is room.
pub fn side_by_side(figures: &[String]) -> String {
    format!("<div class=\"pair\">{}</div>\n", figures.concat())
}

/// Lay words or a table beside a figure, where there is room.
pub fn beside(figure: &str, words: &str) -> String {
    format!("<div class=\"pair\">{figure}<div>{words}</div></div>\n")
}

/// What stands where there is no number.
pub const NONE: &str = "–";

/// Write three decimals: 0.9736 -> "0.974".
pub fn three(value: f64) -> String {
    format!("{value:.3}")
}

/// Write a share of a hundred: 0.8723 -> "87.2 %".
pub fn percent(value: f64) -> String {
    format!("{:.1} %", 100.0 * value)
}

/// Write a number that may be absent.
pub fn or_none(value: Option<f64>, format: fn(f64) -> String) -> String {
    value.map_or(NONE.to_owned(), format)
}

/// Write an interval: "0.962 to 0.990".
pub fn interval(interval: Option<Interval>, format: fn(f64) -> String) -> String {
    interval.map_or(NONE.to_owned(), |[low, high]| format!("{} to {}", format(low), format(high)))
}

/// Write a table; its first column names the row. Cells are HTML.
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

/// Write terms and their descriptions. Descriptions are HTML.
pub fn facts(pairs: &[(&str, String)]) -> String {
    let pairs: String = pairs
        .iter()
        .map(|(term, text)| format!("<div><dt>{}</dt><dd>{text}</dd></div>\n", escape(term)))
        .collect();
    format!("<dl class=\"facts\">{pairs}</dl>\n")
}
