//! Keys, defaults, options and ranges.

use super::*;
use clap::{Args, CommandFactory, FromArgMatches, Parser};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    overrides: Overrides,
}

fn option(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

/// A value of a key that is not its default, as the command line takes it.
fn other(key: &str, default: &toml::Value) -> String {
    let command = Overrides::augment_args(clap::Command::new("train"));
    let argument = command.get_arguments().find(|argument| argument.get_id() == key).unwrap();
    let usual = default.as_str().unwrap_or_default();
    match (key, default) {
        ("network", _) => "compact".to_owned(),
        ("split", _) => "luna16-fold-3".to_owned(),
        ("leave_out", _) => "3,4".to_owned(),
        (_, toml::Value::Integer(number)) => (number + 1).to_string(),
        (_, toml::Value::Float(number)) => (number / 4.0 + 0.3).to_string(),
        (_, toml::Value::Boolean(on)) => (!on).to_string(),
        (_, toml::Value::Array(_)) => "a.nodulens,b.nodulens".to_owned(),
        _ => {
            let values = argument.get_possible_values();
            let others = values.iter().map(|value| value.get_name());
            others.into_iter().find(|name| *name != usual).unwrap_or("elsewhere").to_owned()
        }
    }
}

#[test]
fn every_key_has_a_default_and_an_option_that_wins() {
    let defaults = TrainConfig { patches: "p".into(), ..TrainConfig::default() };
    let table = toml::Table::try_from(&defaults).unwrap();
    assert_eq!(table.keys().len(), TrainConfig::KEYS.len());
    for key in TrainConfig::KEYS {
        let value = other(key, &table[*key]);
        let line = ["train".to_owned(), option(key), value];
        let matches = Line::command().try_get_matches_from(line).unwrap();
        let overrides = Line::from_arg_matches(&matches).unwrap().overrides;
        // The file says the default, and nothing at all: the option wins over both.
        for text in [defaults.to_toml().unwrap(), "patches = 'p'".to_owned()] {
            let (_folder, path) = file(&text);
            assert_eq!(resolve(Some(&path), &Overrides::default()).unwrap(), defaults);
            let resolved = resolve(Some(&path), &overrides).unwrap();
            let resolved = toml::Table::try_from(&resolved).unwrap();
            let changed = resolved.iter().filter(|(key, value)| table[*key] != **value);
            assert_eq!(changed.map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [*key]);
        }
    }
}

#[test]
fn the_help_names_every_key_and_says_what_it_is() {
    let mut command = Line::command();
    let help = command.render_help().to_string();
    for key in TrainConfig::KEYS {
        assert!(help.contains(&format!("{} <", option(key))), "{key} in\n{help}");
    }
    for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
        assert!(argument.get_help().is_some(), "{}", argument.get_id());
    }
}

#[test]
fn a_key_out_of_its_range_is_named_as_its_option() {
    for (line, said) in [
        ("epochs = 0", "--epochs must be at least 1"),
        ("learning_rate = 0.0", "--learning-rate must be above 0"),
        ("dropout = 1.0", "--dropout must be at least 0 and below 1"),
        ("augment_mix = 1.5", "--augment-mix must be between 0 and 1"),
        ("augment_shift_px = -1.0", "--augment-shift-px must be at least 0"),
    ] {
        let (_folder, path) = file(&format!("patches = 'p'\n{line}\n"));
        let error = format!("{:#}", resolve(Some(&path), &Overrides::default()).unwrap_err());
        assert!(error.ends_with(said), "{error}");
    }
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn options_override_the_file_and_the_rest_is_the_papers() {
    let (_folder, path) = file("patches = 'p'\nepochs = 9\nschedule = 'one-cycle'\n");
    let overrides = Overrides { epochs: Some(3), ..Overrides::default() };
    let config = resolve(Some(&path), &overrides).unwrap();
    assert_eq!((config.epochs, config.schedule), (3, Schedule::OneCycle));
    assert_eq!(config.batch_size, constants::BATCH_SIZE);
    // What is written back gives the same run.
    let (_folder, written) = file(&config.to_toml().unwrap());
    assert_eq!(resolve(Some(&written), &Overrides::default()).unwrap(), config);
}

#[test]
fn a_run_older_than_a_key_is_read_as_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(folder.path().join(FILE), text).unwrap();
    write("patches = 'p'\nweight_decay = 0.02\n");
    let config = read(folder.path()).unwrap();
    assert!(config.decay_gains, "weight decay pulled on all parameters then");
    write(&TrainConfig { decay_gains: false, ..config.clone() }.to_toml().unwrap());
    assert!(!read(folder.path()).unwrap().decay_gains);
    // A key that this build does not know changes the run, so it is not passed over.
    write("patches = 'p'\nnovelty = 1\n");
    let error = format!("{:#}", read(folder.path()).unwrap_err());
    assert!(error.contains("novelty") && error.contains("another build"), "{error}");
}

#[test]
fn wrong_keys_and_values_are_named() {
    let message = |text: &str| {
        let (_folder, path) = file(text);
        format!("{:#}", resolve(Some(&path), &Overrides::default()).unwrap_err())
    };
    assert!(message("patches = 'p'\nepoch = 3\n").contains("epoch"));
    assert!(message("patches = 'p'\nwarmup = 1.5\n").contains("--warmup"));
    assert!(message("patches = 'p'\nsplit = 'random'\n").contains("patientwise"));
    assert!(message("epochs = 3\n").contains("--patches"));
}

#[test]
fn schedules_rise_and_fall_where_they_should() {
    let config = |schedule| TrainConfig {
        schedule,
        learning_rate: 1.0,
        warmup: 0.2,
        ..TrainConfig::default()
    };
    let at = |schedule, step| config(schedule).learning_rate_at(step, 100);
    assert_eq!(at(Schedule::Constant, 77), 1.0);
    assert_eq!(at(Schedule::Cosine, 0), 1.0 / 20.0);
    assert_eq!(at(Schedule::Cosine, 20), 1.0);
    assert!((at(Schedule::Cosine, 60) - 0.5).abs() < 1e-12);
    // PyTorch's OneCycleLR starts at a 25th and ends at a 250,000th.
    assert!((at(Schedule::OneCycle, 0) - 0.04).abs() < 1e-12);
    assert!((at(Schedule::OneCycle, 20) - 1.0).abs() < 1e-12);
    assert!((at(Schedule::OneCycle, 100) - 4e-6).abs() < 1e-12);
}
