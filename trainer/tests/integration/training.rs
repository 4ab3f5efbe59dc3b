//! What a run may be asked for besides its epochs: trying out, going on, starting from weights,
//! grids, tables.

use crate::support::{Workplace, fails, json, ok, trainer};
use std::fs;
use std::path::{Path, PathBuf};

impl Workplace {
    /// Six training and two validation patches, two steps an epoch.
    fn train(&self, out: &str, more: &[&str]) -> Vec<String> {
        let (data, out) = (self.path("data"), self.path(out));
        let fixed = ["train", "--patches", &data, "--split", "patientwise", "--out", &out];
        let small = ["--device", "cpu", "--batch-size", "3"];
        let network: &[&str] =
            if more.contains(&"--network") { &[] } else { &["--network", "compact"] };
        [&fixed[..], &small[..], network, more].concat().into_iter().map(str::to_owned).collect()
    }

    fn trained(&self, out: &str, more: &[&str]) -> String {
        let line = self.train(out, more);
        ok(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn refused(&self, out: &str, more: &[&str]) -> String {
        let line = self.train(out, more);
        fails(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The state of a run's newest checkpoint.
    fn state(&self, run: &str) -> serde_json::Value {
        json(&self.newest(run).join("state.json"))
    }

    fn newest(&self, run: &str) -> PathBuf {
        let entries = fs::read_dir(self.path(run)).unwrap().map(|entry| entry.unwrap().path());
        let is_step =
            |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("step-");
        entries.filter(is_step).max().unwrap()
    }

    fn exported(&self, run: &str, checkpoint: &str, network: &str) -> String {
        let models = self.path(&format!("models-{run}-{checkpoint}"));
        let run = self.path(run);
        let line = ["export", "--run", &run, "--checkpoint", checkpoint, "--out", &models];
        ok(&[&line[..], &["--device", "cpu"]].concat());
        format!("{models}/{network}.nodulens")
    }
}

fn losses(state: &serde_json::Value, key: &str) -> Vec<f64> {
    let history = state["history"].as_array().unwrap();
    history.iter().map(|record| record[key].as_f64().unwrap()).collect()
}

#[test]
fn a_run_is_tried_out_and_leaves_a_sheet_alone() {
    let place = Workplace::new();
    let sheet = place.path("sheet.png");
    let line = place.train("sheet.png", &["--dry-run", "--norm-batches", "2"]);
    let printed = ok(&line.iter().map(String::as_str).collect::<Vec<_>>());
    for part in ["train        6", "valid        2", "First loss", "patches/s", "Memory", "no run"]
    {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    assert!(fs::read(&sheet).unwrap().starts_with(b"\x89PNG"));
    // A folder is that of the run to come, and stays untouched.
    let printed = place.trained("run", &["--dry-run"]);
    assert!(!Path::new(&place.path("run")).exists());
    let elsewhere = printed.lines().find_map(|line| line.split(": ").nth(1)).unwrap();
    assert!(fs::remove_file(elsewhere).is_ok(), "{elsewhere}");
    assert!(place.refused("run", &["--dry-run", "--resume"]).contains("cannot be used with"));
}

#[test]
fn a_run_goes_on_with_its_own_data_and_teachers_only() {
    let place = Workplace::new();
    place.trained("teacher", &["--epochs", "1"]);
    let teacher = place.exported("teacher", "best", "compact");
    let taught = ["--epochs", "2", "--teachers", &teacher];
    place.trained("run", &[&taught[..], &["--max-steps", "1"]].concat());
    let sessions = || json(&Path::new(&place.path("run")).join("environment.json"));
    assert_eq!(sessions().as_array().unwrap().len(), 1);

    let file = fs::read(&teacher).unwrap();
    place.trained("other", &["--epochs", "1", "--seed", "5"]);
    fs::copy(place.exported("other", "best", "compact"), &teacher).unwrap();
    let going_on = [&taught[..], &["--resume"]].concat();
    assert!(place.refused("run", &going_on).contains("the teachers' files are not those"));
    fs::write(&teacher, file).unwrap();

    // A patch changes its class: the data are others.
    let manifest = place.path("data/manifest.csv");
    let text = fs::read_to_string(&manifest).unwrap();
    let flipped = text.replace("phantom-1,1,", "phantom-1,0,");
    assert_ne!(flipped, text);
    fs::write(&manifest, flipped).unwrap();
    let refused = place.refused("run", &going_on);
    assert!(refused.contains("is not the one that the run began with"), "{refused}");
    fs::write(&manifest, text).unwrap();

    // Another machine is told, and no obstacle.
    let path = place.newest("run").join("state.json");
    let mut state = json(&path);
    state["origin"]["host"] = "elsewhere".into();
    fs::write(&path, state.to_string()).unwrap();
    let line = place.train("run", &going_on);
    let output = trainer(&line.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("and was elsewhere"), "{told}");
    assert_eq!(sessions().as_array().unwrap().len(), 2);
}

#[test]
fn what_ships_has_statistics_of_clean_patches_where_they_are_asked_for() {
    let place = Workplace::new();
    let options = ["--epochs", "2", "--augment-mix", "0.5", "--ema-decay", "0.9"];
    place.trained("running", &options);
    place.trained("clean", &[&options[..], &["--norm-batches", "2"]].concat());
    // Training is the same; validation and what is exported are not.
    let (running, clean) = (place.state("running"), place.state("clean"));
    assert_eq!(losses(&running, "train_loss"), losses(&clean, "train_loss"));
    assert_ne!(losses(&running, "valid_loss"), losses(&clean, "valid_loss"));
    let bytes = |run: &str, checkpoint: &str| {
        let file = fs::read(place.exported(run, checkpoint, "compact")).unwrap();
        let header = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
        file[16 + header..file.len() - 32].to_vec()
    };
    assert_ne!(bytes("running", "last"), bytes("clean", "last"));
    // The last epoch is both, so its two checkpoints must ship the same.
    let best = clean["best_epoch"].as_u64().unwrap();
    if best == 2 {
        assert_eq!(bytes("clean", "best"), bytes("clean", "last"));
    }
    assert!(place.newest("clean").join("ships.bpk").is_file());
    assert!(!place.newest("running").join("ships.bpk").exists());
}

#[test]
fn fixed_views_of_teachers_give_the_same_run_when_it_is_stopped_in_between() {
    let place = Workplace::new();
    place.trained("teacher", &["--epochs", "1"]);
    let teacher = place.exported("teacher", "best", "compact");
    let views = ["--teachers", &teacher, "--teacher-views", "3", "--augment-mix", "0.5"];
    let options = [&views[..], &["--epochs", "4", "--clean-epochs", "1"]].concat();
    place.trained("whole", &options);
    place.trained("halves", &[&options[..], &["--max-steps", "5"]].concat());
    place.trained("halves", &[&options[..], &["--resume"]].concat());
    let train_losses = |run: &str| losses(&place.state(run), "train_loss");
    assert_eq!(train_losses("whole"), train_losses("halves"));
    let fresh: Vec<&str> =
        options.iter().map(|word| if *word == "3" { "0" } else { word }).collect();
    place.trained("fresh", &fresh);
    assert_ne!(train_losses("whole"), train_losses("fresh"));
}

#[test]
fn a_run_begins_where_weights_or_a_run_left_off() {
    let place = Workplace::new();
    let first = ["--epochs", "3", "--norm-batches", "2"];
    place.trained("first", &first);
    let weights = place.exported("first", "best", "compact");
    let state = place.state("first");
    let best = state["best_epoch"].as_u64().unwrap() as usize;
    let expected = losses(&state, "valid_loss")[best - 1];
    let still = ["--epochs", "1", "--learning-rate", "1e-30", "--norm-batches", "2"];
    for (name, init) in [("from-file", weights.clone()), ("from-run", place.path("first"))] {
        place.trained(name, &[&still[..], &["--init", &init]].concat());
        let found = losses(&place.state(name), "valid_loss")[0];
        assert!((found - expected).abs() < 2e-3, "{name}: {found}, not {expected}");
    }
    let message = place.refused("x", &["--init", &place.path("nowhere.nodulens")]);
    assert!(message.contains("--init") && message.contains("nowhere"), "{message}");
    let message = place.refused("x", &["--init", &place.path("data")]);
    assert!(message.contains("neither a run"), "{message}");
    for init in [&weights, &place.path("first")] {
        let message = place.refused("x", &["--network", "small", "--init", init]);
        assert!(message.contains("--init"), "{message}");
    }
    assert!(!Path::new(&place.path("x")).exists());
}

#[test]
fn the_monitored_figure_chooses_the_best_epoch_and_a_run_that_ended_stays_ended() {
    let place = Workplace::new();
    // Steps so large that the loss on validation goes up and down.
    let options = ["--epochs", "6", "--learning-rate", "0.02", "--monitor", "loss"];
    let printed = place.trained("loss", &options);
    assert!(printed.contains("by loss"), "{printed}");
    let state = place.state("loss");
    let losses = losses(&state, "valid_loss");
    let lowest = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
    assert_eq!(state["best_epoch"].as_u64(), Some(lowest as u64 + 1), "{losses:?}");
    assert_eq!(state["monitor"], "loss");

    let still = ["--epochs", "9", "--early-stopping", "2", "--learning-rate", "1e-30"];
    assert!(place.trained("still", &still).contains("ended early"));
    let log = || fs::read_to_string(place.path("still/log.csv")).unwrap();
    let before = log();
    assert!(place.trained("still", &[&still[..], &["--resume"]].concat()).contains("ended early"));
    assert_eq!(log(), before, "no epoch more");
}

#[test]
fn a_grid_is_trained_past_what_fails_and_gone_on_with() {
    let place = Workplace::new();
    let data = place.path("data");
    fs::write(place.path("base.toml"), "network = 'small'\nbatch_size = 3\nepochs = 1\n").unwrap();
    let grid = "config = 'base.toml'\nseed = [1, 2]\ninit = ['', 'gone.nodulens']\n";
    fs::write(place.path("grid.toml"), grid).unwrap();
    let (file, out) = (place.path("grid.toml"), place.path("grid"));
    let line = ["sweep", &file, "--out", &out, "--patches", &data, "--device", "cpu"];
    let listed = ok(&[&line[..], &["--list"]].concat());
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let sweep = || {
        let output = trainer(&line).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let printed = sweep();
    assert!(
        printed.contains("2 of 4 failed") && printed.contains("init=gone.nodulens"),
        "{printed}"
    );
    let table = fs::read_to_string(place.path("grid/runs.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 2, "{table}");
    // Again: what is done is done.
    let log = place.path("grid/init=none,seed=2/log.csv");
    let before = fs::read(&log).unwrap();
    sweep();
    assert_eq!(fs::read(&log).unwrap(), before);

    let list = |more: &[&str]| ok(&[&["runs", &out], more].concat());
    let text = list(&["--sort", "valid-loss"]);
    assert_eq!(text.lines().count(), 1 + 2, "{text}");
    assert!(text.contains("patientwise") && text.contains("1/1"), "{text}");
    let rows: serde_json::Value = serde_json::from_str(&list(&["--format", "json"])).unwrap();
    assert_eq!(rows[0]["epochs"], 1);
    assert!(rows[0]["patches_per_second"].as_f64() > Some(0.0), "{rows}");
    assert_eq!(rows[0]["data"], rows[1]["data"]);
    assert!(fails(&["runs", &data]).contains("holds no run"));
}
