//! [`Report`] -> `report.html`: one file that asks for nothing, for screen and paper, light and
//! dark. It is rendered from what `report.json` holds, and from the pictures of the worst errors.

mod figures;
pub mod froc;
mod sections;
mod tables;

use super::Report;
use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;

/// The page's style sheet.
const STYLE: &str = include_str!("page/style.css");

/// PNG files of patches by row of the manifest.
pub type Pictures = HashMap<String, Vec<u8>>;

/// One chapter: anchor, title, content.
struct Section {
    id: &'static str,
    title: String,
    body: String,
}

/// Makes text safe inside HTML and its attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A PNG as an address that holds it.
fn inline_png(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// A figure: SVG or other content, what it shows, and a key of colours: (class of `.key`, name).
fn figure(content: &str, caption: &str, key: &[(&str, &str)]) -> String {
    let key: String = key
        .iter()
        .map(|(class, name)| format!("<span class=\"key {class}\">{}</span> ", escape(name)))
        .collect();
    format!(
        "<figure>{content}<figcaption><div class=\"keys\">{key}</div>{caption}</figcaption></figure>\n"
    )
}

/// Figures side by side, where there is room.
fn side_by_side(figures: &[String]) -> String {
    format!("<div class=\"pair\">{}</div>\n", figures.concat())
}

/// A figure with words or a table beside it, where there is room.
fn beside(figure: &str, words: &str) -> String {
    format!("<div class=\"pair\">{figure}<div>{words}</div></div>\n")
}

/// Renders the page. A picture that is missing leaves a gap with its words.
///
/// # Errors
/// Where the plotting library refuses.
pub fn render(report: &Report, pictures: &Pictures) -> Result<String> {
    let mut sections = vec![sections::summary(report)];
    sections.extend(report.compare.as_ref().map(sections::comparison));
    sections.push(figures::discrimination(report)?);
    sections.push(sections::decisions(report));
    sections.push(figures::learning(report)?);
    sections.push(figures::calibration(report)?);
    sections.push(figures::net_benefit(report)?);
    sections.push(figures::histogram(report)?);
    sections.push(figures::groups(report)?);
    sections.push(figures::prevalence(report)?);
    sections.push(sections::worst(report, pictures));
    sections.push(sections::method(report));
    let contents: String = sections
        .iter()
        .map(|one| format!("<li><a href=\"#{}\">{}</a></li>", one.id, escape(&one.title)))
        .collect();
    let body: String = sections
        .iter()
        .map(|one| {
            format!(
                "<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">{1}</h2>\n{2}</section>\n",
                one.id,
                escape(&one.title),
                one.body
            )
        })
        .collect();
    let title = format!("{} on {}", report.model_id, report.split);
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Nodulens evaluation: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><p class=\"brand\">Nodulens · evaluation</p><h1>{title}</h1>\n{lead}</header>\n\
         <nav aria-label=\"Contents\"><ol>{contents}</ol></nav>\n<main>\n{body}</main>\n\
         <footer><p>Research and teaching software, not a medical device: no finding, and no \
         absence of one, may rest on it.</p></footer>\n</body>\n</html>\n",
        title = escape(&title),
        lead = sections::lead(report),
    ))
}

#[cfg(test)]
mod tests;
