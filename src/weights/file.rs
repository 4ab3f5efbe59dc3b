//! Bytes of a weights file, taken apart and put together.

use super::error::{WeightsError, corrupt, mismatch};
use super::header::{WeightsFile, WeightsHeader, check_header};
use super::parameters::{Parameter, Parameters};
use super::ties;
use crate::model::NetworkKind;
use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};
use half::f16;
use nodulens_imaging::hash::hex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"NODULENS";
/// Version of the format with every number of the network.
const FULL: u32 = 1;
/// Version with one of each eight tied kernels, and the latest that is read.
const TIES: u32 = 2;
const PREFIX: usize = 16;
const DIGEST: usize = 32;

/// Write a weights file. Parameters are rounded to half precision. Of a network with ties, one of each
/// eight kernels is kept where that loses nothing.
///
/// # Errors
/// [`WeightsError::Corrupt`] where a parameter is not finite in half precision, as after a
/// training run that diverged; [`WeightsError::Mismatch`] where header and network disagree.
pub fn write_weights(
    header: &WeightsHeader,
    parameters: &Parameters,
) -> Result<Vec<u8>, WeightsError> {
    let kind = named(header)?;
    parameters.check(kind)?;
    let folded = ties::folded(kind, parameters);
    let (version, parameters) = match &folded {
        Some(folded) => (TIES, folded),
        None => (FULL, parameters),
    };
    let halves = parameters
        .iter()
        .map(|(name, parameter)| {
            let bytes = half_bytes(name, &parameter.values)?;
            Ok((name, parameter.shape.clone(), bytes))
        })
        .collect::<Result<Vec<_>, WeightsError>>()?;
    let views = halves
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F16, shape.clone(), bytes).map_err(corrupt)?;
            Ok((*name, view))
        })
        .collect::<Result<Vec<_>, WeightsError>>()?;
    let parameters = ::safetensors::serialize(views, None).map_err(corrupt)?;
    let header = serde_json::to_vec(header).map_err(corrupt)?;
    let header_length = u32::try_from(header.len()).map_err(corrupt)?;
    let mut file = Vec::with_capacity(PREFIX + header.len() + parameters.len() + DIGEST);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&version.to_le_bytes());
    file.extend_from_slice(&header_length.to_le_bytes());
    file.extend_from_slice(&header);
    file.extend_from_slice(&parameters);
    let digest = Sha256::digest(&file);
    file.extend_from_slice(&digest);
    Ok(file)
}

/// Read and check a weights file.
///
/// # Errors
/// [`WeightsError`], never a panic, whatever the bytes.
pub fn read_weights(bytes: &[u8]) -> Result<WeightsFile, WeightsError> {
    read_weights_as(bytes)
}

/// Read and check a weights file, with its card as [`super::Card`] or as [`super::CardText`].
///
/// # Errors
/// As [`read_weights`].
pub fn read_weights_as<'a, C: Deserialize<'a>>(
    bytes: &'a [u8],
) -> Result<WeightsFile<C>, WeightsError> {
    let parts = split(bytes)?;
    let header: WeightsHeader<C> = serde_json::from_slice(parts.header)
        .map_err(|error| WeightsError::Corrupt(format!("header: {error}")))?;
    let kind = named(&header)?;
    check_header(&header)?;
    let document = SafeTensors::deserialize(parts.parameters).map_err(corrupt)?;
    let mut parameters = document
        .iter()
        .map(|(name, view)| Ok((name.to_owned(), read_tensor(name, &view)?)))
        .collect::<Result<_, WeightsError>>()?;
    if parts.version == TIES {
        parameters = ties::written_out(kind, parameters)?;
    }
    Ok(WeightsFile { header, kind, parameters, sha256: parts.sha256 })
}

/// Return the network that a header names.
fn named<C>(header: &WeightsHeader<C>) -> Result<NetworkKind, WeightsError> {
    NetworkKind::from_name(&header.network).ok_or_else(|| {
        let names = NetworkKind::ALL.map(NetworkKind::name).join(" or ");
        mismatch("network", &header.network, names)
    })
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

struct Parts<'a> {
    version: u32,
    header: &'a [u8],
    parameters: &'a [u8],
    sha256: String,
}

/// Take the file apart, telling truncation from damage where the format allows it.
fn split(bytes: &[u8]) -> Result<Parts<'_>, WeightsError> {
    let start = &bytes[..bytes.len().min(MAGIC.len())];
    if start.is_empty() || !MAGIC.starts_with(start) {
        return Err(WeightsError::Foreign);
    }
    let truncated = || WeightsError::Truncated(bytes.len());
    let prefix = bytes.get(..PREFIX).ok_or_else(truncated)?;
    let version = little_endian(&prefix[8..12]);
    if version > TIES {
        return Err(WeightsError::Newer { found: version, latest: TIES });
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
    Ok(Parts { version, header, parameters, sha256: hex(&hasher.finalize()) })
}

fn little_endian(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// Return whether a safetensors document declares more bytes than there are.
fn is_cut_off(parameters: &[u8]) -> bool {
    let Ok((header_length, metadata)) = SafeTensors::read_metadata(parameters) else {
        return true;
    };
    let declared = metadata.tensors().values().map(|tensor| tensor.data_offsets.1).max();
    header_length.saturating_add(8).saturating_add(declared.unwrap_or(0)) > parameters.len()
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
