//! `cargo trainer`: trains and evaluates the networks of Nodulens and exports their weights.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use trainer::commands;

#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
// There is one of them in a process.
#[allow(clippy::large_enum_variant)]
enum Command {
    /// Cut the patches out of a downloaded LUNA16 folder.
    Dataset(commands::dataset::Arguments),
    /// Train a network on a folder of patches.
    Train(commands::train::Arguments),
    /// Train and measure once for each of LUNA16's subsets.
    Crossval(commands::crossval::Arguments),
    /// Measure a weights file on a folder of patches.
    Evaluate(commands::evaluate::Arguments),
    /// Write a run's best checkpoint as a weights file, with threshold and card.
    Export(commands::export::Arguments),
    /// Measure findings in whole scans: FROC and CPM by LUNA16's rule.
    Froc(commands::froc::Arguments),
    /// Write what one patch becomes in every layer, and which pixels counted.
    Explain(commands::explain::Arguments),
    /// Write weights as safetensors or ONNX, for other programs.
    Convert(commands::convert::ConvertArguments),
    /// Write a weights file from safetensors.
    Import(commands::convert::ImportArguments),
    /// Time training steps of a network on this device.
    Bench(commands::bench::TrainArguments),
    /// Time the classification of patches on this device.
    BenchClassify(commands::bench::ClassifyArguments),
    /// Time the search of slices and volumes on this device.
    BenchScan(commands::bench::ScanArguments),
    /// Classify patches, places in scans, or search whole scans.
    Classify(commands::classify::Arguments),
    /// Write synthetic patches or scans.
    Phantom(commands::phantom::Arguments),
    /// Serve the built page on this computer, to this computer alone.
    Serve(commands::serve::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Dataset(arguments) => commands::dataset::run(&arguments),
        Command::Train(arguments) => commands::train::run(&arguments),
        Command::Crossval(arguments) => commands::crossval::run(&arguments),
        Command::Evaluate(arguments) => commands::evaluate::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Froc(arguments) => commands::froc::run(&arguments),
        Command::Explain(arguments) => commands::explain::run(&arguments),
        Command::Convert(arguments) => commands::convert::convert(&arguments),
        Command::Import(arguments) => commands::convert::import(&arguments),
        Command::Bench(arguments) => commands::bench::train(&arguments),
        Command::BenchClassify(arguments) => commands::bench::classify(&arguments),
        Command::BenchScan(arguments) => commands::bench::scan(&arguments),
        Command::Classify(arguments) => commands::classify::run(&arguments),
        Command::Phantom(arguments) => commands::phantom::run(&arguments),
        Command::Serve(arguments) => commands::serve::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
