//! Volumes to bytes: the formats that [`crate::decode`] reads, for tests and for users of the
//! phantoms; and DICOM files in general, for structured reports. Every file says that it is
//! synthetic or whose work it is; nothing here invents a patient.

pub mod dicom;
mod volume;

pub use volume::{dicom_slice, metaimage, nifti, nrrd};
