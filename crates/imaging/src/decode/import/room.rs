//! One limit in bytes for every format.

use super::added::{Added, Refusal};
use super::too_large::no_room;
use super::{Import, sample_bytes};

impl Import {
    /// Whether so many bytes of samples fit beside what is open.
    pub(super) fn fits(&self, bytes: u64) -> bool {
        self.kept.saturating_add(bytes) <= self.limits.kept_bytes
    }

    /// Counts bytes that stay.
    pub(super) fn keep(&mut self, bytes: u64) -> Result<(), Refusal> {
        if !self.fits(bytes) {
            return Err(no_room(bytes, &self.limits));
        }
        self.kept += bytes;
        Ok(())
    }

    /// Refuses a whole series, of which a file of `needed` bytes does not fit.
    pub(super) fn refuse_series(
        &mut self,
        series: &str,
        name: &str,
        needed: u64,
    ) -> Result<Added, Refusal> {
        let (mut files, mut bytes) = (1, needed);
        self.slices.retain(|slice| {
            let stays = slice.file.series_uid.as_deref() != Some(series);
            if !stays {
                bytes += sample_bytes(&slice.samples);
                files += usize::from(slice.frame.is_none_or(|frame| frame == 1));
            }
            stays
        });
        self.kept -= bytes - needed;
        self.too_large.add(series, name, files, bytes);
        let Refusal { code, message, hint } = no_room(needed, &self.limits);
        Ok(Added::Refused { code, message, hint })
    }
}
