//! What is said of a series beside its volume.

use super::duplicates::named;
use super::slice::{FileFacts, Slice};
use crate::decode::series::{Gap, SeriesInfo, SliceSource, Warning};
use crate::phantom::thorax::SYNTHETIC;

/// What the files' headers make doubtful, once each.
pub(super) fn slice_warnings(slices: &[Slice], reasons: &[&str]) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    if slices.first().is_some_and(|slice| slice.localizer) {
        let message = "It is an overview image (localizer), not a scan of the chest in slices.";
        warnings.push(Warning::new("localizer", message));
    }
    warnings.extend(of_files(slices));
    if !reasons.is_empty() {
        let list = reasons.join(", ");
        let message = format!(
            "Files of one series UID differ in {list}: each kind is shown as a series of its own."
        );
        warnings.push(Warning::new("mixed-series", message));
    }
    if slices.first().is_some_and(|slice| slice.file.series_uid.is_none()) {
        let message = "The files do not say to which series they belong: they are taken together.";
        warnings.push(Warning::new("no-series-uid", message));
    }
    warnings
}

/// What the files' own headers make doubtful, once each; with their names where it is so in some.
fn of_files(slices: &[Slice]) -> Vec<Warning> {
    let mut files: Vec<&FileFacts> = slices.iter().map(|slice| &*slice.file).collect();
    files.dedup_by(|a, b| std::ptr::eq(*a, *b));
    let mut told: Vec<(&Warning, Vec<String>)> = Vec::new();
    for file in &files {
        for warning in &file.warnings {
            match told.iter_mut().find(|(known, _)| *known == warning) {
                Some((_, names)) => names.push(file.name.clone()),
                None => told.push((warning, vec![file.name.clone()])),
            }
        }
    }
    let all = files.len();
    let said = |(warning, names): (&Warning, Vec<String>)| match named(&names) {
        Some(list) if names.len() < all => {
            let message = format!(
                "{} This is so in {} of {all} files: {list}.",
                warning.message,
                names.len()
            );
            Warning::new(warning.code, message)
        }
        _ => warning.clone(),
    };
    told.into_iter().map(said).collect()
}

/// What is known of sorted slices; their hash is set by the caller.
pub(super) fn info(
    slices: &[Slice],
    gaps: Vec<Gap>,
    tilt_degrees: f64,
    spacing_z: f64,
    label: &str,
) -> SeriesInfo {
    let Some(first) = slices.first() else { return SeriesInfo::default() };
    let facts = &first.file;
    let mut files: Vec<_> = slices.iter().map(|slice| &slice.sha256).collect();
    files.sort_unstable();
    files.dedup();
    // Modality is a coded string; what is none could be anything.
    let coded = |text: &&str| {
        text.len() <= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let modality = facts.modality.as_deref().filter(coded).unwrap_or("DICOM");
    let number = facts.series_number.map(|number| format!(" series {number}")).unwrap_or_default();
    let kind = if first.localizer { " localizer" } else { "" };
    let title = match slices.len() {
        1 => format!("{modality}{number}{kind}{label}, one slice"),
        count => format!("{modality}{number}{kind}{label}, {count} slices every {spacing_z:.2} mm"),
    };
    let source = |slice: &Slice| SliceSource {
        file: slice.file.name.clone(),
        sop_class_uid: slice.file.class_uid.clone(),
        sop_instance_uid: slice.file.instance_uid.clone(),
        instance_number: slice.instance,
        frame: slice.frame,
    };
    SeriesInfo {
        format: "DICOM",
        title,
        description: facts.description.clone(),
        modality: facts.modality.clone(),
        synthetic: facts.description.as_deref() == Some(SYNTHETIC),
        localizer: first.localizer,
        files: files.len(),
        sha256: String::new(),
        study_uid: facts.study_uid.clone(),
        series_uid: facts.series_uid.clone(),
        frame_of_reference_uid: facts.frame_of_reference_uid.clone(),
        slices: slices.iter().map(source).collect(),
        slice_thickness_mm: first.thickness,
        gaps,
        kernel: first.kernel.clone(),
        tilt_degrees,
        window: facts.window,
        tags: facts.tags.clone(),
        patient: facts.patient.clone(),
        charset: facts.charset.clone(),
        placed: false,
        identifies: slices.iter().any(|slice| slice.file.identifies),
        burned_in: slices.iter().any(|slice| slice.file.burned_in),
    }
}
