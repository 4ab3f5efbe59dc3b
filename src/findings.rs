//! What a scan found, for people and programs: CSV, JSON, a page to print, DICOM SR, and the heat
//! map as a picture.
//!
//! Each names the weights and the input by their hashes and says that this is no medical device.
//! None holds a tag that identifies the patient unless the caller puts it into
//! [`InputUsed::identity`].

mod csv;
mod export;
mod html;
mod png;
mod report;
mod sr;
#[cfg(test)]
mod tests;

pub use csv::csv;
pub use export::{Export, ExportError, export};
pub use html::html;
pub use png::{heat_map_png, png_with_text};
pub use report::{InputUsed, ModelUsed, NOTICE, Report, Row, Search};
pub use sr::{SopReference, SrSource, structured_report};
