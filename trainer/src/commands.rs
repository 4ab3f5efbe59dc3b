//! The command line: one module a subcommand, with its arguments and what it does.

pub mod bench;
pub mod card;
pub mod classify;
pub mod convert;
pub mod crossval;
pub mod cubes;
pub mod dataset;
pub mod evaluate;
pub mod explain;
pub mod export;
pub mod froc;
mod open;
pub mod phantom;
pub mod runs;
pub mod search;
pub mod serve;
pub mod sweep;
pub mod teach;
pub mod train;

use crate::memory;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "nodulens", version, about, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
// There is one of them in a process.
#[allow(clippy::large_enum_variant)]
enum Command {
    /// Cut the patches out of a downloaded LUNA16 folder.
    Dataset(dataset::Arguments),
    /// Train a network on a folder of patches.
    Train(train::Arguments),
    /// Train once for each point of a grid of training keys.
    Sweep(sweep::Arguments),
    /// List runs in a table: figures, losses, speed, commit, data.
    Runs(runs::Arguments),
    /// Train and measure once for each of LUNA16's subsets.
    Crossval(crossval::Arguments),
    /// Train teachers that label a training part, each the patients that it has not learnt from.
    Teach(teach::Arguments),
    /// Measure a weights file on a folder of patches.
    Evaluate(evaluate::Arguments),
    /// Count the nodules that a weights file finds in native HU, and in thicker slices.
    Cubes(cubes::Arguments),
    /// Write a run's best checkpoint as a weights file, with threshold and card.
    Export(export::Arguments),
    /// Write the card of a weights file again, from its settings, its data and their description.
    Card(card::Arguments),
    /// Measure findings in whole scans: FROC and CPM by LUNA16's rule.
    Froc(froc::Arguments),
    /// Write what one patch becomes in every layer, and which pixels counted.
    Explain(explain::Arguments),
    /// Write weights as safetensors or ONNX, for other programs.
    Convert(convert::ConvertArguments),
    /// Write a weights file from safetensors.
    Import(convert::ImportArguments),
    /// Time training steps of a network on this device.
    Bench(bench::training::Arguments),
    /// Time the classification of patches on this device.
    BenchClassify(bench::ClassifyArguments),
    /// Time the search of slices and volumes on this device.
    BenchScan(bench::ScanArguments),
    /// Classify patches, or places in scans.
    Classify(classify::Arguments),
    /// Search whole scans for nodules (detection), and list what was found.
    Search(search::Arguments),
    /// Write synthetic patches or scans.
    Phantom(phantom::Arguments),
    /// Serve the built page on this computer, to this computer alone.
    Serve(serve::Arguments),
}

impl Command {
    /// Return whether it takes training steps.
    fn trains(&self) -> bool {
        matches!(
            self,
            Self::Train(_) | Self::Crossval(_) | Self::Teach(_) | Self::Sweep(_) | Self::Bench(_)
        )
    }
}

/// Run the command that the arguments name; the first of them is the program itself.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let (arguments, note) = today(arguments.collect());
    if let Some(note) = note {
        eprintln!("{note}");
    }
    let command = CommandLine::parse_from(arguments).command;
    if command.trains() {
        memory::keep();
    }
    let result = match command {
        Command::Dataset(arguments) => dataset::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Crossval(arguments) => crossval::run(&arguments),
        Command::Teach(arguments) => teach::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Cubes(arguments) => cubes::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Card(arguments) => card::run(&arguments),
        Command::Froc(arguments) => froc::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Convert(arguments) => convert::convert(&arguments),
        Command::Import(arguments) => convert::import(&arguments),
        Command::Bench(arguments) => bench::training::run(&arguments),
        Command::BenchClassify(arguments) => bench::classify(&arguments),
        Command::BenchScan(arguments) => bench::scan(&arguments),
        Command::Classify(arguments) => classify::run(&arguments),
        Command::Search(arguments) => search::run(&arguments),
        Command::Phantom(arguments) => phantom::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Turn an old spelling into the one of today, with a note that names it.
fn today(mut arguments: Vec<OsString>) -> (Vec<OsString>, Option<&'static str>) {
    let options = arguments.iter().take_while(|argument| *argument != "--");
    let scan = options.skip(2).position(|argument| argument == "--scan");
    match (arguments.get(1), scan) {
        (Some(command), Some(at)) if command == "classify" => {
            arguments.remove(at + 2);
            arguments[1] = "search".into();
            (arguments, Some("note: `classify --scan` is called `search` now"))
        }
        _ => (arguments, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_spelling_of_a_search_is_understood_with_a_note() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (old, new) in [
            ("nodulens classify --scan a.mhd", "nodulens search a.mhd"),
            ("nodulens classify a b --stride 4 --scan", "nodulens search a b --stride 4"),
        ] {
            let (arguments, note) = today(words(old));
            assert_eq!(arguments, words(new));
            assert!(note.is_some_and(|note| note.contains("`search`")));
        }
        for line in [
            "nodulens",
            "nodulens classify -- --scan",
            "nodulens phantom --scan",
            "nodulens search a",
        ] {
            assert_eq!(today(words(line)), (words(line), None));
        }
    }
}
