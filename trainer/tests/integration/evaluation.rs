//! `evaluate` and `froc` on phantoms: the page, shards, comparison, symmetry, whole scans.

use crate::support::{fails, ok};
use serde_json::Value;
use std::path::Path;

fn text(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

/// The weights that ship, on this many phantoms with the columns that a report can use.
struct Place {
    folder: tempfile::TempDir,
    weights: String,
}

impl Place {
    fn new(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/models/paper.nodulens");
        let place = Self { folder, weights: weights.display().to_string() };
        let data = place.path("data");
        ok(&["phantom", "--count", &count.to_string(), "--seed", "1", "--out", &data]);
        let manifest = place.path("data/manifest.csv");
        let mut reader = csv::Reader::from_path(&manifest).unwrap();
        let head = reader.headers().unwrap().clone();
        let class = head.iter().position(|name| name == "class").unwrap();
        let mut lines = format!(
            "{},diameter_mm,slice_thickness_mm,coord_x_mm,coord_y_mm,coord_z_mm\n",
            head.iter().collect::<Vec<_>>().join(",")
        );
        for (i, row) in reader.records().map(Result::unwrap).enumerate() {
            let nodule = &row[class] == "1";
            let diameter = if nodule { (4 + i % 16).to_string() } else { String::new() };
            let known = row.iter().collect::<Vec<_>>().join(",");
            lines += &format!("{known},{diameter},{},{i}.5,-2,3\n", [0.9, 2.5][i % 2]);
        }
        std::fs::write(&manifest, lines).unwrap();
        place
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Evaluates everything into folder `out`.
    fn evaluate(&self, out: &str, more: &[&str]) -> Vec<String> {
        let (data, out) = (self.path("data"), self.path(out));
        let fixed = ["evaluate", "--weights", &self.weights, "--patches", &data, "--split", "all"];
        let rest = ["--out", &out, "--device", "cpu"];
        [&fixed[..], &rest[..], more].concat().into_iter().map(str::to_owned).collect()
    }
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn the_page_holds_every_chapter_and_asks_for_nothing() {
    let place = Place::new(40);
    ok(&words(&place.evaluate("report", &[])));
    let report = json(&place.path("report/report.json"));
    for key in [
        "roc_auc_ci95",
        "average_precision_ci95",
        "recall_at_specificity_0.9709_ci95",
        "accuracy_ci95",
        "precision_ci95",
        "recall_ci95",
        "specificity_ci95",
        "f1_ci95",
        "ece_ci95",
        "brier_ci95",
    ] {
        let ends = report[key].as_array().unwrap_or_else(|| panic!("{key} in {report}"));
        assert!(ends.len() == 2 && ends[0].as_f64() <= ends[1].as_f64(), "{key}: {ends:?}");
    }
    for key in ["ece", "ece_equal_mass", "brier", "log_loss"] {
        assert!(report[key].is_number(), "{key}");
    }
    assert_eq!(report["bootstrap_resamples"], 2000);
    assert_eq!(report["symmetry"], false);
    let labels: Vec<&str> = report["subgroups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["label"].as_str().unwrap())
        .collect();
    assert!(labels.contains(&"< 6 mm") && labels.contains(&"> 2 mm"), "{labels:?}");

    let html = text(&place.path("report/report.html"));
    for id in [
        "summary",
        "contested",
        "curves",
        "decisions",
        "learning",
        "calibration",
        "decision-curve",
        "histogram",
        "groups",
        "prevalence",
        "worst",
        "method",
    ] {
        assert!(html.contains(&format!("<section id=\"{id}\"")), "no chapter {id}");
        assert!(html.contains(&format!("href=\"#{id}\"")), "{id} is not in the contents");
    }
    for forbidden in ["http://", "https://", "<script", "<link", "<iframe", "@import", "url("] {
        assert!(!html.contains(forbidden), "{forbidden} in the page");
    }
    // Every picture is named, and every error shown is a picture.
    assert_eq!(html.matches("<svg").count(), html.matches("<svg role=\"img\" aria-label=").count());
    assert_eq!(html.matches("<img").count(), html.matches("src=\"data:image/png;base64,").count());
    let wrong = ["fn", "fp"].map(|key| report["confusion"][key].as_u64().unwrap().min(20));
    assert_eq!(html.matches("<img").count() as u64, wrong[0] + wrong[1]);
    assert!(html.contains("not a medical device") && html.contains("its split leaks"));
}

#[test]
fn shards_give_the_same_report_and_others_are_refused() {
    // More than two batches, so that every shard has something.
    let place = Place::new(200);
    let weights = place.weights.clone();
    let with = |more: &[&str]| {
        place.evaluate("shards", &[&["--compare", weights.as_str()], more].concat())
    };
    ok(&words(&place.evaluate("whole", &["--compare", &weights])));
    ok(&words(&with(&["--shard", "2/3"])));
    assert!(!Path::new(&place.path("shards/report.json")).exists());
    assert!(fails(&words(&with(&["--merge"]))).contains("shards are missing: 1/3, 3/3"));
    for shard in ["1/3", "3/3"] {
        ok(&words(&with(&["--shard", shard])));
    }
    let other = fails(&words(&place.evaluate("shards", &["--merge"])));
    assert!(other.contains("give --merge the same arguments"), "{other}");
    ok(&words(&with(&["--merge"])));
    for file in ["report.json", "report.html", "predictions.csv"] {
        assert!(
            text(&place.path(&format!("whole/{file}")))
                == text(&place.path(&format!("shards/{file}"))),
            "{file} differs"
        );
    }
    // Compared with itself, a network is no better.
    let compare = &json(&place.path("whole/report.json"))["compare"];
    for figure in ["roc_auc", "recall_at_specificity"] {
        assert_eq!(compare[figure]["difference"], 0.0);
        assert_eq!(compare[figure]["share_not_better"], 1.0);
    }
    assert!(text(&place.path("whole/report.html")).contains("<section id=\"comparison\""));
}

#[test]
fn symmetry_is_marked() {
    let place = Place::new(8);
    ok(&words(&place.evaluate("plain", &[])));
    ok(&words(&place.evaluate("mean", &["--symmetry"])));
    assert_eq!(json(&place.path("mean/report.json"))["symmetry"], true);
    assert!(text(&place.path("mean/report.html")).contains("eight flips and quarter turns"));
    assert_ne!(
        text(&place.path("mean/predictions.csv")),
        text(&place.path("plain/predictions.csv"))
    );
}

#[test]
fn predictions_serve_as_findings() {
    let place = Place::new(8);
    ok(&words(&place.evaluate("report", &[])));
    let predictions = text(&place.path("report/predictions.csv"));
    let head = predictions.lines().next().unwrap();
    assert_eq!(head, "candidate_row,seriesuid,class,coordX,coordY,coordZ,logit,probability");
    // An annotation on the first patch of each class, 1 mm beside it; none of the others is near.
    let rows: Vec<Vec<&str>> =
        predictions.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let mut annotations = "seriesuid,coordX,coordY,coordZ,diameter_mm\n".to_owned();
    let x: f64 = rows[0][3].parse().unwrap();
    annotations += &format!("{},{},-2,3,3\n", rows[0][1], x + 1.0);
    annotations += "a scan that nobody searched,0,0,0,5\n";
    std::fs::write(place.path("annotations.csv"), annotations).unwrap();
    let printed = ok(&[
        "froc",
        "--findings",
        &place.path("report/predictions.csv"),
        "--annotations",
        &place.path("annotations.csv"),
        "--series",
        &place.path("report/predictions.csv"),
        "--out",
        &place.path("froc"),
    ]);
    assert!(printed.contains("CPM"), "{printed}");
    let froc = json(&place.path("froc/froc.json"));
    assert_eq!((froc["nodules"].as_u64(), froc["findings"].as_u64()), (Some(1), Some(8)));
    assert_eq!(froc["sensitivities"].as_array().unwrap().len(), 7);
    let html = text(&place.path("froc/froc.html"));
    assert!(html.contains("<svg role=\"img\"") && !html.contains("http"));
    let missing = fails(&[
        "froc",
        "--findings",
        &place.path("data/manifest.csv"),
        "--annotations",
        &place.path("annotations.csv"),
        "--series",
        &place.path("report/predictions.csv"),
        "--out",
        &place.path("froc"),
    ]);
    assert!(missing.contains("manifest.csv"), "{missing}");
}
