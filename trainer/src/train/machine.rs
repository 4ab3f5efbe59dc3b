//! `environment.json`: the machine and the program of each session of a run.

use crate::environment::commit;
use crate::files::write_whole;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Name of the file in a run's folder.
pub const FILE: &str = "environment.json";

/// Add this session to `environment.json`: a list, the session that began the run first. Of the
/// environment variables only the one that sets the threads is written down.
///
/// # Errors
/// A file of that name that is something else; where the disk refuses.
pub fn record(run: &Path, device: &str) -> Result<()> {
    let path = run.join(FILE);
    let mut sessions: Vec<Value> = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("{}: move it out of the way", path.display()))?,
        Err(_) => Vec::new(),
    };
    sessions.push(session(device));
    write_whole(&path, &serde_json::to_vec_pretty(&sessions)?)
}

fn session(device: &str) -> Value {
    json!({
        "started": OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
        "command_line": std::env::args().collect::<Vec<_>>(),
        "version": env!("CARGO_PKG_VERSION"),
        "commit": commit(),
        "rust_version": option_env!("RUSTC_VERSION").map_or_else(rust_version, str::to_owned),
        "burn_version": burn_version(),
        "host": host(),
        "os": os(),
        "architecture": std::env::consts::ARCH,
        "cpu_model": cpu_model(),
        "cpu_instruction_sets": instruction_sets(),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "threads": rayon::current_num_threads(),
        "rayon_num_threads": std::env::var("RAYON_NUM_THREADS").ok(),
        "ram_bytes": ram_bytes(),
        "device": device,
    })
}

/// Return the name of the machine, or `unknown`.
pub fn host() -> String {
    let said = || String::from_utf8(Command::new("hostname").output().ok()?.stdout).ok();
    line("/proc/sys/kernel/hostname")
        .or_else(said)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// Return the most memory that this process has held so far, in bytes, where the system says it.
pub fn peak_memory_bytes() -> Option<u64> {
    let status = line("/proc/self/status")?;
    kilobytes(&status, "VmHWM:")
}

fn ram_bytes() -> Option<u64> {
    kilobytes(&line("/proc/meminfo")?, "MemTotal:")
}

/// Return a number of kB behind its name in one of Linux's tables, in bytes.
fn kilobytes(table: &str, name: &str) -> Option<u64> {
    let row = table.lines().find_map(|row| row.strip_prefix(name))?;
    Some(row.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn line(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn os() -> String {
    let release = line("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|row| row.strip_prefix("PRETTY_NAME="));
    let kernel = line("/proc/sys/kernel/osrelease").unwrap_or_default();
    match name {
        Some(name) => format!("{}, kernel {}", name.trim_matches('"'), kernel.trim()),
        None => std::env::consts::OS.to_owned(),
    }
}

fn cpu_model() -> Option<String> {
    let table = line("/proc/cpuinfo").or_else(|| {
        let asked =
            Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]).output().ok()?;
        Some(format!("model name: {}", String::from_utf8(asked.stdout).ok()?))
    })?;
    let row = table.lines().find(|row| row.starts_with("model name"))?;
    Some(row.split_once(':')?.1.trim().to_owned())
}

/// Return those instruction sets that the processor has and that matter here.
fn instruction_sets() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let sets = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let sets = [("neon", cfg!(target_feature = "neon"))];
    sets.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

/// Return what `rustc` on this machine says of itself: that of the build, where the program runs
/// where it was built. A build that knows better sets `RUSTC_VERSION`.
fn rust_version() -> String {
    let asked = Command::new("rustc").arg("--version").output().ok();
    asked
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |version| version.trim().to_owned())
}

/// Return the version of Burn, which the manifest pins.
fn burn_version() -> &'static str {
    let manifest = include_str!("../../Cargo.toml");
    let row = manifest.lines().find_map(|row| row.strip_prefix("burn = { version = \"="));
    row.and_then(|row| row.split('"').next()).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_session_is_added_and_says_where_it_ran() {
        let folder = tempfile::tempdir().unwrap();
        record(folder.path(), "CPU").unwrap();
        record(folder.path(), "another").unwrap();
        let bytes = fs::read(folder.path().join(FILE)).unwrap();
        let sessions: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(sessions.len(), 2);
        assert_eq!(
            (&sessions[0]["device"], &sessions[1]["device"]),
            (&json!("CPU"), &json!("another"))
        );
        for key in ["started", "commit", "version", "os", "host", "rust_version", "architecture"] {
            let text = sessions[0][key].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{key} in {}", sessions[0]);
        }
        let burn = sessions[0]["burn_version"].as_str().unwrap();
        assert!(burn.split('.').count() == 3, "{burn}");
        assert!(
            sessions[0]["cores"].as_u64() > Some(0) && sessions[0]["threads"].as_u64() > Some(0)
        );
        assert!(sessions[0]["command_line"].as_array().is_some_and(|words| !words.is_empty()));
        fs::write(folder.path().join(FILE), "no list").unwrap();
        assert!(record(folder.path(), "CPU").is_err());
    }

    /// What an attacker would like to read stands in variables such as these.
    #[test]
    fn no_variable_of_the_environment_is_written_down_but_the_one_of_the_threads() {
        let session = session("CPU");
        let keys: Vec<&String> = session.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 16, "{keys:?}");
        let text = session.to_string();
        for (name, value) in std::env::vars() {
            if name == "PATH" || name == "HOME" {
                assert!(!text.contains(&format!("{name}={value}")), "{name}");
            }
        }
        assert!(!text.contains(&std::env::var("PATH").unwrap_or("no path".to_owned())));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_read_in_bytes() {
        assert!(peak_memory_bytes() > Some(1 << 20));
        assert!(ram_bytes() > peak_memory_bytes());
        assert_eq!(kilobytes("A: 1 kB\nVmHWM:\t  12 kB\n", "VmHWM:"), Some(12 * 1024));
        assert_eq!(kilobytes("", "VmHWM:"), None);
    }
}
