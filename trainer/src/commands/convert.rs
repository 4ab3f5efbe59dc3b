//! `nodulens convert` and `nodulens import`: weights from and for other programs.

use crate::config::network;
use crate::files::write_whole;
use crate::interchange::{onnx, safetensors};
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use nodulens::model::NetworkKind;
use nodulens::weights::{read_weights, write_weights};
use nodulens_imaging::UserError;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// A format of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Safetensors,
    Onnx,
}

/// Arguments of `nodulens convert`.
#[derive(clap::Args)]
pub struct ConvertArguments {
    /// A .nodulens file.
    #[arg(long)]
    weights: PathBuf,
    /// File to write: .safetensors, or .onnx.
    #[arg(long)]
    out: PathBuf,
    /// Its format, where the name does not say it.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// As ONNX: a graph that takes a whole picture and answers for every patch in it, at the
    /// network's dense stride. Patches alone, whatever the network looks at.
    #[arg(long)]
    dense: bool,
    /// As ONNX, of a network that looks at surroundings: a graph of patches of 50 x 50 pixels alone.
    /// Without it the graph takes canvases of 100 x 100 and gives the answers of both heads.
    #[arg(long, conflicts_with = "dense")]
    alone: bool,
}

/// Arguments of `nodulens import`.
#[derive(clap::Args)]
pub struct ImportArguments {
    /// A .safetensors file, from `nodulens convert` or from another program.
    #[arg(long)]
    safetensors: PathBuf,
    /// File to write: .nodulens.
    #[arg(long)]
    out: PathBuf,
    /// Which network it is of, where the file does not say it: compact, paper, wide or small.
    #[arg(long, value_parser = network)]
    network: Option<NetworkKind>,
    /// Smallest probability that is called a nodule; the file's own, or 0.5.
    #[arg(long)]
    threshold: Option<f32>,
}

/// Write weights in a format of other programs.
///
/// # Errors
/// A file that holds no weights, a format that is not known, a network without a dense form, a full
/// disk.
pub fn convert(arguments: &ConvertArguments) -> Result<ExitCode> {
    let ending = arguments.out.extension().and_then(|ending| ending.to_str());
    let format = match (arguments.format, ending) {
        (Some(format), _) => format,
        (None, Some("safetensors")) => Format::Safetensors,
        (None, Some("onnx")) => Format::Onnx,
        _ => bail!("--out must end in .safetensors or .onnx, or --format say which it is to be"),
    };
    ensure!(
        format == Format::Onnx || !(arguments.dense || arguments.alone),
        "--dense and --alone are of ONNX: safetensors has no graph"
    );
    let path = &arguments.weights;
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let weights = read_weights(&bytes)
        .map_err(|error| anyhow::anyhow!("{}: {error}. {}", path.display(), error.hint()))?;
    let written = match format {
        Format::Safetensors => safetensors::write(&weights)?,
        Format::Onnx => onnx::write(&weights, form(arguments, weights.kind))?,
    };
    write_whole(&arguments.out, &written)?;
    println!("Wrote {} bytes to {}", written.len(), arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Return what the graph takes: all that the network looks at, where nothing else is asked for.
fn form(arguments: &ConvertArguments, kind: NetworkKind) -> onnx::Form {
    match (arguments.dense, kind.context()) {
        (true, _) => onnx::Form::Dense,
        (false, Some(_)) if !arguments.alone => onnx::Form::Canvases,
        _ => onnx::Form::Patches,
    }
}

/// Write a weights file from a safetensors file.
///
/// # Errors
/// A file that is none or does not fit, a full disk.
pub fn import(arguments: &ImportArguments) -> Result<ExitCode> {
    let path = &arguments.safetensors;
    let document = fs::read(path).with_context(|| path.display().to_string())?;
    let given = safetensors::Given { network: arguments.network, threshold: arguments.threshold };
    let (header, _, parameters) =
        safetensors::read(&document, given).with_context(|| path.display().to_string())?;
    let bytes = write_weights(&header, &parameters)?;
    write_whole(&arguments.out, &bytes)?;
    println!("Wrote {} bytes to {}", bytes.len(), arguments.out.display());
    println!("Measure it: cargo trainer evaluate --weights {}", arguments.out.display());
    Ok(ExitCode::SUCCESS)
}
