//! Bytes of a file to an image. The format is found by content, never by the file's name.
//!
//! [`raster`] and [`metaimage`] read one file. [`import::Import`] takes files of all formats in
//! any order, one at a time, and gives series, pictures and what went wrong.

pub mod metaimage;
mod numbers;
pub mod raster;

mod archive;
mod dicom;
mod grid;
pub mod import;
mod inflate;
mod kind;
mod limits;
mod nifti;
mod nrrd;
mod orient;
pub mod series;
mod turn;

pub use raster::{DecodeError, GreyImage, decode_raster};

pub use dicom::DicomError;
pub use grid::GridError;
pub use limits::Limits;
