//! What the tests of scans share.

use nodulens::classifier::{Classifier, Prediction};
use nodulens::detection::{HeatMap, SliceSearch};
use nodulens::model::NetworkKind;
use nodulens::patch::Patch;
use nodulens::weights::{Card, Parameters, WeightsHeader, write_weights};
use nodulens_imaging::decode::metaimage::decode_mhd;
use nodulens_imaging::geometry::{Axes, SpacingMm, VolumeGeometry, WorldMm};
use nodulens_imaging::lungs::LungMask;
use nodulens_imaging::phantom::chest::{Nodule, chest};
use nodulens_imaging::volume::{Samples, Volume};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use std::path::{Path, PathBuf};

/// A classifier of random weights.
pub fn fresh(kind: NetworkKind) -> Classifier {
    let parameters = Parameters::random(kind, &mut Pcg64Mcg::seed_from_u64(7));
    let header = WeightsHeader::uncalibrated(kind, Card::default());
    let weights = write_weights(&header, &parameters).unwrap();
    Classifier::on_engine(&weights).unwrap()
}

/// The weights that ship.
pub fn shipped(name: &str) -> Classifier {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/www/models/");
    let bytes = std::fs::read(format!("{path}{name}.nodulens")).unwrap();
    Classifier::on_engine(&bytes).unwrap()
}

pub fn classify(classifier: &Classifier, patches: &[Patch]) -> Vec<Prediction> {
    pollster::block_on(classifier.classify(patches)).unwrap()
}

pub fn run(scan: SliceSearch, classifier: &Classifier) -> HeatMap {
    pollster::block_on(scan.run(classifier)).unwrap()
}

/// One slice of noise over the model's window and beyond, with some structure.
pub fn noise(width: usize, height: usize, seed: u64) -> Volume {
    let origin = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
    let spacing = SpacingMm { x: 0.7, y: 0.7, z: 2.5 };
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let samples = (0..width * height)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            let grain = (state >> 40) as f32 / (1 << 24) as f32;
            let blocks = ((i % width / 9 + i / width / 7) % 3) as f32;
            -1100.0 + 500.0 * blocks + 700.0 * grain
        })
        .collect();
    let geometry =
        VolumeGeometry::new([width, height, 1], origin, spacing, Axes::IDENTITY).unwrap();
    Volume::new(Samples::Float32(samples), geometry).unwrap()
}

/// A small chest as LUNA16's tests have it.
pub fn small_chest(seed: u64) -> (Vec<Nodule>, Volume) {
    let spacing = SpacingMm { x: 0.7, y: 0.7, z: 1.25 };
    let chest = chest(seed, [240, 200, 40], spacing, 4, 0).unwrap();
    (chest.nodules, chest.volume)
}

/// Real data, or a line that says what is not tested.
pub fn real_folder() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("NODULENS_DATA").map_or_else(default, PathBuf::from);
    let there = data.join("scans/lidc0003_6slices.mhd").is_file();
    if !there {
        println!("SKIPPED: no real slices in {}; set NODULENS_DATA", data.display());
    }
    there.then_some(data)
}

/// Six slices of a real scan.
pub fn real_volume() -> Option<Volume> {
    let scans = real_folder()?.join("scans");
    let read = |name: &str| std::fs::read(scans.join(name)).unwrap();
    Some(decode_mhd(&read("lidc0003_6slices.mhd"), &read("lidc0003_6slices.raw")).unwrap())
}

/// Draws slice, mask outline and heat map as a PNG where NODULENS_PICTURES names a folder.
pub fn draw(name: &str, hu: &[f32], mask: &LungMask, map: &HeatMap) {
    let Some(folder) = std::env::var_os("NODULENS_PICTURES") else { return };
    let (width, height) = (mask.width, mask.height);
    let picture = image::RgbImage::from_fn(2 * width as u32, height as u32, |x, y| {
        let (left, x, y) = ((x as usize) < width, x as usize % width, y as usize);
        let grey = ((hu[y * width + x] + 1000.0) / 1400.0 * 255.0).clamp(0.0, 255.0);
        let cell = [0, 1].map(|k| ([x, y][k] as f64 / map.step_px[k] + 0.5) as usize);
        let edge = mask.contains(x, y)
            && !(mask.contains(x + 1, y)
                && mask.contains(x, y + 1)
                && mask.contains(x.wrapping_sub(1), y)
                && y > 0
                && mask.contains(x, y - 1));
        let p = map.at(cell[0], cell[1]).filter(|_| !left);
        match p {
            _ if edge => image::Rgb([0, 255, 0]),
            Some(p) => image::Rgb([
                (grey * (1.0 - p) + 255.0 * p) as u8,
                (grey * (1.0 - p)) as u8,
                (grey * (1.0 - p)) as u8,
            ]),
            None => image::Rgb([grey as u8; 3]),
        }
    });
    picture.save(Path::new(&folder).join(format!("{name}.png"))).unwrap();
}
