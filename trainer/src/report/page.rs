//! [`Report`] -> `report.html`: one file that asks for nothing, for screen and paper, light and
//! dark. It is rendered from what `report.json` holds, and from the pictures of the worst errors.

mod contested;
mod figures;
mod sections;
mod stress;

use super::Report;
use super::html::{STYLE, Section, escape};
use anyhow::Result;
pub use sections::Pictures;

/// Render the page. A picture that is missing leaves a gap with its words.
///
/// # Errors
/// Where the plotting library refuses.
pub fn render(report: &Report, pictures: &Pictures) -> Result<String> {
    let mut sections: Vec<Section> = vec![sections::summary(report)];
    let compared = |other| sections::comparison(other, &report.bootstrap_units);
    sections.extend(report.compare.as_ref().map(compared));
    sections.push(contested::contested(report));
    sections.push(figures::discrimination(report)?);
    sections.push(sections::decisions(report));
    sections.push(figures::learning(report)?);
    sections.push(figures::calibration(report)?);
    sections.push(figures::net_benefit(report)?);
    sections.push(figures::histogram(report)?);
    sections.push(figures::groups(report)?);
    sections.extend(stress::stress(&report.stress));
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
mod tests {
    use super::*;
    use crate::report::{Worst, WorstPatch};

    #[test]
    fn a_report_of_nearly_nothing_still_makes_a_page_that_asks_for_nothing() {
        let report = Report {
            model_id: "paper-<1>".to_owned(),
            split: "all".to_owned(),
            worst: Worst {
                false_negatives: vec![WorstPatch {
                    candidate_row: "7".to_owned(),
                    seriesuid: "s".to_owned(),
                    probability: 0.01,
                    diameter_mm: Some(4.25),
                    slice_thickness_mm: None,
                }],
                false_positives: Vec::new(),
            },
            ..Report::default()
        };
        let html = render(&report, &Pictures::from([("7".to_owned(), vec![1, 2, 3])])).unwrap();
        assert!(html.contains("<title>Nodulens evaluation: paper-&lt;1&gt; on all</title>"));
        assert!(
            html.contains("data:image/png;base64,AQID") && html.contains("alt=\"Patch of row 7")
        );
        for forbidden in ["http://", "https://", "<script", "<link", "@import", "url("] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        let without = render(&report, &Pictures::new()).unwrap();
        assert!(without.contains("not at hand"));
    }
}
