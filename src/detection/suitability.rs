//! Whether a scan is of the kind that the networks were trained on. A probability for a knee is a
//! number without meaning, and the user should be told so in plain words.

use crate::constants::TRAINED_PIXEL_MM;
use nodulens_imaging::lungs::lung_mask;
use nodulens_imaging::volume::Volume;
use serde::Serialize;

/// Smallest share of the slices' direction that runs along the body: 30 degrees of tilt. Scanners
/// tilt by less; coronal and sagittal series have 0.
const AXIAL_COSINE: f64 = 0.866;

/// The darkest hundredth of a chest CT is air, darker than this, HU. Bone windows that were stored
/// as they looked end above, and 8-bit pictures at 0.
const AIR_HU: f32 = -800.0;

/// The brightest hundredth of a chest CT is tissue, brighter than this, HU.
const TISSUE_HU: f32 = -50.0;

/// Smallest share of the body that is lung in at least one slice of a chest. Slices through the
/// tips of the lungs alone have less, but a chest has others; bowel gas is left out by
/// [`lung_mask`], and what is left of it rarely reaches a twentieth.
const LUNG_SHARE: f64 = 0.08;

/// Smallest such area of lung, mm²: a lung's cross-section is 10,000 to 20,000, and the air spaces
/// of a head reach less than this.
const LUNG_MM2: f64 = 3000.0;

/// Largest distance of slices, mm: LUNA16 left out scans above 2.5 (Setio et al. 2017), and headers
/// round.
const SLICES_MM: f64 = 2.6;

/// Most slices that are looked at.
const LOOKS: usize = 9;

/// Why answers for this scan may mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Concern {
    /// Stable name, for programs.
    pub code: &'static str,
    /// Whether it is outside what the model was trained on altogether; otherwise it is only less
    /// like it.
    pub outside: bool,
    /// What it is and why it matters, in full sentences.
    pub message: String,
}

/// What is asked of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// DICOM's modality, where the file says: "CT".
    pub modality: Option<String>,
    /// Share of the slices' direction that runs along the body (z), in [0, 1].
    pub axial: f64,
    /// Between pixels along x and y, and between slices, mm.
    pub spacing_mm: [f64; 3],
    /// How many slices there are.
    pub slices: usize,
    /// HU below which a hundredth of the samples lies, and above which another does.
    pub range_hu: [f32; 2],
    /// Largest area of lung in a slice, mm².
    pub lung_mm2: f64,
    /// Largest share of lung in the body in a slice, in [0, 1].
    pub lung_share: f64,
}

impl Facts {
    /// Look at up to nine slices, evenly spread.
    #[must_use]
    pub fn of(volume: &Volume, modality: Option<&str>) -> Self {
        let geometry = volume.geometry();
        let ([width, height, depth], spacing) = (geometry.size(), geometry.spacing_mm());
        let looks = depth.min(LOOKS);
        let (mut lung_mm2, mut lung_share) = (0.0_f64, 0.0_f64);
        let mut seen = Vec::new();
        for look in 0..looks {
            let z = (2 * look + 1) * depth / (2 * looks);
            let hu = volume.slice(z);
            let mask = lung_mask(&hu, width, height, [spacing.x, spacing.y]);
            lung_mm2 = lung_mm2.max(mask.area() as f64 * spacing.x * spacing.y);
            lung_share = lung_share.max(mask.share_of_body());
            // Every 7th: a range needs no more, and 7 divides no usual width.
            seen.extend(hu.into_iter().step_by(7).filter(|hu| hu.is_finite()));
        }
        seen.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| seen.get((seen.len() as f64 * share) as usize).copied();
        let range_hu = [at(0.01).unwrap_or(0.0), at(0.99).unwrap_or(0.0)];
        let axial = geometry.axes()[2][2].abs();
        let spacing_mm = [spacing.x, spacing.y, spacing.z];
        let modality = modality.map(str::to_owned);
        Self { modality, axial, spacing_mm, slices: depth, range_hu, lung_mm2, lung_share }
    }
}

/// Return what speaks against trusting answers for a scan; nothing where it is like the training
/// data.
#[must_use]
pub fn suitability(facts: &Facts) -> Vec<Concern> {
    let mut concerns = Vec::new();
    let mut tell = |code, outside, reason: String| {
        let message = if outside {
            format!("This is outside what the model was trained on: {reason}")
        } else {
            reason
        };
        concerns.push(Concern { code, outside, message });
    };
    if let Some(modality) = facts.modality.as_deref().filter(|modality| *modality != "CT") {
        tell("not-ct", true, format!("the modality is {modality}, not CT."));
    }
    if facts.axial < AXIAL_COSINE {
        let reason = "the slices are not axial, and nodules, vessels and walls look different in \
                      other planes.";
        tell("not-axial", true, reason.to_owned());
    }
    let [low, high] = facts.range_hu;
    if low > AIR_HU || high < TISSUE_HU {
        let reason = format!(
            "its values run from {low:.0} to {high:.0}, without the air and tissue of a chest in HU; \
             it may have been windowed for display."
        );
        tell("not-hu", true, reason);
    } else if facts.lung_share < LUNG_SHARE || facts.lung_mm2 < LUNG_MM2 {
        let reason = format!(
            "no slice shows enough lung ({:.0} % of the body, {:.0} cm²); it may not be a chest.",
            facts.lung_share * 100.0,
            facts.lung_mm2 / 100.0
        );
        tell("no-lungs", true, reason);
    }
    let [x, y, z] = facts.spacing_mm;
    let [small, large] = TRAINED_PIXEL_MM;
    if x.min(y) < small * 0.999 || x.max(y) > large * 1.001 {
        let reason = format!(
            "A pixel is {x:.2} x {y:.2} mm, and the model was trained on {small} to {large} mm; slices \
             are resampled before a scan."
        );
        tell("pixel-spacing", false, reason);
    }
    if facts.slices > 1 && z > SLICES_MM {
        let reason = format!(
            "Slices are {z:.1} mm apart, and the model was trained on at most 2.5 mm; small nodules \
             may lie between them or look faint."
        );
        tell("thick-slices", false, reason);
    }
    concerns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chest() -> Facts {
        Facts {
            modality: Some("CT".to_owned()),
            axial: 1.0,
            spacing_mm: [0.7, 0.7, 2.5],
            slices: 100,
            range_hu: [-1000.0, 300.0],
            lung_mm2: 20_000.0,
            lung_share: 0.4,
        }
    }

    fn codes(facts: &Facts) -> Vec<&'static str> {
        suitability(facts).iter().map(|concern| concern.code).collect()
    }

    #[test]
    fn each_reason_is_told_and_a_chest_has_none() {
        assert!(codes(&chest()).is_empty());
        assert!(codes(&Facts { modality: None, ..chest() }).is_empty());
        assert_eq!(codes(&Facts { modality: Some("MR".to_owned()), ..chest() }), ["not-ct"]);
        assert_eq!(codes(&Facts { axial: 0.0, ..chest() }), ["not-axial"]);
        // 8-bit, and a bone window.
        assert_eq!(codes(&Facts { range_hu: [0.0, 255.0], lung_mm2: 0.0, ..chest() }), ["not-hu"]);
        assert_eq!(codes(&Facts { range_hu: [-450.0, 1050.0], ..chest() }), ["not-hu"]);
        assert_eq!(codes(&Facts { lung_share: 0.01, ..chest() }), ["no-lungs"]);
        assert_eq!(codes(&Facts { lung_mm2: 900.0, ..chest() }), ["no-lungs"]);
        let coarse = Facts { spacing_mm: [1.2, 1.2, 5.0], ..chest() };
        assert_eq!(codes(&coarse), ["pixel-spacing", "thick-slices"]);
        assert!(suitability(&coarse).iter().all(|concern| !concern.outside));
        assert!(codes(&Facts { spacing_mm: [0.7, 0.7, 5.0], slices: 1, ..chest() }).is_empty());
    }
}
