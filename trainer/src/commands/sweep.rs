//! `nodulens sweep`: a run, or a cross-validation, for each point of a grid of training keys.

use super::crossval::pooled::Summary;
use super::crossval::{Done, Job, cross_validate};
use super::runs::{self, Column, Format};
use super::train::stop_on_ctrl_c;
use crate::config::{self, Overrides, TrainConfig};
use crate::dataset::Fold;
use crate::device::DeviceChoice;
use crate::files::write_whole;
use crate::shard::Shard;
use crate::tensorboard::EventFile;
use crate::train::{COMPARED, EVENTS, Ending, train};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use toml::{Table, Value};

/// Points beyond which a grid is taken for a mistake.
const MOST: usize = 1000;
/// Name of the key that names a configuration to begin with.
const BASE: &str = "config";

/// Arguments of `nodulens sweep`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Grid, TOML: training keys as for train, where a list is tried value by value. The key
    /// `config` names a configuration to begin with, beside this file.
    grid: PathBuf,
    /// Folder of the runs and of runs.csv. What is there already is gone on from.
    #[arg(long)]
    out: PathBuf,
    /// Cross-validate each point over these folds, as crossval does, and write pooled.md
    /// instead of the table of runs.
    #[arg(long, value_delimiter = ',')]
    folds: Vec<Fold>,
    /// Say which runs there would be, and train nothing.
    #[arg(long)]
    list: bool,
    /// Where to compute.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
    #[command(flatten)]
    overrides: Overrides,
}

/// A point of the grid.
#[derive(Clone, Debug)]
struct Point {
    /// Name of its run: what differs.
    name: String,
    config: TrainConfig,
}

/// Train every point of the grid, those that fail left aside, then write the table of runs.
///
/// # Errors
/// A grid that cannot be read, of which the message names the key; a point that another run's
/// folder stands in the way of. A run that fails is told, and the rest goes on.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (points, varied) = points(&arguments.grid, &arguments.overrides)?;
    if arguments.list {
        points.iter().for_each(|point| println!("{}", point.name));
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.folds.is_empty() {
        return pooled(arguments, points);
    }
    let settings = Table::try_from(&points[0].config)?;
    let events = arguments.out.join(EVENTS);
    // Once for the grid: TensorBoard takes the first that it finds.
    if !events.exists() {
        EventFile::create(&events)?.experiment(&settings, &varied, &COMPARED)?;
    }
    let stop = stop_on_ctrl_c()?;
    let mut failed = Vec::new();
    for (i, point) in points.iter().enumerate() {
        eprintln!("\n{} of {}: {}", i + 1, points.len(), point.name);
        let out = arguments.out.join(&point.name);
        let resume = out.join(config::FILE).is_file();
        match train(&point.config, arguments.device, &out, resume, &stop) {
            Ok(outcome) if outcome.ending == Ending::Interrupted => {
                eprintln!("Go on with the same command; what is done is kept.");
                return Ok(ExitCode::FAILURE);
            }
            Ok(_) => {}
            Err(error) => {
                eprintln!("error: {}: {error:#}", point.name);
                failed.push(point.name.as_str());
            }
        }
    }
    let folders = points.iter().map(|point| arguments.out.join(&point.name));
    let begun = folders.filter(|folder| folder.join(config::FILE).is_file());
    let mut rows = begun.map(|folder| runs::row(&folder)).collect::<Result<Vec<_>>>()?;
    runs::sort(&mut rows, Column::Best, false);
    let path = arguments.out.join("runs.csv");
    write_whole(&path, runs::write(&rows, Format::Csv)?.as_bytes())?;
    print!("{}", runs::write(&rows, Format::Text)?);
    println!("Wrote {}", path.display());
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} of {} failed: {}", failed.len(), points.len(), failed.join(", "));
    println!("The same command tries them again; what is done is kept.");
    Ok(ExitCode::FAILURE)
}

/// Cross-validate every point, those that fail left aside, then write a table of their pooled figures.
fn pooled(arguments: &Arguments, points: Vec<Point>) -> Result<ExitCode> {
    let stop = stop_on_ctrl_c()?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for (i, Point { name, config }) in points.into_iter().enumerate() {
        eprintln!("\nPoint {}: {name}", i + 1);
        let out = arguments.out.join(&name);
        let (folds, device) = (&arguments.folds[..], arguments.device);
        let job = Job { config, folds, out: &out, shard: Shard::WHOLE, merge: false, device };
        match cross_validate(&job, &stop) {
            Ok(Done::Whole(summary)) => rows.push((name, summary)),
            Ok(Done::Part) => {}
            Ok(Done::Interrupted) => return Ok(ExitCode::FAILURE),
            Err(error) => {
                eprintln!("error: {name}: {error:#}");
                failed.push(name);
            }
        }
    }
    let area = |summary: &Summary| summary.pooled.figures.roc_auc.unwrap_or(0.0);
    rows.sort_by(|(_, a), (_, b)| area(b).total_cmp(&area(a)));
    let text = table(&rows);
    let path = arguments.out.join("pooled.md");
    write_whole(&path, text.as_bytes())?;
    print!("{text}");
    println!("Wrote {}", path.display());
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "Failed: {}. The same command tries them again; what is done is kept.",
        failed.join(", ")
    );
    Ok(ExitCode::FAILURE)
}

/// Write pooled figures as a table in Markdown: a row for each answer of each point.
fn table(rows: &[(String, Box<Summary>)]) -> String {
    let mut text =
        "| run | judged | AUC (95 %) | AP | recall at specificity .9709 (95 %) | recall < 6, \
                    6-8, 8-15, > 15 mm |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (name, summary) in rows {
        let patch = summary.pooled_patch.as_ref().map(|patch| ("patch alone", patch));
        let own = if patch.is_some() { "with surroundings" } else { "patch" };
        for (judged, pooled) in std::iter::once((own, &summary.pooled)).chain(patch) {
            text.push_str(&format!("| {name} | {judged} | {} |\n", pooled.cells().join(" | ")));
        }
    }
    text
}

/// Return the points of a grid in order, the last key changing fastest, at least one; and the keys
/// that differ.
fn points(file: &Path, overrides: &Overrides) -> Result<(Vec<Point>, Vec<String>)> {
    let place = || file.display().to_string();
    let text = fs::read_to_string(file).with_context(place)?;
    let mut grid = text.parse::<Table>().with_context(place)?;
    let base = match grid.remove(BASE) {
        None => Table::new(),
        Some(Value::String(name)) => {
            let path = file.parent().unwrap_or(Path::new(".")).join(name);
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            text.parse::<Table>().with_context(|| path.display().to_string())?
        }
        Some(_) => bail!("{}: `{BASE}` must be the name of one file", place()),
    };
    grid.extend(Table::try_from(overrides)?);
    let mut tables = vec![(Vec::<String>::new(), base)];
    let mut varied = Vec::new();
    for (key, value) in grid {
        let (values, differs) = values(&key, value).with_context(place)?;
        ensure!(
            tables.len() * values.len() <= MOST,
            "{}: more than {MOST} runs; divide the grid",
            place()
        );
        varied.extend(differs.then(|| key.clone()));
        let with = |(parts, table): &(Vec<String>, Table), value: &Value| {
            let (mut parts, mut table) = (parts.clone(), table.clone());
            parts.extend(differs.then(|| format!("{key}={}", words(value))));
            table.insert(key.clone(), value.clone());
            (parts, table)
        };
        tables = tables
            .iter()
            .flat_map(|table| values.iter().map(|value| with(table, value)).collect::<Vec<_>>())
            .collect();
    }
    let point = |(parts, table): (Vec<String>, Table)| {
        let name = if parts.is_empty() { "run".to_owned() } else { parts.join(",") };
        let context = || format!("{}: {name}", place());
        let config: TrainConfig = table.try_into().with_context(context)?;
        config.check().with_context(context)?;
        Ok(Point { name: name.clone(), config })
    };
    let points = tables.into_iter().map(point).collect::<Result<Vec<Point>>>()?;
    for (i, point) in points.iter().enumerate() {
        if let Some(other) = points[..i].iter().find(|other| other.name == point.name) {
            bail!("{}: two runs would be called {}", place(), other.name);
        }
    }
    Ok((points, varied))
}

/// Return the values of a key that are tried, and whether there is a list of them. A key that is a
/// list itself, as `teachers`, is tried value by value where it is a list of lists.
fn values(key: &str, value: Value) -> Result<(Vec<Value>, bool)> {
    let itself = Table::try_from(TrainConfig::default())?.get(key).is_some_and(Value::is_array);
    match value {
        Value::Array(list) if !itself || list.iter().any(Value::is_array) => {
            ensure!(!list.is_empty(), "`{key}` is an empty list: there would be no run");
            Ok((list, true))
        }
        value => Ok((vec![value], false)),
    }
}

/// Say a value as part of a folder's name: of paths the last part, and nothing that a file system
/// does not like.
fn words(value: &Value) -> String {
    let said = match value {
        Value::String(text) => {
            let last = Path::new(text)
                .file_name()
                .map_or(text.as_str(), |name| name.to_str().unwrap_or(text));
            last.to_owned()
        }
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join("+"),
        other => other.to_string(),
    };
    let fits = |c: char| if c.is_alphanumeric() || "+-._".contains(c) { c } else { '_' };
    let name: String = said.chars().map(fits).collect();
    if name.is_empty() { "none".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(text: &str) -> Result<Vec<Point>> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("base.toml"), "patches = 'p'\nepochs = 7\nseed = 9\n")
            .unwrap();
        let file = folder.path().join("grid.toml");
        fs::write(&file, text).unwrap();
        Ok(points(&file, &Overrides::default())?.0)
    }

    #[test]
    fn lists_make_a_grid_on_top_of_a_configuration() {
        let points = grid(
            "config = 'base.toml'\nlearning_rate = [0.001, 0.01]\nseed = [1, 2]\ndropout = 0.25\n\
             teachers = [['a/x.nodulens', 'b/y.nodulens'], []]\n",
        )
        .unwrap();
        assert_eq!(points.len(), 8);
        let names: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
        assert!(
            names.contains(&"learning_rate=0.01,seed=2,teachers=x.nodulens+y.nodulens"),
            "{names:?}"
        );
        assert!(names.contains(&"learning_rate=0.001,seed=1,teachers=none"), "{names:?}");
        for Point { config, .. } in &points {
            assert_eq!((config.epochs, config.dropout), (7, 0.25));
        }
        let pairs: std::collections::HashSet<String> = points
            .iter()
            .map(|p| {
                format!("{} {} {:?}", p.config.learning_rate, p.config.seed, p.config.teachers)
            })
            .collect();
        assert_eq!(pairs.len(), 8);
        // A key that is a list by nature is no axis.
        let one = grid("config = 'base.toml'\nteachers = ['a', 'b']\n").unwrap();
        assert_eq!((one.len(), one[0].name.as_str(), one[0].config.teachers.len()), (1, "run", 2));
    }

    #[test]
    fn mistakes_in_a_grid_are_named() {
        let message = |text: &str| format!("{:#}", grid(text).unwrap_err());
        assert!(message("patches = 'p'\nrate = [1]\n").contains("rate"));
        assert!(
            message("patches = 'p'\nepochs = [0, 1]\n").contains("--epochs must be at least 1")
        );
        assert!(message("patches = 'p'\nseed = []\n").contains("`seed` is an empty list"));
        assert!(message("config = 'gone.toml'\n").contains("gone.toml"));
        assert!(
            message("patches = ['a/p', 'b/p']\n").contains("two runs would be called patches=p")
        );
        let long = format!(
            "patches = 'p'\nseed = {:?}\nepochs = {:?}\n",
            (1..=40).collect::<Vec<_>>(),
            (1..=40).collect::<Vec<_>>()
        );
        assert!(message(&long).contains("more than 1000"));
    }

    #[test]
    fn names_of_folders_hold_nothing_odd() {
        assert_eq!(words(&Value::String("a b/c:d*.nodulens".to_owned())), "c_d_.nodulens");
        assert_eq!(words(&Value::Float(1e-3)), "0.001");
        assert_eq!(words(&Value::String("..".to_owned())), "..");
    }
}
