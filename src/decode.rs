//! Bytes of a file to an image. The format is found by content, never by the file's name.
//!
//! [`raster`] and [`metaimage`] read one file. [`import::Import`] takes files of all formats in
//! any order, one at a time, and gives series, pictures and what went wrong; it comes with the
//! feature `formats`, so that the engine's modules do not carry it.

pub mod metaimage;
mod numbers;
pub mod raster;

#[cfg(feature = "formats")]
mod archive;
#[cfg(feature = "formats")]
mod dicom;
#[cfg(feature = "formats")]
mod grid;
#[cfg(feature = "formats")]
mod hash;
#[cfg(feature = "formats")]
pub mod import;
#[cfg(feature = "formats")]
mod inflate;
#[cfg(feature = "formats")]
mod kind;
#[cfg(feature = "formats")]
mod limits;
#[cfg(feature = "formats")]
mod nifti;
#[cfg(feature = "formats")]
mod nrrd;
#[cfg(feature = "formats")]
mod orient;
#[cfg(feature = "formats")]
pub mod series;

pub use raster::{DecodeError, GreyImage, decode_raster};

#[cfg(feature = "formats")]
pub use dicom::DicomError;
#[cfg(feature = "formats")]
pub use grid::GridError;
#[cfg(feature = "formats")]
pub use limits::Limits;
