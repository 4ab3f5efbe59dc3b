//! What a search found, in plain numbers: what every export is made of.

use crate::classifier::Classifier;
use crate::detection::{Concern, Facts, Finding, suitability};
use crate::weights::{Head, Operating};
use nodulens_imaging::decode::series::{Series, Warning};
use nodulens_imaging::reformat::slice_number;
use serde::Serialize;

/// Stands in every export.
pub const NOTICE: &str = "Research and teaching software, not a medical device";

/// All that an export tells. Serialized, it is the JSON export.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`NOTICE`].
    pub notice: &'static str,
    /// Name and version.
    pub program: String,
    /// When, as the caller writes it; nothing here has a clock.
    pub created: Option<String>,
    /// Which weights.
    pub model: ModelUsed,
    /// Of which scan.
    pub input: InputUsed,
    /// How it was searched.
    pub search: Search,
    /// What the files gave to mind when they were opened, most important first.
    pub warnings: Vec<Warning>,
    /// What speaks against trusting it.
    pub concerns: Vec<Concern>,
    /// What else the user should know, in full sentences.
    pub notes: Vec<String>,
    /// Most probable first.
    pub findings: Vec<Row>,
}

/// The weights that answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelUsed {
    /// Network and the first digits of the hash.
    pub id: String,
    /// Of the weights file.
    pub sha256: String,
    /// Which part of it: whether places were seen with their surroundings.
    pub head: Head,
    /// Smallest probability that is called a nodule.
    pub threshold: f32,
    /// Of the logits before softmax.
    pub temperature: f32,
    /// Names the preprocessing.
    pub preprocess_id: String,
}

impl ModelUsed {
    /// Return what a classifier says of itself.
    #[must_use]
    pub fn of(classifier: &Classifier) -> Self {
        let header = classifier.header();
        // In a slice surroundings are known.
        let head = if header.context.is_some() { Head::Context } else { Head::Patch };
        let Operating { threshold, temperature } = header.operating(head);
        Self {
            id: classifier.model_id(),
            sha256: classifier.sha256().to_owned(),
            head,
            threshold,
            temperature,
            preprocess_id: header.preprocess_id.clone(),
        }
    }
}

/// The scan that was searched.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputUsed {
    /// What to call it; nothing that identifies the patient.
    pub title: String,
    /// Series instance UID (0020,000E); of LUNA16's files, the name. `None` where there is none.
    pub series_uid: Option<String>,
    /// "DICOM", "MetaImage", "PNG" ...
    pub format: String,
    /// Of the file, or of the hashes of its files.
    pub sha256: String,
    /// Voxels along x, y and z.
    pub size: [usize; 3],
    /// Of a voxel, mm; `None` where the file does not say.
    pub spacing_mm: Option<[f64; 3]>,
    /// Name and value of tags that identify the patient: empty unless asked for.
    pub identity: Vec<(String, String)>,
}

/// How it was searched.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    /// Pixels between two places.
    pub stride_px: usize,
    /// Whether only the lungs were looked at.
    pub lung_mask: bool,
    /// Places below this are no findings.
    pub min_probability: f32,
    /// Findings are at least this far apart, mm.
    pub min_distance_mm: f64,
    /// Slices that were looked at.
    pub slices_scanned: usize,
}

/// A finding in plain numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// 1 is the most probable.
    pub rank: usize,
    /// In [0, 1].
    pub probability: f32,
    /// Whether the probability reaches the threshold of the weights.
    pub nodule: bool,
    /// In the body, mm, LPS: x to the left, y to the back, z to the head; `None` where the input
    /// does not say where it lies.
    pub world_mm: Option<[f64; 3]>,
    /// Pixel of the slice, x and y from 0.
    pub pixel: [f64; 2],
    /// The slice as a viewer counts, from 1, in the plane in which it was acquired.
    pub slice_number: usize,
    /// The same in the array, from 0, along the slice normal.
    pub slice_index: usize,
    /// First and last slice of the array in which it was found, from 0.
    pub slice_indices: [usize; 2],
    /// Estimated in its slice, mm.
    pub diameter_mm: Option<f64>,
}

impl Report {
    /// Findings of a scan. `placed`: whether the input says where it lies in the body.
    #[must_use]
    pub fn new(
        model: ModelUsed,
        input: InputUsed,
        search: Search,
        findings: &[Finding],
        placed: bool,
    ) -> Self {
        let threshold = model.threshold;
        let row = |(i, finding): (usize, &Finding)| Row {
            rank: i + 1,
            probability: finding.probability,
            nodule: finding.probability >= threshold,
            world_mm: placed.then_some([finding.world.x, finding.world.y, finding.world.z]),
            pixel: [finding.voxel.x, finding.voxel.y],
            slice_number: finding.voxel.z as usize + 1,
            slice_index: finding.voxel.z as usize,
            slice_indices: finding.slices,
            diameter_mm: finding.diameter_mm,
        };
        let mut notes = vec![
            "Probabilities are of single patches; a whole scan offers thousands of them, so that \
             many findings are not nodules."
                .to_owned(),
            "Diameters are measured in one slice, by density, and only estimated.".to_owned(),
        ];
        if findings.is_empty() {
            notes.insert(
                0,
                "Nothing was found; this does not mean that nothing is there.".to_owned(),
            );
        }
        Self {
            notice: NOTICE,
            program: format!("Nodulens {}", env!("CARGO_PKG_VERSION")),
            created: None,
            model,
            input,
            search,
            warnings: Vec::new(),
            concerns: Vec::new(),
            notes,
            findings: findings.iter().enumerate().map(row).collect(),
        }
    }

    /// Put together what a search of an opened series found. `identity`: whether to say who the
    /// patient is.
    #[must_use]
    pub fn of_series(
        series: &Series,
        model: ModelUsed,
        search: Search,
        findings: &[Finding],
        identity: bool,
    ) -> Self {
        let (info, geometry) = (&series.info, series.volume.geometry());
        let spacing = geometry.spacing_mm();
        // A picture's pixels were given a size, not read.
        let measured = info.format != "picture";
        let input = InputUsed {
            title: info.title.clone(),
            series_uid: info.series_uid.clone(),
            format: info.format.to_owned(),
            sha256: info.sha256.clone(),
            size: geometry.size(),
            spacing_mm: measured.then_some([spacing.x, spacing.y, spacing.z]),
            identity: if identity { info.identity() } else { Vec::new() },
        };
        let mut report = Self::new(model, input, search, findings, info.placed);
        for row in &mut report.findings {
            row.slice_number = slice_number(geometry, row.slice_index);
        }
        if !info.placed {
            let note = "The input does not say where it lies in the body: findings have a slice and \
                        a pixel, and no place in mm.";
            report.notes.push(note.to_owned());
        }
        report.warnings.clone_from(&series.warnings);
        report.concerns = suitability(&Facts::of(&series.volume, info.modality.as_deref()));
        report
    }

    /// As JSON, indented.
    ///
    /// # Errors
    /// None in practice: every field can be written.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}
