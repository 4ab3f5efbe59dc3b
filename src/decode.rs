//! Bytes of a file to an image. The format is found by content, never by the file's name.

pub mod metaimage;
pub mod raster;

pub use raster::{DecodeError, GreyImage, decode_raster};
