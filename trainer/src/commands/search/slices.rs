//! A scan or a picture searched, slice by slice.

use crate::commands::open::{Opened, Refusal, wait};
use nodulens::classifier::Classifier;
use nodulens::constants::{FINDING_DISTANCE_MM, MODEL_WINDOW};
use nodulens::detection::{
    ASSUMED_PIXEL_MM, HeatMap, SliceError, SliceImage, SliceSearch, VolumeSearch, measured_peaks,
    peaks,
};
use nodulens::findings::{InputUsed, ModelUsed, Report, Search, heat_map_png};
use nodulens::preprocess::display_bytes;
use nodulens_imaging::UserError;
use nodulens_imaging::decode::series::Series;
use nodulens_imaging::geometry::{Axes, SpacingMm, VolumeGeometry, WorldMm};
use nodulens_imaging::intensity::{Grey, Hu};
use nodulens_imaging::lungs::lung_mask;
use nodulens_imaging::reformat::slice_number;

/// Heat maps that are kept for the page, of the most probable findings.
const PICTURES: usize = 12;

/// How to search.
pub struct SearchOptions {
    pub stride: usize,
    pub lung_mask: bool,
    pub min_probability: f32,
    /// Whether heat maps are wanted.
    pub pictures: bool,
}

/// What was found, and heat maps of the slices in which it was: number from 1, and PNG.
pub struct Searched {
    pub report: Report,
    pub pictures: Vec<(usize, Vec<u8>)>,
}

/// Search what a file holds.
///
/// # Errors
/// [`Refusal`] where it cannot be searched or the device fails.
pub fn search(
    classifier: &Classifier,
    opened: &Opened,
    options: &SearchOptions,
) -> Result<Searched, Refusal> {
    match opened {
        Opened::Series { title, series } => {
            let mut found = whole_series(classifier, series, options)?;
            // Of DICOM the title says what the series is, and which part of its UID; of other files
            // their name does.
            let input = &mut found.report.input;
            if series.info.series_uid.is_none() {
                input.title.clone_from(title);
            }
            input.series_uid = Some(title.clone());
            Ok(found)
        }
        Opened::Picture { sha256, image } => {
            let input = InputUsed {
                title: "picture".to_owned(),
                series_uid: None,
                format: image.format.to_owned(),
                sha256: sha256.clone(),
                size: [image.width, image.height, 1],
                spacing_mm: None,
                identity: vec![],
            };
            let grey: Vec<f32> = image.samples.iter().map(|Grey(grey)| *grey).collect();
            picture(classifier, &grey, input, options)
        }
    }
}

fn whole_series(
    classifier: &Classifier,
    series: &Series,
    options: &SearchOptions,
) -> Result<Searched, Refusal> {
    let volume = &series.volume;
    let geometry = volume.geometry();
    let ([width, height, _], spacing) = (geometry.size(), geometry.spacing_mm());
    let (size, pixel_mm) = ([width, height], [spacing.x, spacing.y]);
    let mut scan = VolumeSearch::new(geometry.clone());
    let mut note = None;
    while let Some(z) = scan.next_slice() {
        let hu = volume.slice(z);
        let mask = options.lung_mask.then(|| lung_mask(&hu, width, height, pixel_mm));
        let image = SliceImage::from_hu(&hu, size, pixel_mm).map_err(refused)?;
        note = image.note().map(str::to_owned);
        let map = heat(classifier, image, mask.as_ref(), options)?;
        let least = options.min_probability;
        scan.add(&measured_peaks(&map, &hu, size, pixel_mm, mask.as_ref(), least), map.highest());
    }
    let search = searched(options, scan.progress().done);
    let findings = scan.findings(FINDING_DISTANCE_MM);
    let model = ModelUsed::of(classifier);
    let mut report = Report::of_series(series, model, search, &findings, false);
    report.notes.extend(note);
    let mut pictures = Vec::new();
    if options.pictures {
        // Again, slice by slice: maps of a whole volume are not kept.
        let mut slices: Vec<usize> = Vec::new();
        for row in &report.findings {
            if !slices.contains(&row.slice_index) && slices.len() < PICTURES {
                slices.push(row.slice_index);
            }
        }
        slices.sort_unstable();
        for z in slices {
            let hu = volume.slice(z);
            let mask = options.lung_mask.then(|| lung_mask(&hu, width, height, pixel_mm));
            let image = SliceImage::from_hu(&hu, size, pixel_mm).map_err(refused)?;
            let map = heat(classifier, image, mask.as_ref(), options)?;
            let grey: Vec<f32> = hu.iter().map(|hu| MODEL_WINDOW.apply(Hu(*hu)).0).collect();
            let number = slice_number(geometry, z);
            pictures.push((number, drawn(&map, size, &grey, &report)?));
        }
    }
    Ok(Searched { report, pictures })
}

fn picture(
    classifier: &Classifier,
    grey: &[f32],
    input: InputUsed,
    options: &SearchOptions,
) -> Result<Searched, Refusal> {
    let [width, height, _] = input.size;
    let image = SliceImage::from_grey(grey, [width, height], None).map_err(refused)?;
    let note = image.note().map(str::to_owned);
    let map = heat(classifier, image, None, options)?;
    let pixel_mm = [ASSUMED_PIXEL_MM; 2];
    // Only to bring the peaks together; a picture says nothing of the body.
    let origin = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
    let spacing = SpacingMm { x: pixel_mm[0], y: pixel_mm[1], z: 1.0 };
    let geometry = VolumeGeometry::new([width, height, 1], origin, spacing, Axes::IDENTITY);
    let geometry = geometry.map_err(|error| Refusal {
        code: "slice-size",
        message: error.to_string(),
        hint: "Please report this.".to_owned(),
    })?;
    let mut scan = VolumeSearch::new(geometry);
    scan.add(&peaks(&map, pixel_mm, options.min_probability, FINDING_DISTANCE_MM), map.highest());
    let mut search = searched(options, 1);
    search.lung_mask = false;
    let findings = scan.findings(FINDING_DISTANCE_MM);
    let mut report = Report::new(ModelUsed::of(classifier), input, search, &findings, false);
    report.notes.push(
        "A picture has no HU: it was taken as windowed like the model's patches, searched \
         everywhere, and no diameter was measured."
            .to_owned(),
    );
    report.notes.extend(note);
    let mut pictures = Vec::new();
    if options.pictures {
        pictures.push((1, drawn(&map, [width, height], grey, &report)?));
    }
    Ok(Searched { report, pictures })
}

fn heat(
    classifier: &Classifier,
    image: SliceImage,
    mask: Option<&nodulens_imaging::lungs::LungMask>,
    options: &SearchOptions,
) -> Result<HeatMap, Refusal> {
    let scan = SliceSearch::new(image, mask, classifier, options.stride);
    wait(scan.run(classifier)).map_err(|error| Refusal {
        code: "device-failed",
        message: error.to_string(),
        hint: "Choose --device cpu.".to_owned(),
    })
}

fn drawn(
    map: &HeatMap,
    size: [usize; 2],
    grey: &[f32],
    report: &Report,
) -> Result<Vec<u8>, Refusal> {
    heat_map_png(map, size, Some(&display_bytes(grey)), report).map_err(|error| Refusal {
        code: "picture",
        message: error.to_string(),
        hint: "Please report this.".to_owned(),
    })
}

fn searched(options: &SearchOptions, slices_scanned: usize) -> Search {
    Search {
        stride_px: options.stride,
        lung_mask: options.lung_mask,
        min_probability: options.min_probability,
        min_distance_mm: FINDING_DISTANCE_MM,
        slices_scanned,
    }
}

fn refused(error: SliceError) -> Refusal {
    Refusal { code: error.code(), message: error.to_string(), hint: error.hint().to_owned() }
}
