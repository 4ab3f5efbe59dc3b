//! Any folder of volumes, with a list of places in them, on the way to a folder of patches: what
//! [`crate::luna16`] does with LUNA16's own layout.
//!
//! | step | module |
//! |---|---|
//! | CSV of candidates -> places | [`table`] |
//! | MONAI's datalist JSON -> places | [`datalist`] |
//! | places -> scans, each with its candidates and where it lies | [`list`] |

pub mod datalist;
pub mod list;
pub mod table;

use anyhow::{Result, bail};
use nodulens_imaging::geometry::WorldMm;

/// A row of a list: a place in a volume, and what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The volume: a path below the folder of volumes, or where there is no such file the name of one,
    /// without its folder and ending.
    pub file: String,
    /// DICOM's series UID, where the file is a folder of several series.
    pub series: Option<String>,
    /// Where, in mm, LPS.
    pub world: WorldMm,
    /// Whether it is a nodule.
    pub nodule: bool,
    /// Diameter of the nodule.
    pub diameter_mm: Option<f64>,
    /// Patient of the volume.
    pub patient: Option<String>,
    /// What the volume is for.
    pub part: Option<Portion>,
}

/// What a volume is for, by the manifest's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// Learning.
    Train,
    /// Choosing.
    Valid,
    /// Deciding nothing.
    Test,
}

impl Portion {
    /// Read a word of a list; empty is none.
    ///
    /// # Errors
    /// A word that is not known.
    pub fn read(word: &str) -> Result<Option<Self>> {
        Ok(Some(match word {
            "" => return Ok(None),
            "train" | "training" => Self::Train,
            "val" | "valid" | "validation" => Self::Valid,
            "test" | "testing" => Self::Test,
            _ => bail!("part is '{word}', expected train, val or test"),
        }))
    }

    /// Return the manifest's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "val",
            Self::Test => "test",
        }
    }
}
