//! Contested negatives through the command line: every report gives both figures, and training
//! leaves out or weighs what it is told to.

use crate::support::{fails, ok};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_report_gives_both_figures() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    ok(&["phantom", "--count", "24", "--seed", "1", "--out", &path("data")]);
    let small = ["--network", "compact", "--epochs", "1", "--device", "cpu"];
    let data = path("data");
    let train = |out: &str, more: &[&str]| -> Vec<String> {
        let out = path(out);
        let fixed = ["train", "--patches", &data, "--split", "luna16-fold-0", "--out", &out];
        [&fixed[..], &small[..], more].concat().iter().map(|word| (*word).to_owned()).collect()
    };
    let words = |line: Vec<String>| -> Vec<&'static str> {
        line.into_iter().map(|word| &*word.leak()).collect()
    };
    // Nothing is known: what asks for it is refused, and reports say so.
    let refused = fails(&words(train("x", &["--contested", "drop"])));
    assert!(refused.contains("readers.csv"), "{refused}");
    assert!(!Path::new(&path("x")).exists());

    // Every third negative is contested, in a table beside the manifest.
    let mut reader = csv::Reader::from_path(path("data/manifest.csv")).unwrap();
    let at = |name: &str, reader: &mut csv::Reader<fs::File>| {
        reader.headers().unwrap().iter().position(|column| column == name).unwrap()
    };
    let (row, class) = (at("candidate_row", &mut reader), at("class", &mut reader));
    let subset = at("luna_subset", &mut reader);
    let (mut lines, mut negatives) = ("candidate_row,n_readers,contested\n".to_owned(), 0);
    let mut contested = Vec::new();
    for record in reader.records().map(Result::unwrap) {
        let mark = &record[class] == "0" && negatives % 3 == 0;
        negatives += usize::from(&record[class] == "0");
        lines += &format!("{},1,{}\n", &record[row], u8::from(mark));
        contested.extend(mark.then(|| record[subset].to_owned()));
    }
    fs::write(path("data/readers.csv"), lines).unwrap();
    assert_eq!(contested.len(), 4);

    ok(&words(train("run", &["--contested", "soften", "--contested-weight", "0.5"])));
    let config = fs::read_to_string(path("run/config.toml")).unwrap();
    assert!(config.contains("contested = \"soften\"") && config.contains("contested_weight = 0.5"));
    let models = path("models");
    ok(&["export", "--run", &path("run"), "--out", &models, "--device", "cpu"]);
    let card = fs::read_to_string(path("models/compact.md")).unwrap();
    assert!(card.contains("## Without contested negatives"), "{card}");
    assert!(card.contains("contested negatives"), "{card}");

    let weights = path("models/compact.nodulens");
    let printed = ok(&[
        "evaluate",
        "--weights",
        &weights,
        "--patches",
        &data,
        "--split",
        "all",
        "--out",
        &path("report"),
        "--device",
        "cpu",
    ]);
    assert!(printed.contains("without 4 contested negatives (n 20)"), "{printed}");
    let report = json(&folder.path().join("report/report.json"));
    let without = &report["without_contested"];
    assert_eq!((&report["n"], &without["n"]), (&24.into(), &20.into()));
    assert_eq!((&report["positives"], &without["positives"]), (&12.into(), &12.into()));
    assert!(without["roc_auc"].is_number() && without["recall_at_specificity_0.9709"].is_number());
    let html = fs::read_to_string(path("report/report.html")).unwrap();
    assert!(html.contains("20 (12)") && html.contains("4 negatives here are contested"));

    let folds = ["--folds", "0,1,2", "--contested", "drop"];
    let fixed = ["crossval", "--patches", &data, "--out", &path("folds")];
    let printed = ok(&[&fixed[..], &small[..], &folds].concat());
    let summary = json(&folder.path().join("folds/crossval.json"));
    let here = contested.iter().filter(|fold| ["0", "1", "2"].contains(&fold.as_str())).count();
    assert!(here > 0 && printed.contains(&format!("without {here} contested negatives")));
    let n = |figures: &Value| figures["n"].as_u64().unwrap();
    assert_eq!(n(&summary["pooled"]) - n(&summary["pooled"]["without_contested"]), here as u64);
    assert!(summary["folds"][0]["without_contested"]["n"].is_u64());
}
