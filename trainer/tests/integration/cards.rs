//! Cards say what the run and the data say, and nothing else; and they can be written again for
//! weights that stay as they are.

use crate::support::{fails, ok};
use nodulens::weights::{WeightsFile, read_weights};
use std::fs;
use std::path::Path;

/// Words of LUNA16's card, which no other data may get.
const FOREIGN: [&str; 6] = ["LUNA16,", "CC BY", "Setio", "6,501", "one candidate in 408", "JPEG"];

fn weights(path: &str) -> WeightsFile {
    read_weights(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_card_is_that_of_its_run_and_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let data = path("data");
    ok(&["phantom", "--count", "24", "--seed", "1", "--out", &data]);
    let small = ["--network", "compact", "--epochs", "2", "--device", "cpu"];
    let train = |out: &str, more: &[&str]| {
        let out = path(out);
        let fixed = ["train", "--patches", &data, "--out", &out];
        ok(&[&fixed[..], &small[..], more].concat());
    };
    let export = |run: &str, more: &[&str]| {
        let out = path(&format!("{run}-models"));
        let fixed = ["export", "--run", &path(run), "--out", &out, "--device", "cpu"];
        ok(&[&fixed[..], more].concat());
        fs::read_to_string(format!("{out}/compact.md")).unwrap()
    };
    train("run", &[]);
    let last = export("run", &["--checkpoint", "last"]);
    assert!(last.starts_with("# The compact network on synthetic patches, patientwise split"));
    for said in [
        "drawn by `nodulens phantom`",
        "none needed",
        "Epoch 2 (the last)",
        "export --run runs/NAME --checkpoint last",
        "- Temperature and threshold were chosen",
    ] {
        assert!(last.contains(said), "{said} in {last}");
    }
    assert!(!last.contains("best by validation AUC"), "{last}");
    let best = export("run", &[]);
    assert!(best.contains("(the best by validation AUC)"), "{best}");
    for word in FOREIGN {
        assert!(!last.contains(word) && !best.contains(word), "{word} in {last}");
    }

    // A folder that says nothing, and a file that speaks for it.
    fs::remove_file(path("data/dataset.json")).unwrap();
    train("silent", &[]);
    let silent = export("silent", &[]);
    for said in ["# The compact network on 24 patches", "does not say what it is", "not stated"] {
        assert!(silent.contains(said), "{said} in {silent}");
    }
    let card = path("card.toml");
    fs::write(&card, "name = 'our phantoms'\nlicense = 'CC0'\nlimits = ['Small.']\n").unwrap();
    train("told", &["--data-card", &card]);
    let told = export("told", &[]);
    assert!(told.contains("on our phantoms") && told.contains("Licence: CC0"), "{told}");
    assert!(told.contains("- Small.") && !told.contains(&card), "{told}");
    let missing = path("none.toml");
    let message = fails(&[
        "train",
        "--patches",
        &data,
        "--out",
        &path("x"),
        "--data-card",
        &missing,
        "--device",
        "cpu",
    ]);
    assert!(message.contains("none.toml"), "{message}");
    assert!(!Path::new(&path("x")).exists());

    // Written again with another description: card and hash change, the weights do not.
    let file = path("silent-models/compact.nodulens");
    let before = weights(&file);
    let more = if silent.contains("Epoch 2") { "last" } else { "best" };
    let line = ["card", "--weights", &file, "--patches", &data, "--data-card", &card];
    // Where the best is the last, nobody but the one who exported it knows.
    let asked = crate::support::trainer(&line).output().unwrap();
    let asked = String::from_utf8_lossy(&asked.stderr).into_owned();
    if asked.contains("--checkpoint best or last") {
        ok(&[&line[..], &["--checkpoint", more]].concat());
    }
    let after = weights(&file);
    assert_eq!(after.parameters, before.parameters);
    assert_eq!(after.header.threshold.to_bits(), before.header.threshold.to_bits());
    assert_eq!(after.header.temperature.to_bits(), before.header.temperature.to_bits());
    assert_eq!(after.header.card.learnt, before.header.card.learnt);
    let (old, new) = (before.header.card.metrics.unwrap(), after.header.card.metrics.unwrap());
    assert_eq!((old.roc_auc, old.confusion, old.ci95), (new.roc_auc, new.confusion, new.ci95));
    assert!(after.header.card.title.contains("our phantoms"));
    assert!(!after.header.card.rewritten.is_empty() && after.sha256 != before.sha256);
    let other = path("other");
    ok(&["phantom", "--count", "24", "--seed", "900", "--out", &other]);
    let message = fails(&["card", "--weights", &file, "--patches", &other, "--checkpoint", more]);
    assert!(message.contains("not the patches"), "{message}");
}

/// The card that ships says what its own learning curve says.
#[test]
fn the_shipped_cards_say_which_epoch_they_are_from() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/models");
    for (name, rule) in [("compact", "the last"), ("paper", "the best by validation AUC")] {
        let file = weights(&models.join(format!("{name}.nodulens")).display().to_string());
        let card = &file.header.card;
        assert_eq!(card.epoch_rule, rule);
        assert_eq!(card.recipe.contains("kept: the last"), rule == "the last", "{}", card.recipe);
        assert_eq!(card.limits.iter().any(|limit| limit.starts_with("Epoch,")), rule != "the last");
        assert!(!card.learnt.patients.is_empty() && card.learnt.gaps.is_empty());
        assert_eq!(card.metrics.as_ref().unwrap().bootstrap_units, "patients");
        let without = card.metrics.as_ref().unwrap().without_contested.as_ref().unwrap();
        assert_eq!((without.contested, without.n), (5, 815));
        let text = fs::read_to_string(models.join(format!("{name}.md"))).unwrap();
        assert!(text.contains(&file.sha256), "{name}.md is of another file");
    }
}
