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
enum Command {
    /// Train a network on a folder of patches.
    Train(commands::train::Arguments),
    /// Measure a weights file on a folder of patches.
    Evaluate(commands::evaluate::Arguments),
    /// Write a run's best checkpoint as a weights file, with threshold and card.
    Export(commands::export::Arguments),
    /// Measure findings in whole scans: FROC and CPM by LUNA16's rule.
    Froc(commands::froc::Arguments),
    /// Classify image files of patches.
    Classify(commands::classify::Arguments),
    /// Write synthetic patches.
    Phantom(commands::phantom::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Train(arguments) => commands::train::run(&arguments),
        Command::Evaluate(arguments) => commands::evaluate::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Froc(arguments) => commands::froc::run(&arguments),
        Command::Classify(arguments) => commands::classify::run(&arguments),
        Command::Phantom(arguments) => commands::phantom::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
