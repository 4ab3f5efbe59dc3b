//! The weights file: one network with all that is needed to use it and to know where it is from.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | magic `NODULENS` |
//! | 4 | format version, little endian |
//! | 4 | length H of the header in bytes, little endian |
//! | H | header, JSON: [`WeightsHeader`] |
//! | ... | parameters in half precision, a safetensors document; names as in `model.rs`, convolutions as `[out, in, y, x]`, dense layers as `[in, out]` |
//! | 32 | SHA-256 of everything before |

use crate::method::preprocess_id;
use crate::model::{Network, NetworkKind};
use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};
use burn::tensor::Device;
use half::f16;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod card;
mod parameters;
#[cfg(any(feature = "lab", not(target_arch = "wasm32")))]
mod safetensors;

#[cfg(any(feature = "lab", not(target_arch = "wasm32")))]
pub use self::safetensors::{Given, HEADER_KEY, read_safetensors, turned_over};
pub use card::{
    Card, CardCalibration, CardEpoch, CardIntervals, CardMetrics, CardSubgroup, Confusion,
    HeaderCard,
};
pub use parameters::{Parameter, Parameters, network_of, parameters};

const MAGIC: &[u8; 8] = b"NODULENS";
const VERSION: u32 = 1;
const PREFIX: usize = 16;
const DIGEST: usize = 32;

/// What a weights file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsHeader {
    /// Name of the network, one of [`NetworkKind::name`].
    pub network: String,
    /// Preprocessing that the network was trained behind; see [`preprocess_id`].
    pub preprocess_id: String,
    /// Smallest probability that is called a nodule, in (0, 1); chosen on validation.
    pub threshold: f32,
    /// Divisor of the logits before softmax, above 0; 1 where nothing was calibrated.
    pub temperature: f32,
    /// How the weights came about and how good they are.
    pub card: HeaderCard,
}

/// A weights file that was read and checked.
#[derive(Debug)]
pub struct Weights {
    /// What the file says of itself.
    pub header: WeightsHeader,
    /// The network with its parameters, on the device asked for.
    pub network: Network,
    /// SHA-256 of the whole file, hex.
    pub sha256: String,
}

/// A weights file taken apart.
#[derive(Clone, Debug)]
pub struct WeightsContent {
    /// What the file says of itself.
    pub header: WeightsHeader,
    /// The network that it names.
    pub kind: NetworkKind,
    /// Its parameters by name.
    pub parameters: Vec<(String, Parameter)>,
    /// SHA-256 of the whole file, hex.
    pub sha256: String,
}

/// Why a file gives no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Another kind of file.
    #[error("this is not a Nodulens weights file")]
    Foreign,
    /// The bytes end before the format allows.
    #[error("the weights file is cut off after {0} bytes")]
    Truncated(usize),
    /// Written by a later version.
    #[error("the weights file has format version {found}; this program reads up to {VERSION}")]
    Newer {
        /// Version in the file.
        found: u32,
    },
    /// The checksum does not fit, or the content contradicts itself.
    #[error("the weights file is damaged: {0}")]
    Corrupt(String),
    /// A sound file for another network, preprocessing or program.
    #[error("the weights do not fit this program: {what} is {found}, expected {expected}")]
    Mismatch {
        /// Which property.
        what: String,
        /// In the file.
        found: String,
        /// Here.
        expected: String,
    },
}

impl WeightsError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Foreign => {
                "Weights are written by `cargo trainer export` and end in .nodulens; a .safetensors file of one of the networks will do, too."
            }
            Self::Truncated(_) | Self::Corrupt(_) => "Download or export the file again.",
            Self::Newer { .. } => "Update Nodulens, or export the weights with this version.",
            Self::Mismatch { .. } => {
                "Use the Nodulens that wrote the weights, or train and export them with this one."
            }
        }
    }

    /// Stable name of the error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Foreign => "weights-foreign",
            Self::Truncated(_) => "weights-truncated",
            Self::Newer { .. } => "weights-newer",
            Self::Corrupt(_) => "weights-corrupt",
            Self::Mismatch { .. } => "weights-mismatch",
        }
    }
}

/// Writes a weights file. Parameters are rounded to half precision.
///
/// # Errors
/// [`WeightsError::Corrupt`] where a parameter is not finite in half precision, as after a
/// training run that diverged; [`WeightsError::Mismatch`] where header and network disagree.
pub fn write_weights(header: &WeightsHeader, network: &Network) -> Result<Vec<u8>, WeightsError> {
    expect("network", &header.network, network.kind().name())?;
    let halves = parameters(network)?
        .into_iter()
        .map(|(name, parameter)| {
            let bytes = half_bytes(&name, &parameter.values)?;
            Ok((name, parameter.shape, bytes))
        })
        .collect::<Result<Vec<_>, WeightsError>>()?;
    let views = halves
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F16, shape.clone(), bytes).map_err(corrupt)?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<Vec<_>, WeightsError>>()?;
    let parameters = ::safetensors::serialize(views, None).map_err(corrupt)?;
    let header = serde_json::to_vec(header).map_err(corrupt)?;
    let header_length = u32::try_from(header.len()).map_err(corrupt)?;
    let mut file = Vec::with_capacity(PREFIX + header.len() + parameters.len() + DIGEST);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&header_length.to_le_bytes());
    file.extend_from_slice(&header);
    file.extend_from_slice(&parameters);
    let digest = Sha256::digest(&file);
    file.extend_from_slice(&digest);
    Ok(file)
}

/// Reads and checks a weights file, and puts the network on `device`.
///
/// # Errors
/// [`WeightsError`], never a panic, whatever the bytes.
pub fn read_weights(bytes: &[u8], device: &Device) -> Result<Weights, WeightsError> {
    let WeightsContent { header, kind, parameters, sha256 } = read_content(bytes)?;
    let network = network_of(kind, parameters, device)?;
    Ok(Weights { header, network, sha256 })
}

/// Reads and checks a weights file, but for whether its parameters are those of the network.
///
/// # Errors
/// As [`read_weights`].
pub fn read_content(bytes: &[u8]) -> Result<WeightsContent, WeightsError> {
    let parts = split(bytes)?;
    let header: WeightsHeader = serde_json::from_slice(parts.header)
        .map_err(|error| WeightsError::Corrupt(format!("header: {error}")))?;
    let kind = NetworkKind::from_name(&header.network).ok_or_else(|| WeightsError::Mismatch {
        what: "network".to_owned(),
        found: header.network.clone(),
        expected: NetworkKind::ALL.map(NetworkKind::name).join(" or "),
    })?;
    check_header(&header)?;
    let document = SafeTensors::deserialize(parts.parameters).map_err(corrupt)?;
    let parameters: Vec<(String, Parameter)> = document
        .iter()
        .map(|(name, view)| Ok((name.to_owned(), read_tensor(name, &view)?)))
        .collect::<Result<_, WeightsError>>()?;
    Ok(WeightsContent { header, kind, parameters, sha256: parts.sha256 })
}

/// Whether this program prepares patches as the network wants them, and its numbers are possible.
fn check_header(header: &WeightsHeader) -> Result<(), WeightsError> {
    expect("preprocessing", &header.preprocess_id, &preprocess_id())?;
    let threshold = header.threshold > 0.0 && header.threshold < 1.0;
    let temperature = header.temperature > 0.0 && header.temperature.is_finite();
    if !(threshold && temperature) {
        let found = format!("threshold {}, temperature {}", header.threshold, header.temperature);
        return Err(WeightsError::Corrupt(format!("impossible numbers in the header: {found}")));
    }
    Ok(())
}

/// In half precision, little endian.
fn half_bytes(name: &str, values: &[f32]) -> Result<Vec<u8>, WeightsError> {
    let mut bytes = Vec::with_capacity(values.len() * 2);
    for value in values {
        let half = f16::from_f32(*value);
        if !half.is_finite() {
            let reason = format!("{name} holds {value}, which half precision cannot");
            return Err(WeightsError::Corrupt(reason));
        }
        bytes.extend_from_slice(&half.to_le_bytes());
    }
    Ok(bytes)
}

/// The header of a weights file that [`read_weights`] has accepted, as JSON; empty for another.
#[must_use]
pub fn header_text(bytes: &[u8]) -> &str {
    let length = bytes.get(12..PREFIX).map_or(0, little_endian) as usize;
    let header = bytes.get(PREFIX..PREFIX.saturating_add(length)).unwrap_or_default();
    std::str::from_utf8(header).unwrap_or_default()
}

struct Parts<'a> {
    header: &'a [u8],
    parameters: &'a [u8],
    sha256: String,
}

/// Takes the file apart, telling truncation from damage where the format allows it.
fn split(bytes: &[u8]) -> Result<Parts<'_>, WeightsError> {
    let start = &bytes[..bytes.len().min(MAGIC.len())];
    if start.is_empty() || !MAGIC.starts_with(start) {
        return Err(WeightsError::Foreign);
    }
    let truncated = || WeightsError::Truncated(bytes.len());
    let prefix = bytes.get(..PREFIX).ok_or_else(truncated)?;
    let version = little_endian(&prefix[8..12]);
    if version > VERSION {
        return Err(WeightsError::Newer { found: version });
    }
    let header_end = PREFIX.saturating_add(little_endian(&prefix[12..16]) as usize);
    let header = bytes.get(PREFIX..header_end).ok_or_else(truncated)?;
    let body_end = bytes.len().checked_sub(DIGEST).filter(|end| *end >= header_end);
    let body_end = body_end.ok_or_else(truncated)?;
    let mut hasher = Sha256::new_with_prefix(&bytes[..body_end]);
    let sound = hasher.clone().finalize()[..] == bytes[body_end..];
    let parameters = &bytes[header_end..body_end];
    if !sound {
        return Err(if is_cut_off(parameters) {
            truncated()
        } else {
            WeightsError::Corrupt("its checksum does not fit its content".to_owned())
        });
    }
    hasher.update(&bytes[body_end..]);
    Ok(Parts { header, parameters, sha256: hex(&hasher.finalize()) })
}

fn little_endian(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// Whether a safetensors document declares more bytes than there are.
fn is_cut_off(parameters: &[u8]) -> bool {
    let Ok((header_length, metadata)) = SafeTensors::read_metadata(parameters) else {
        return true;
    };
    let declared = metadata.tensors().values().map(|tensor| tensor.data_offsets.1).max();
    header_length.saturating_add(8).saturating_add(declared.unwrap_or(0)) > parameters.len()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn corrupt(error: impl std::fmt::Display) -> WeightsError {
    WeightsError::Corrupt(error.to_string())
}

pub(crate) fn mismatch(what: &str, found: impl ToString, expected: impl ToString) -> WeightsError {
    let (found, expected) = (found.to_string(), expected.to_string());
    WeightsError::Mismatch { what: what.to_owned(), found, expected }
}

fn expect(what: &str, found: &str, expected: &str) -> Result<(), WeightsError> {
    if found == expected { Ok(()) } else { Err(mismatch(what, found, expected)) }
}

fn read_tensor(name: &str, view: &TensorView<'_>) -> Result<Parameter, WeightsError> {
    if view.dtype() != Dtype::F16 {
        return Err(mismatch(&format!("the type of {name}"), format!("{:?}", view.dtype()), "F16"));
    }
    let values: Vec<f32> = view
        .data()
        .chunks_exact(2)
        .map(|pair| f16::from_le_bytes([pair[0], pair[1]]).to_f32())
        .collect();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(WeightsError::Corrupt(format!("{name} holds a number that is not finite")));
    }
    Ok(Parameter { shape: view.shape().to_vec(), values })
}
