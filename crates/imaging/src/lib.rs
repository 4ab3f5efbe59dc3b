#![doc = include_str!("../README.md")]
//!
//! ## Where to find what
//!
//! | step | type | module |
//! |---|---|---|
//! | bytes of a picture -> grey | [`decode::GreyImage`] | [`decode`] |
//! | files of any format, in any order -> scans | [`decode::series::Series`] | [`decode::import`] |
//! | HU on a grid | [`volume::Volume`] | [`volume`] |
//! | mm in the body -> voxel, and back | [`geometry::VolumeGeometry`] | [`geometry`] |
//! | HU -> displayed grey | [`intensity::Window`] | [`intensity`] |
//! | volume -> axial, coronal and sagittal slices | [`reformat::Reformat`] | [`reformat`] |
//! | slice -> which pixels are lung | [`lungs::LungMask`] | [`lungs`] |
//! | volume -> bytes of a file | | [`encode`] |
//! | DICOM tags by name | | [`tags`] |
//! | a synthetic chest with known nodules | [`phantom::chest::Chest`], [`phantom::thorax::Thorax`] | [`phantom`] |

// Tests may stop at the first surprise.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod decode;
pub mod encode;
mod error;
pub mod geometry;
pub mod hash;
pub mod intensity;
pub mod lungs;
pub mod phantom;
pub mod reformat;
pub mod tags;
pub mod volume;

pub use error::UserError;
