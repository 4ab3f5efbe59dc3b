//! The physical changes of the stress table, each with its strength.

use super::physics::{keep, kernel, noise, thicken};
use super::transform::{Beyond, Transform, crop};
use crate::dataset::Canvas;
use nodulens::constants::{CONTEXT_SIZE, PATCH_SAMPLES, PATCH_SIZE};
use nodulens::preprocess::{lone_view, view};
use nodulens::weights::Head;
use rand::{Rng, RngExt};

/// HU of the model's window, from 0 to 1.
const WINDOW_HU: f32 = nodulens::constants::WINDOW_HIGH_HU - nodulens::constants::WINDOW_LOW_HU;

/// What is changed about a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Nothing.
    Plain,
    /// Noise is added, of this standard deviation in HU; of `grain` 1 neighbours share theirs.
    Noise { hu: f32, grain: f32 },
    /// Another reconstruction kernel: -1 softens by 1-2-1 along both axes, 1 sharpens by as much.
    Kernel { sharpness: f32 },
    /// A thicker slice: this share is of sections farther out.
    Thick { share: f32 },
    /// Pixels of the picture a pixel seen: above 1 everything looks smaller.
    Scale { scale: f32 },
    /// Levels of 255, up or down.
    Grey { levels: i8 },
    /// Whole pixels to the right and down.
    Shift { x: i8, y: i8 },
    /// To the left.
    Turn { degrees: f32 },
    /// Of the surroundings this square alone is known; of 50 none is, and the patch answers alone.
    Known { side: usize },
    /// The slice ends so many pixels from the centre, on one side of four.
    Edge { px: usize },
}

/// The rows of the table, in order.
pub const CHANGES: [Change; 25] = [
    Change::Noise { hu: 14.0, grain: 0.0 },
    Change::Noise { hu: 28.0, grain: 0.0 },
    Change::Noise { hu: 56.0, grain: 0.0 },
    Change::Noise { hu: 14.0, grain: 1.0 },
    Change::Noise { hu: 28.0, grain: 1.0 },
    Change::Noise { hu: 56.0, grain: 1.0 },
    Change::Kernel { sharpness: -0.5 },
    Change::Kernel { sharpness: -1.0 },
    Change::Kernel { sharpness: 0.5 },
    Change::Kernel { sharpness: 1.0 },
    Change::Thick { share: 0.3 },
    Change::Thick { share: 0.6 },
    Change::Scale { scale: 0.8 },
    Change::Scale { scale: 1.25 },
    Change::Grey { levels: 1 },
    Change::Grey { levels: -1 },
    Change::Shift { x: 1, y: 1 },
    Change::Turn { degrees: 45.0 },
    Change::Scale { scale: 1.07 },
    Change::Scale { scale: 1.0 / 1.07 },
    Change::Known { side: 85 },
    Change::Known { side: 71 },
    Change::Known { side: PATCH_SIZE },
    Change::Edge { px: PATCH_SIZE / 2 },
    Change::Edge { px: 12 },
];

impl Change {
    /// Return whether it changes anything that this head sees.
    pub fn concerns(self, head: Head) -> bool {
        let outside = matches!(self, Self::Known { .. })
            || matches!(self, Self::Edge { px } if px >= PATCH_SIZE / 2);
        head == Head::Context || !outside
    }

    /// Say what is changed, and how far.
    pub fn words(self) -> (&'static str, String) {
        match self {
            Self::Plain => ("nothing", String::new()),
            Self::Noise { hu, grain } if grain > 0.0 => ("noise, correlated", format!("{hu} HU")),
            Self::Noise { hu, .. } => ("noise, white", format!("{hu} HU")),
            Self::Kernel { sharpness } if sharpness < 0.0 => ("softer kernel", by(-sharpness)),
            Self::Kernel { sharpness } => ("sharper kernel", by(sharpness)),
            Self::Thick { share } => ("thicker slice", format!("{:.0} % outer", 100.0 * share)),
            Self::Scale { scale } if scale < 1.0 => ("finer pixels", times(1.0 / scale)),
            Self::Scale { scale } => ("coarser pixels", times(1.0 / scale)),
            Self::Grey { levels } => ("grey level", format!("{levels:+}")),
            Self::Shift { x, y } => ("shift", format!("{x}, {y} px")),
            Self::Turn { degrees } => ("turn", format!("{degrees}°")),
            Self::Known { side: PATCH_SIZE } => ("surroundings known", "none".to_owned()),
            Self::Known { side } => ("surroundings known", format!("to {side} px")),
            Self::Edge { px } => ("slice ends", format!("{px} px off centre")),
        }
    }

    /// Return what of a picture this head sees after the change, as a view of 5,000 values.
    pub fn seen(self, canvas: &Canvas, head: Head, rng: &mut impl Rng) -> Vec<f32> {
        let side = canvas.side;
        let mut values = self.placed(canvas);
        match self {
            Self::Noise { hu, grain } => noise(&mut values, side, hu / WINDOW_HU, grain, rng),
            Self::Kernel { sharpness } => kernel(&mut values, side, sharpness),
            Self::Thick { share } => thicken(&mut values, side, share),
            Self::Grey { levels } => {
                for value in &mut values {
                    *value = (*value + f32::from(levels) / 255.0).clamp(0.0, 1.0);
                }
            }
            Self::Known { side: known } if known < side => {
                let first = (side - known) / 2;
                keep(&mut values, side, [first..first + known, first..first + known]);
            }
            Self::Edge { px } => {
                let far = if rng.random_bool(0.5) { 0..side / 2 + px } else { side / 2 - px..side };
                let whole = 0..side;
                let kept = if rng.random_bool(0.5) { [far, whole] } else { [whole, far] };
                keep(&mut values, side, kept);
            }
            _ => {}
        }
        if side != CONTEXT_SIZE {
            return lone_view(&values);
        }
        let seen = view(&values);
        let alone = head == Head::Patch || self == Self::Known { side: PATCH_SIZE };
        if alone { lone_view(&seen[..PATCH_SAMPLES]) } else { seen }
    }

    /// Return the picture shifted, turned or scaled, as large as it was. Its edge repeats, so that no
    /// missing corner is taken for a change.
    fn placed(self, canvas: &Canvas) -> Vec<f32> {
        let still = Transform { angle: 0.0, flip: false, shift: [0.0; 2], scale: 1.0 };
        let transform = match self {
            Self::Scale { scale } => Transform { scale, ..still },
            Self::Shift { x, y } => Transform { shift: [f32::from(x), f32::from(y)], ..still },
            Self::Turn { degrees } => Transform { angle: degrees.to_radians(), ..still },
            _ => still,
        };
        crop(canvas, transform, canvas.side, Beyond::Edge)
    }
}

fn by(strength: f32) -> String {
    format!("{:.0} %", 100.0 * strength)
}

fn times(size: f32) -> String {
    format!("{size:.2} times as large")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens::preprocess::has_surroundings;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    /// A ball in the middle, a vessel far from it, and grain, so that every change shows.
    fn canvas(side: usize) -> Canvas {
        let grey = (0..side * side).map(|i| {
            let (x, y) = (i % side, i / side);
            let ball = x.abs_diff(side / 2).pow(2) + y.abs_diff(side / 2).pow(2) < 80;
            let bar = x + 4 > side / 2 + 20 && x < side / 2 + 22 || y < 5;
            40 + 110 * u8::from(ball || bar) + ((i * i) % 7) as u8
        });
        Canvas { side, grey: grey.collect(), coarse: None }
    }

    fn seen(change: Change, head: Head) -> Vec<f32> {
        change.seen(&canvas(100), head, &mut Pcg64Mcg::seed_from_u64(4))
    }

    #[test]
    fn every_row_changes_what_it_concerns_and_nothing_else() {
        for head in [Head::Patch, Head::Context] {
            let plain = seen(Change::Plain, head);
            assert_eq!(has_surroundings(&plain), head == Head::Context);
            let mut before: Vec<(Change, Vec<f32>)> = vec![(Change::Plain, plain.clone())];
            for change in CHANGES {
                let values = seen(change, head);
                assert_eq!(values.len(), plain.len());
                let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                if !change.concerns(head) {
                    assert!(bits(&values) == bits(&plain), "{change:?}");
                    continue;
                }
                for (other, theirs) in &before {
                    assert!(bits(&values) != bits(theirs), "{change:?} is {other:?}");
                }
                before.push((change, values));
            }
        }
    }

    #[test]
    fn a_patch_without_surroundings_is_changed_as_one() {
        for change in CHANGES {
            let values = change.seen(&canvas(50), Head::Context, &mut Pcg64Mcg::seed_from_u64(4));
            assert!(values.len() == 5000 && !has_surroundings(&values), "{change:?}");
        }
    }

    #[test]
    fn what_is_known_and_where_the_slice_ends_are_as_said() {
        let half = |known: usize| {
            let values = seen(Change::Known { side: known }, Head::Context);
            let around = &values[PATCH_SAMPLES..];
            // Every second pixel along the middle row, from the left.
            around[25 * 50..26 * 50].iter().take_while(|value| **value == 0.0).count()
        };
        // 14 pixels of 100 on the left: seven pairs. Of 85 seven: three pairs, and half of the next.
        assert_eq!((half(71), half(85)), (7, 3));
        assert!(!has_surroundings(&seen(Change::Known { side: 50 }, Head::Context)));
        let cut = seen(Change::Edge { px: 12 }, Head::Patch);
        let air = cut[..PATCH_SAMPLES].iter().filter(|value| **value == 0.0).count();
        assert_eq!(air, 13 * 50);
    }
}
