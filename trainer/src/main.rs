//! The program `nodulens`; its commands stand in [`trainer::commands`].

use std::process::ExitCode;

fn main() -> ExitCode {
    trainer::commands::main(std::env::args_os())
}
