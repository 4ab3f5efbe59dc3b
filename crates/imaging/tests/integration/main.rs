//! Files in, scans out: every format against writers that share no code with the readers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bombs;
mod decoding;
mod dicom_elements;
mod dicom_pixels;
mod dicom_series;
mod dicom_splitting;
mod geometry;
mod kinds;
mod limits;
mod mutations;
mod oracle;
mod pairing;
mod real_scans;
mod support;
mod volumes;
mod wild_dicom;
mod wild_formats;
