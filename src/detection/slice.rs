//! One slice, step by step.

use super::heat_map::HeatMap;
use super::image::SliceImage;
use super::plan::{Piece, batches, pieces, share};
use crate::classifier::{Classifier, Prediction};
use crate::constants::{CONTEXT_SIZE, PATCH_SIZE, VIEW_SAMPLES};
use crate::inference::ClassifyError;
use crate::preprocess::{lone_view, view};
use nodulens_imaging::lungs::LungMask;

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Places with an answer.
    pub done: usize,
    /// Places asked for.
    pub total: usize,
}

impl Progress {
    /// Return whether nothing is left to do.
    #[must_use]
    pub fn finished(self) -> bool {
        self.done == self.total
    }
}

/// The scan of a slice. It owns the slice's values and the heat map, and nothing else grows: memory
/// is the slice's and that of one step.
#[derive(Clone, Debug)]
pub struct SliceSearch {
    image: SliceImage,
    map: HeatMap,
    asked: Vec<bool>,
    stride: usize,
    progress: Progress,
    work: Work,
    next: usize,
    /// Pixels around each patch that the network looks at, too.
    margin: usize,
}

/// What is left to do is this from `next` on.
#[derive(Clone, Debug)]
enum Work {
    /// Rectangles in one pass each, every `stride / dense` answers of which are wanted.
    Dense { dense: usize, pieces: Vec<Piece> },
    /// Cells whose patches are classified together.
    Patches(Vec<Vec<[usize; 2]>>),
}

impl SliceSearch {
    /// Plan a scan at every `stride` pixels (at least 1) of the image, within `mask`, which has
    /// the pixels of the slice as it was given; everywhere without one. Where the classifier's
    /// network has a dense stride that divides `stride`, rectangles around the mask are scanned
    /// in one pass each, and else patches, coarse first.
    #[must_use]
    pub fn new(
        image: SliceImage,
        mask: Option<&LungMask>,
        classifier: &Classifier,
        stride: usize,
    ) -> Self {
        let stride = stride.max(1);
        let (width, height) = (image.width.div_ceil(stride), image.height.div_ceil(stride));
        let map = HeatMap {
            width,
            height,
            step_px: image.scale.map(|scale| scale * stride as f64),
            probability: vec![f32::NAN; width * height],
        };
        let inside = |i: usize| {
            let [x, y] = map.pixel(i % width, i / width);
            mask.is_none_or(|mask| mask.contains((x + 0.5) as usize, (y + 0.5) as usize))
        };
        let asked: Vec<bool> = (0..width * height).map(inside).collect();
        let total = asked.iter().filter(|asked| **asked).count();
        let work = match classifier.kind().dense_stride() {
            Some(dense) if stride.is_multiple_of(dense) => {
                Work::Dense { dense, pieces: pieces(&asked, width) }
            }
            _ => Work::Patches(batches(&asked, width)),
        };
        let progress = Progress { done: 0, total };
        let margin = classifier.kind().context().map_or(0, |_| (CONTEXT_SIZE - PATCH_SIZE) / 2);
        Self { image, map, asked, stride, progress, work, next: 0, margin }
    }

    /// Leaves to others all but the given one of so many parts of the work, of about the same size
    /// each. What the others find comes in by [`Self::absorb`].
    #[must_use]
    pub fn part(mut self, part: usize, parts: usize) -> Self {
        match &mut self.work {
            Work::Dense { pieces, .. } => *pieces = share(pieces, part, parts),
            Work::Patches(batches) => {
                let mut at = 0..;
                batches.retain(|_| at.next().is_some_and(|at: usize| at % parts.max(1) == part));
            }
        }
        self
    }

    /// Take over what another part has found: a map of the same size, not-a-number where it has no
    /// answer. A map of another size brings nothing.
    pub fn absorb(&mut self, probability: &[f32]) {
        if probability.len() != self.map.probability.len() {
            return;
        }
        for (here, there) in self.map.probability.iter_mut().zip(probability) {
            if here.is_nan() && !there.is_nan() {
                *here = *there;
                self.progress.done += 1;
            }
        }
    }

    /// Return whether nothing is left to do here; other parts may still have something.
    #[must_use]
    pub fn idle(&self) -> bool {
        let work = match &self.work {
            Work::Dense { pieces, .. } => pieces.len(),
            Work::Patches(batches) => batches.len(),
        };
        self.next >= work
    }

    /// Do the next piece of work: a rectangle of at most 128 x 32 places, or 32 patches. Without
    /// any left it does nothing.
    ///
    /// # Errors
    /// As [`Classifier::classify`]; the same piece is tried again by the next call.
    pub async fn step(&mut self, classifier: &Classifier) -> Result<Progress, ClassifyError> {
        let half = (PATCH_SIZE / 2 + self.margin) as i64;
        let side = PATCH_SIZE + 2 * self.margin;
        let corner = |at: usize| (at * self.stride) as i64 - half;
        match &self.work {
            Work::Dense { dense, pieces } => {
                let Some(Piece { from, until }) = pieces.get(self.next) else {
                    return Ok(self.progress);
                };
                let cells = [0, 1].map(|k| until[k] - from[k]);
                let size = cells.map(|cells| (cells - 1) * self.stride + side);
                let values = self.image.rectangle(corner(from[0]), corner(from[1]), size);
                let answers = classifier.classify_dense(values, size).await?.unwrap_or_default();
                let apart = self.stride / dense;
                let row = (cells[0] - 1) * apart + 1;
                let mut found = Vec::new();
                for y in 0..cells[1] {
                    for x in 0..cells[0] {
                        let i = (from[1] + y) * self.map.width + from[0] + x;
                        if self.asked[i] {
                            found.push((i, probability(answers.get(y * apart * row + x * apart))?));
                        }
                    }
                }
                self.take(&found);
            }
            Work::Patches(batches) => {
                let Some(cells) = batches.get(self.next) else { return Ok(self.progress) };
                let mut values = Vec::with_capacity(cells.len() * VIEW_SAMPLES);
                for [x, y] in cells {
                    let seen = self.image.rectangle(corner(*x), corner(*y), [side; 2]);
                    values.extend(if self.margin > 0 { view(&seen) } else { lone_view(&seen) });
                }
                let answers = classifier.classify_views(values).await?;
                let place = |k: usize, [x, y]: [usize; 2]| {
                    Ok((y * self.map.width + x, probability(answers.get(k))?))
                };
                let found = cells.iter().enumerate().map(|(k, cell)| place(k, *cell));
                let found = found.collect::<Result<Vec<_>, ClassifyError>>()?;
                self.take(&found);
            }
        }
        self.next += 1;
        Ok(self.progress)
    }

    /// Cells and their probabilities into the map.
    fn take(&mut self, found: &[(usize, f32)]) {
        for (cell, probability) in found {
            self.map.probability[*cell] = *probability;
        }
        self.progress.done += found.len();
    }

    /// Run all that is left.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub async fn run(mut self, classifier: &Classifier) -> Result<HeatMap, ClassifyError> {
        while !self.idle() {
            self.step(classifier).await?;
        }
        Ok(self.map)
    }

    /// Return how far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Return what there is so far; not-a-number where there is no answer yet.
    #[must_use]
    pub fn map(&self) -> &HeatMap {
        &self.map
    }

    /// Return the slice as the network sees it.
    #[must_use]
    pub fn image(&self) -> &SliceImage {
        &self.image
    }
}

/// Return the probability of an answer. A missing one would pass for a place where nothing was
/// asked.
fn probability(answer: Option<&Prediction>) -> Result<f32, ClassifyError> {
    let probability = answer.map(|answer| answer.probability);
    probability.ok_or_else(|| ClassifyError::Device("fewer answers than places".to_owned()))
}
