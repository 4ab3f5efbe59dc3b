//! The example scan, drawn slice by slice so that a page can show how far it is.

use super::thorax::{SYNTHETIC, Thorax};
use crate::decode::series::{Series, SeriesInfo};
use crate::geometry::GeometryError;
use crate::hash::hex;
use crate::volume::{Samples, Volume};
use sha2::{Digest, Sha256};

/// A synthetic chest on its way.
#[derive(Clone, Debug)]
pub struct ExampleScan {
    thorax: Thorax,
    samples: Vec<i16>,
}

impl ExampleScan {
    /// Plan the chest of this seed.
    ///
    /// # Errors
    /// None in practice: its size is fixed.
    pub fn new(seed: u64) -> Result<Self, GeometryError> {
        Ok(Self { thorax: Thorax::example(seed)?, samples: Vec::new() })
    }

    /// Return how many slices it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.thorax.geometry().size()[2]
    }

    /// Draw a slice; they come in order.
    pub fn draw(&mut self, index: usize) {
        self.samples.extend(self.thorax.slice(index));
    }

    /// Return the scan; `None` unless every slice was drawn.
    #[must_use]
    pub fn finish(self) -> Option<Series> {
        let sha256 = self
            .samples
            .iter()
            .fold(Sha256::new(), |hash, sample| hash.chain_update(sample.to_le_bytes()));
        let info = SeriesInfo {
            placed: true,
            format: "synthetic",
            title: SYNTHETIC.to_owned(),
            modality: Some("CT".to_owned()),
            synthetic: true,
            sha256: hex(&sha256.finalize()),
            ..SeriesInfo::default()
        };
        let geometry = self.thorax.geometry().clone();
        let volume = Volume::new(Samples::Int16(self.samples), geometry).ok()?;
        Some(Series { volume, info, warnings: Vec::new() })
    }
}
