//! `nodulens runs`: a table of runs.

use crate::config::{self, TrainConfig};
use crate::train::checkpoint::{self, State};
use anyhow::{Result, bail, ensure};
use clap::ValueEnum;
use serde::Serialize;
use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Folders below a given one that are searched for runs: `crossval` and `sweep` put them one deep.
const DEPTH: usize = 3;

/// Arguments of `nodulens runs`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Runs, or folders that hold runs.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Column to sort by; figures best first. By name where it is not given.
    #[arg(long, value_enum)]
    sort: Option<Column>,
    /// Turn the order round.
    #[arg(long)]
    reverse: bool,
    /// How the table is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    Text,
    /// Comma-separated, with a head.
    Csv,
    /// A list of objects.
    Json,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Column {
    /// Folder of the run.
    Name,
    /// Network.
    Network,
    /// How the data is divided.
    Split,
    /// Epochs done.
    Epochs,
    /// The best of the monitored figure.
    Best,
    /// The epoch of it.
    BestEpoch,
    /// Validation AUC of the best epoch.
    Auc,
    /// Loss on the training part in the last epoch.
    TrainLoss,
    /// Loss on the validation part in the last epoch.
    ValidLoss,
    /// Patches a second in the last epoch.
    Speed,
    /// Commit of the program.
    Commit,
    /// Hash of the training part.
    Data,
}

/// A run as a row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Folder of the run, as it was found.
    pub name: String,
    /// Network.
    pub network: String,
    /// How the data is divided.
    pub split: String,
    /// Epochs done.
    pub epochs: usize,
    /// Epochs that are planned.
    pub planned: usize,
    /// Name of the monitored figure.
    pub monitor: &'static str,
    /// The best of it.
    pub best: Option<f64>,
    /// The epoch of it.
    pub best_epoch: Option<usize>,
    /// Validation AUC of that epoch.
    pub auc: Option<f64>,
    /// Loss on the training part in the last epoch.
    pub train_loss: Option<f64>,
    /// Loss on the validation part in the last epoch.
    pub valid_loss: Option<f64>,
    /// Patches a second in the last epoch.
    pub patches_per_second: Option<f64>,
    /// Commit of the program that began it.
    pub commit: String,
    /// Hash of the training part.
    pub data: String,
}

/// Print the table of the runs in the folders.
///
/// # Errors
/// A folder without runs, a run that cannot be read.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut rows = Vec::new();
    for folder in &arguments.folders {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
        let found = find(folder, DEPTH);
        if found.is_empty() {
            bail!("{} holds no run: none of its folders has a {}", folder.display(), config::FILE);
        }
        for run in found {
            rows.push(row(&run)?);
        }
    }
    sort(&mut rows, arguments.sort.unwrap_or(Column::Name), arguments.reverse);
    print!("{}", write(&rows, arguments.format)?);
    Ok(ExitCode::SUCCESS)
}

/// Return the runs in a folder and in those below it, by name; a folder that is a run holds no
/// others.
fn find(folder: &Path, depth: usize) -> Vec<PathBuf> {
    if folder.join(config::FILE).is_file() {
        return vec![folder.to_owned()];
    }
    if depth == 0 {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut below: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    below.sort();
    below.iter().flat_map(|folder| find(folder, depth - 1)).collect()
}

/// Read a run as a row. One that has no checkpoint yet has no figures.
///
/// # Errors
/// A configuration or a state that cannot be read; the message names it.
pub fn row(run: &Path) -> Result<Row> {
    let config: TrainConfig = config::read(run)?;
    let state = match checkpoint::latest(run) {
        Some(latest) => checkpoint::load_state(&latest)?,
        None => State::default(),
    };
    let (best, last) = (state.best(), state.history.last());
    Ok(Row {
        name: run.display().to_string(),
        network: config.network.name().to_owned(),
        split: config.split.to_string(),
        epochs: state.epoch,
        planned: config.epochs,
        monitor: state.monitor.name(),
        best: best.and_then(|best| best.figure(state.monitor)),
        best_epoch: state.best_epoch,
        auc: best.map(|best| best.valid_auc),
        train_loss: last.map(|last| last.train_loss),
        valid_loss: last.map(|last| last.valid_loss),
        patches_per_second: last.and_then(|last| last.patches_per_second),
        commit: state.commit,
        data: state.origin.train_data,
    })
}

/// Sort rows: figures best first, other columns upwards; what is not known comes last.
pub fn sort(rows: &mut [Row], column: Column, reverse: bool) {
    let down = |a: Option<f64>, b: Option<f64>| known_first(a, b, |a, b| b.total_cmp(&a));
    let up = |a: Option<f64>, b: Option<f64>| known_first(a, b, |a, b| a.total_cmp(&b));
    let number = |count: usize| Some(count as f64);
    rows.sort_by(|a, b| {
        let order = match column {
            Column::Name => a.name.cmp(&b.name),
            Column::Network => a.network.cmp(&b.network),
            Column::Split => a.split.cmp(&b.split),
            Column::Epochs => down(number(a.epochs), number(b.epochs)),
            // Runs that watch the loss stand by themselves: the lowest is their best.
            Column::Best if a.monitor == "loss" && b.monitor == "loss" => up(a.best, b.best),
            Column::Best => down(a.best, b.best),
            Column::BestEpoch => up(a.best_epoch.and_then(number), b.best_epoch.and_then(number)),
            Column::Auc => down(a.auc, b.auc),
            Column::TrainLoss => up(a.train_loss, b.train_loss),
            Column::ValidLoss => up(a.valid_loss, b.valid_loss),
            Column::Speed => down(a.patches_per_second, b.patches_per_second),
            Column::Commit => a.commit.cmp(&b.commit),
            Column::Data => a.data.cmp(&b.data),
        };
        let order = if reverse { order.reverse() } else { order };
        order.then_with(|| a.name.cmp(&b.name))
    });
}

fn known_first(a: Option<f64>, b: Option<f64>, order: impl Fn(f64, f64) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => order(a, b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Write the table.
///
/// # Errors
/// None that is known; the writers' are passed on.
pub fn write(rows: &[Row], format: Format) -> Result<String> {
    Ok(match format {
        Format::Text => text(rows),
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            rows.iter().try_for_each(|row| writer.serialize(row))?;
            String::from_utf8(writer.into_inner()?)?
        }
        Format::Json => serde_json::to_string_pretty(rows)? + "\n",
    })
}

fn text(rows: &[Row]) -> String {
    let head = [
        "run",
        "network",
        "split",
        "epochs",
        "best",
        "by",
        "at",
        "AUC",
        "train loss",
        "valid loss",
        "patches/s",
        "commit",
        "data",
    ];
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    let cells = |row: &Row| {
        [
            row.name.clone(),
            row.network.clone(),
            row.split.clone(),
            format!("{}/{}", row.epochs, row.planned),
            figure(row.best),
            row.monitor.to_owned(),
            row.best_epoch.map_or("-".to_owned(), |epoch| epoch.to_string()),
            figure(row.auc),
            figure(row.train_loss),
            figure(row.valid_loss),
            row.patches_per_second.map_or("-".to_owned(), |speed| format!("{speed:.0}")),
            row.commit.clone(),
            row.data.chars().take(8).collect(),
        ]
    };
    let table: Vec<[String; 13]> =
        std::iter::once(head.map(str::to_owned)).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 13]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    table.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, monitor: &'static str, best: Option<f64>) -> Row {
        Row {
            name: name.to_owned(),
            network: "compact".to_owned(),
            split: "patientwise".to_owned(),
            epochs: 3,
            planned: 9,
            monitor,
            best,
            best_epoch: best.map(|_| 2),
            auc: best,
            train_loss: Some(0.3),
            valid_loss: None,
            patches_per_second: Some(123.4),
            commit: "abc".to_owned(),
            data: "0123456789abcdef".to_owned(),
        }
    }

    #[test]
    fn figures_are_sorted_best_first_and_what_is_not_known_comes_last() {
        let names = |rows: &[Row]| rows.iter().map(|row| row.name.clone()).collect::<String>();
        let by = |monitor, column, reverse| {
            let mut rows = vec![
                made("c", monitor, Some(0.7)),
                made("b", monitor, None),
                made("d", monitor, Some(0.9)),
                made("a", monitor, Some(0.7)),
            ];
            sort(&mut rows, column, reverse);
            names(&rows)
        };
        assert_eq!(by("AUC", Column::Name, false), "abcd");
        assert_eq!(by("AUC", Column::Name, true), "dcba");
        assert_eq!(by("AUC", Column::Best, false), "dacb");
        assert_eq!(by("loss", Column::Best, false), "acdb");
        assert_eq!(by("loss", Column::Auc, false), "dacb");
    }

    #[test]
    fn the_table_is_text_csv_or_json() {
        let rows = [made("runs/a", "AUC", Some(0.98765)), made("runs/b", "AUC", None)];
        let text = write(&rows, Format::Text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("run     network") && lines.len() == 3, "{text}");
        assert!(lines[1].contains("3/9") && lines[1].contains("0.9877"), "{text}");
        assert!(lines[1].ends_with("01234567") && lines[2].contains(" - "), "{text}");
        let table = write(&rows, Format::Csv).unwrap();
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        assert_eq!(reader.headers().unwrap().len(), 14);
        assert_eq!(&reader.records().next().unwrap().unwrap()[6], "0.98765");
        let list: serde_json::Value =
            serde_json::from_str(&write(&rows, Format::Json).unwrap()).unwrap();
        assert_eq!((&list[0]["best"], &list[1]["best"]), (&0.98765.into(), &().into()));
    }

    #[test]
    fn runs_are_found_below_a_folder_and_not_within_runs() {
        let folder = tempfile::tempdir().unwrap();
        for run in ["a/fold-1", "b", "b/inner", "a/deep/er/est"] {
            let run = folder.path().join(run);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join(config::FILE), "patches = 'p'\n").unwrap();
        }
        let found = find(folder.path(), 3);
        let names: Vec<_> =
            found.iter().map(|run| run.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a/fold-1"), Path::new("b")]);
        let row = row(&found[0]).unwrap();
        assert_eq!((row.epochs, row.best, row.network.as_str()), (0, None, "paper"));
    }
}
