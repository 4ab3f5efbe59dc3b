//! The trainer's command line as a test calls it.

#![allow(dead_code)] // Each test takes what it needs.

use std::path::Path;
use std::process::{Command, Output};

/// The program with these arguments, not yet started.
pub fn trainer(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nodulens"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    trainer(arguments).output().unwrap()
}

/// Runs it and expects success; returns what it printed.
pub fn ok(arguments: &[&str]) -> String {
    let output = output(arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{text}{errors}");
    text
}

/// Runs it and expects failure; returns the message.
pub fn fails(arguments: &[&str]) -> String {
    let output = output(arguments);
    assert!(!output.status.success(), "{arguments:?} should fail");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Read a JSON file.
pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A folder that holds synthetic patches in `data`, and goes away by itself.
pub struct Workplace(pub tempfile::TempDir);

impl Workplace {
    /// Eight patches.
    pub fn new() -> Self {
        Self::of(8)
    }

    /// So many patches, in ten subsets.
    pub fn of(patches: usize) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let count = patches.to_string();
        ok(&["phantom", "--count", &count, "--seed", "1", "--out", &place.path("data")]);
        place
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}
