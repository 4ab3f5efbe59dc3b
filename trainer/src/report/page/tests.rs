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
    assert!(html.contains("data:image/png;base64,AQID") && html.contains("alt=\"Patch of row 7"));
    for forbidden in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let without = render(&report, &Pictures::new()).unwrap();
    assert!(without.contains("not at hand"));
}
