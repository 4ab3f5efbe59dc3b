//! What a sample means: Hounsfield units, or grey of unknown origin. Never one for the other.

/// CT number in Hounsfield units: water is 0, air is -1000.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Hu(pub f32);

/// Displayed intensity in [0, 1]: black is 0, white is 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Grey(pub f32);

/// Linear map from HU to grey, saturating at both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Middle of the window in HU ("level" on a workstation).
    pub center: f32,
    /// Extent of the window in HU, above 0.
    pub width: f32,
}

impl Window {
    /// Grey in [0, 1]. Not-a-number becomes black, for a padding value must not poison a patch.
    #[must_use]
    pub fn apply(self, hu: Hu) -> Grey {
        let grey = (hu.0 - (self.center - self.width / 2.0)) / self.width;
        Grey(if grey.is_nan() { 0.0 } else { grey.clamp(0.0, 1.0) })
    }

    /// The HU that this window shows as a grey: the inverse of [`Self::apply`] within the window.
    #[must_use]
    pub fn hu(self, grey: Grey) -> Hu {
        Hu(self.center + (grey.0 - 0.5) * self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_maps_its_ends_and_saturates() {
        let window = Window { center: -300.0, width: 1400.0 };
        let grey = |hu| window.apply(Hu(hu)).0;
        assert_eq!(window.hu(Grey(0.25)), Hu(-650.0));
        assert_eq!(grey(-1000.0), 0.0);
        assert_eq!(grey(400.0), 1.0);
        assert_eq!(grey(-300.0), 0.5);
        assert_eq!(grey(-3024.0), 0.0);
        assert_eq!(grey(3071.0), 1.0);
        assert_eq!(grey(f32::NAN), 0.0);
        // Water, by hand: (0 + 1000) / 1400.
        assert!((grey(0.0) - 0.714_285_7).abs() < 1e-6);
    }
}
