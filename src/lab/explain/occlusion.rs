//! Which squares of a patch, covered, take evidence away.

use super::map::{ExplainError, MARGIN, Map};
use crate::constants::{CLASS_NODULE, CLASSES, CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE};
use crate::lab::looked_at;
use crate::weights::{Head, WeightsFile};

/// Side of the square that covers, pixels: about the size of the smallest nodule that counts.
pub const COVER_SIDE: usize = 8;
/// Pixels from one place of the square to the next.
pub const COVER_STEP: usize = 2;

/// A patch, or a canvas, with a square covered, place by place. The square is filled with the patch's
/// median, which in the lung is lung. Squares begin at even pixels, so that on a canvas each covers whole
/// pixels of the halved one: what is covered in the patch is covered in both.
#[derive(Clone, Debug)]
pub struct Occlusion {
    /// A patch or a view.
    values: Vec<f32>,
    head: Head,
    temperature: f32,
    fill: f32,
    /// Evidence without a cover, once it is known.
    whole: Option<f32>,
    /// Of each place, row-major.
    lost: Vec<f32>,
}

impl Occlusion {
    /// Begin with a patch, for a network of this temperature.
    ///
    /// # Errors
    /// [`ExplainError::Size`].
    pub fn new(patch: &[f32], temperature: f32) -> Result<Self, ExplainError> {
        match patch.len() {
            PATCH_SAMPLES => Ok(Self::begin(patch, Head::Patch, temperature)),
            other => Err(ExplainError::Size(other)),
        }
    }

    /// Begin with what a network looks at of a patch or a view.
    ///
    /// # Errors
    /// [`ExplainError::Size`].
    pub fn of(opened: &WeightsFile, values: &[f32]) -> Result<Self, ExplainError> {
        let seen = looked_at(opened.kind, values);
        let (values, head) = seen.ok_or(ExplainError::Size(values.len()))?;
        Ok(Self::begin(values, head, opened.header.operating(head).temperature))
    }

    fn begin(values: &[f32], head: Head, temperature: f32) -> Self {
        let mut sorted = values[..PATCH_SAMPLES].to_vec();
        sorted.sort_by(f32::total_cmp);
        let fill = sorted[PATCH_SAMPLES / 2];
        let values = values.to_vec();
        Self { values, head, temperature, fill, whole: None, lost: Vec::new() }
    }

    /// Return which part of the network is asked: for logits of patches, or of views.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Pixels along a side of what is covered.
    fn side(&self) -> usize {
        if self.head == Head::Context { CONTEXT_SIZE } else { PATCH_SIZE }
    }

    /// Places of the square along a side; at the edges it hangs over, so that every pixel is covered
    /// equally often.
    fn places(&self) -> usize {
        (self.side() + COVER_SIDE) / COVER_STEP - 1
    }

    /// Patches asked for so far, and all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.lost.len(), self.places() * self.places())
    }

    /// Model values of the next patches or views, the first time with the uncovered one in front; empty
    /// when all are done.
    #[must_use]
    pub fn next(&self, most: usize) -> Vec<f32> {
        let (done, all) = self.progress();
        let covered = (done..all.min(done + most)).flat_map(|place| self.covered(place));
        let whole = self.whole.is_none().then(|| self.values.clone());
        whole.into_iter().flatten().chain(covered).collect()
    }

    /// Take the network's logits for what [`Self::next`] gave, two a patch.
    pub fn take(&mut self, logits: &[f32]) {
        let (pairs, _) = logits.as_chunks::<CLASSES>();
        let temperature = self.temperature;
        let mut evidence =
            pairs.iter().map(|pair| (pair[CLASS_NODULE] - pair[1 - CLASS_NODULE]) / temperature);
        if self.whole.is_none() {
            self.whole = evidence.next();
        }
        let whole = self.whole.unwrap_or_default();
        let room = self.progress().1 - self.lost.len();
        self.lost.extend(evidence.take(room).map(|evidence| whole - evidence));
    }

    /// Return the mean of the evidence lost over all squares that cover a pixel.
    #[must_use]
    pub fn map(&self) -> Map {
        let side = self.side();
        let mut sum = vec![0.0; side * side];
        let mut count = vec![0.0f32; side * side];
        for (place, lost) in self.lost.iter().enumerate() {
            for (x, y) in self.pixels(place) {
                sum[y * side + x] += lost;
                count[y * side + x] += 1.0;
            }
        }
        sum.iter().zip(count).map(|(sum, count)| sum / count.max(1.0)).collect()
    }

    fn covered(&self, place: usize) -> Vec<f32> {
        let mut values = self.values.clone();
        for (x, y) in self.pixels(place) {
            match self.head {
                Head::Patch => values[y * PATCH_SIZE + x] = self.fill,
                Head::Context => {
                    values[PATCH_SAMPLES + y / 2 * PATCH_SIZE + x / 2] = self.fill;
                    let inside = MARGIN..MARGIN + PATCH_SIZE;
                    if inside.contains(&x) && inside.contains(&y) {
                        values[(y - MARGIN) * PATCH_SIZE + x - MARGIN] = self.fill;
                    }
                }
            }
        }
        values
    }

    /// Columns and rows under the square at a place.
    fn pixels(&self, place: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let side = self.side();
        let along = |place: usize| {
            let end = (place + 1) * COVER_STEP;
            end.saturating_sub(COVER_SIDE)..end.min(side)
        };
        let (rows, columns) = (along(place / self.places()), along(place % self.places()));
        rows.flat_map(move |y| columns.clone().map(move |x| (x, y)))
    }
}
