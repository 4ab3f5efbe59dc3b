//! Slices and volumes searched for nodules: the dense scan against patch by patch, synthetic
//! chests, real slices where they are at hand.

mod support;

use nodulens::detection::{
    Facts, HeatMap, SliceImage, SliceSearch, VolumeSearch, measured_peaks, peaks, suitability,
};
use nodulens::model::NetworkKind;
use nodulens::patch::Patch;
use nodulens::weights::Head;
use nodulens_imaging::geometry::{Axes, SpacingMm, VolumeGeometry};
use nodulens_imaging::lungs::{LungMask, lung_mask};
use nodulens_imaging::phantom::thorax::{Density, EXAMPLE, Thorax};
use nodulens_imaging::volume::{Samples, Volume};
use proptest::prelude::*;
use support::*;

/// Largest difference of a probability between a dense scan and patch by patch.
const EQUAL: f32 = 1e-4;

#[test]
fn the_dense_scan_is_what_the_patches_give_at_borders_odd_sizes_and_under_a_mask() {
    let classifier = fresh(NetworkKind::Compact);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    let slices = (1_usize..150, 1_usize..120, 0_u64..1000, 1_usize..4, 0_usize..3);
    let worst = std::cell::Cell::new(0_f32);
    runner
        .run(&slices, |(width, height, seed, strides, masked)| {
            let volume = noise(width, height, seed);
            let stride = 4 * strides;
            // All of it, a part, or single places.
            let mask = (masked > 0).then(|| LungMask {
                width,
                height,
                inside: (0..width * height)
                    .map(|i| match masked {
                        1 => u8::from(i % width > width / 3),
                        _ => u8::from((i * 7919 + seed as usize).is_multiple_of(97)),
                    })
                    .collect(),
                body: width * height,
            });
            let image = SliceImage::from_hu(&volume.slice(0), [width, height], [0.7; 2]).unwrap();
            let scan = SliceSearch::new(image, mask.as_ref(), &classifier, stride);
            let asked = scan.progress().total;
            let map = run(scan, &classifier);
            prop_assert_eq!(
                [map.width, map.height],
                [width, height].map(|side| side.div_ceil(stride))
            );
            let mut answers = 0;
            for (i, probability) in map.probability.iter().enumerate() {
                let [x, y] = map.pixel(i % map.width, i / map.width);
                let inside = mask.as_ref().is_none_or(|mask| mask.contains(x as usize, y as usize));
                prop_assert_eq!(inside, !probability.is_nan());
                if inside {
                    answers += 1;
                    let at = nodulens_imaging::geometry::VoxelPoint { x, y, z: 0.0 };
                    let patch = Patch::from_volume(&volume, at).unwrap().0;
                    let alone = classify(&classifier, &[patch])[0].probability;
                    worst.set(worst.get().max((alone - probability).abs()));
                    prop_assert!((alone - probability).abs() < EQUAL, "{} {}", alone, probability);
                }
            }
            prop_assert_eq!(asked, answers);
            Ok(())
        })
        .unwrap();
    println!("dense and patch by patch: worst difference of a probability {:.2e}", worst.get());
}

#[test]
fn a_scan_with_surroundings_is_what_every_place_gives_up_to_the_edge() {
    let classifier = fresh(NetworkKind::Context);
    let (_, chest) = small_chest(3);
    let [width, height, depth] = chest.geometry().size();
    let noisy = noise(97, 61, 4);
    for (hu, size) in [(chest.slice(depth / 2), [width, height]), (noisy.slice(0), [97, 61])] {
        let image = || SliceImage::from_hu(&hu, size, [0.7; 2]).unwrap();
        let map = run(SliceSearch::new(image(), None, &classifier, 4), &classifier);
        let (mut views, mut cells) = (Vec::new(), Vec::new());
        let [last_x, last_y] = [map.width - 1, map.height - 1];
        for (x, y) in (0..=last_y).flat_map(|y| (0..=last_x).map(move |x| (x, y))) {
            // The whole edge, and some places within.
            let edge = x == 0 || y == 0 || x == last_x || y == last_y;
            if edge || (x * 7 + y * 3).is_multiple_of(11) {
                views.extend(image().view(map.pixel(x, y)));
                cells.push(y * map.width + x);
            }
        }
        let answers = pollster::block_on(classifier.classify_views(views)).unwrap();
        assert_eq!(answers.len(), cells.len());
        for (cell, answer) in cells.into_iter().zip(answers) {
            assert_eq!(answer.head, Head::Context);
            let apart = (map.probability[cell] - answer.probability).abs();
            assert!(apart < EQUAL, "cell {cell} of {size:?}: {apart}");
        }
    }
}

#[test]
fn the_paper_s_network_is_scanned_by_patches_coarse_first() {
    let classifier = fresh(NetworkKind::Paper);
    let volume = noise(70, 45, 5);
    let image = SliceImage::from_hu(&volume.slice(0), [70, 45], [0.7; 2]).unwrap();
    let mut scan = SliceSearch::new(image, None, &classifier, 4);
    assert_eq!(scan.progress().total, 18 * 12);
    pollster::block_on(scan.step(&classifier)).unwrap();
    let known: Vec<usize> = (0..18 * 12).filter(|i| !scan.map().probability[*i].is_nan()).collect();
    // Every 16th pixel first: 5 x 3 of them.
    assert_eq!(known.len(), 15);
    assert!(known.iter().all(|i| (i % 18).is_multiple_of(4) && (i / 18).is_multiple_of(4)));
    let map = run(scan, &classifier);
    for (column, row) in [(0, 0), (17, 11), (9, 5), (1, 10)] {
        let [x, y] = map.pixel(column, row);
        let at = nodulens_imaging::geometry::VoxelPoint { x, y, z: 0.0 };
        let alone = classify(&classifier, &[Patch::from_volume(&volume, at).unwrap().0]);
        let there = map.at(column, row).unwrap();
        assert!((alone[0].probability - there).abs() < EQUAL);
    }
}

#[test]
fn a_slice_of_large_pixels_is_resampled_and_its_places_are_its_own() {
    let classifier = fresh(NetworkKind::Compact);
    let (width, height) = (80, 61);
    let hu = noise(width, height, 3).slice(0);
    // 1.96 and 0.23 mm: twice as many columns, half as many rows.
    let image = SliceImage::from_hu(&hu, [width, height], [1.96, 0.23]).unwrap();
    assert!(image.note().unwrap().contains("resampled"));
    let map = run(SliceSearch::new(image, None, &classifier, 4), &classifier);
    assert_eq!(map.step_px, [2.0, 8.0]);
    assert_eq!([map.width, map.height], [159_usize.div_ceil(4), 31_usize.div_ceil(4)]);
}

#[test]
fn every_nodule_of_a_synthetic_chest_slice_stands_out() {
    let classifier = shipped("compact");
    let (chest, volume) = small_chest(11);
    let geometry = volume.geometry();
    let [width, height, _] = geometry.size();
    let mm = [geometry.spacing_mm().x, geometry.spacing_mm().y];
    assert!(chest.len() >= 2);
    for nodule in chest {
        let at = geometry.voxel_from_world(nodule.center);
        let z = at.z.round() as usize;
        let hu = volume.slice(z);
        let mask = lung_mask(&hu, width, height, mm);
        assert!(mask.contains(at.x as usize, at.y as usize), "the mask lost {nodule:?}");
        let image = SliceImage::from_hu(&hu, [width, height], mm).unwrap();
        let map = run(SliceSearch::new(image, Some(&mask), &classifier, 4), &classifier);
        draw(&format!("small-{z}"), &hu, &mask, &map);
        let found = peaks(&map, mm, 0.5, 10.0);
        let near = found.iter().find(|peak| {
            ((peak.pixel[0] - at.x) * mm[0]).hypot((peak.pixel[1] - at.y) * mm[1]) < 6.0
        });
        assert!(near.is_some(), "{nodule:?} at {at:?} is not among {found:?}");
    }
}

#[test]
fn real_slices_are_suitable_and_scanned_within_their_lungs() {
    let Some(volume) = real_volume() else { return };
    let facts = Facts::of(&volume, Some("CT"));
    assert_eq!(suitability(&facts), [], "{facts:?}");
    let classifier = shipped("compact");
    let [width, height, depth] = volume.geometry().size();
    let spacing = volume.geometry().spacing_mm();
    let mm = [spacing.x, spacing.y];
    for z in 0..depth {
        let hu = volume.slice(z);
        let began = std::time::Instant::now();
        let mask = lung_mask(&hu, width, height, mm);
        let masked = began.elapsed();
        // A chest at the level of the lungs: a fifth to two thirds of the body.
        assert!((0.2..0.67).contains(&mask.share_of_body()), "{}", mask.share_of_body());
        let image = SliceImage::from_hu(&hu, [width, height], mm).unwrap();
        let map = run(SliceSearch::new(image, Some(&mask), &classifier, 4), &classifier);
        println!(
            "slice {z}: lung {:.2} of the body, mask {masked:?}, with the scan {:?}, {} peaks",
            mask.share_of_body(),
            began.elapsed(),
            peaks(&map, mm, 0.5, 10.0).len()
        );
        draw(&format!("real-{z}"), &hu, &mask, &map);
        let outside = |map: &HeatMap| map.probability.iter().filter(|p| p.is_nan()).count();
        assert!(outside(&map) > map.probability.len() / 3);
    }
}

#[test]
fn the_solid_nodules_of_a_synthetic_volume_are_found_where_and_as_large_as_they_are() {
    let classifier = shipped("compact");
    let spacing = SpacingMm { x: 0.7, y: 0.7, z: 2.5 };
    let chest = Thorax::new(2, [512, 512, 24], spacing, &EXAMPLE).unwrap();
    assert_eq!(chest.nodules().len(), EXAMPLE.len());
    let size = [512, 512];
    let mut scan = VolumeSearch::new(chest.geometry().clone());
    while let Some(z) = scan.next_slice() {
        let hu: Vec<f32> = chest.slice(z).into_iter().map(f32::from).collect();
        let mask = lung_mask(&hu, 512, 512, [0.7; 2]);
        let image = SliceImage::from_hu(&hu, size, [0.7; 2]).unwrap();
        let map = run(SliceSearch::new(image, Some(&mask), &classifier, 4), &classifier);
        draw(&format!("chest-{z}"), &hu, &mask, &map);
        scan.add(&measured_peaks(&map, &hu, size, [0.7; 2], Some(&mask), 0.5), map.highest());
    }
    assert!(scan.along_z().iter().all(|highest| highest.is_some_and(|p| (0.0..=1.0).contains(&p))));
    let found = scan.findings(10.0);
    let mut misses = Vec::new();
    for nodule in chest.nodules() {
        let planned = nodule.planned;
        // Within the nodule, or a step of the scan beside it.
        let reach = (planned.diameter_mm / 2.0).max(5.0);
        let near = found.iter().find(|finding| finding.world.distance(nodule.center) < reach);
        println!("{planned:?}: {:?}", near.map(|f| (f.probability, f.diameter_mm, f.slices)));
        let solid = planned.density == Density::Solid && planned.diameter_mm >= 6.0;
        if solid && near.is_none() {
            misses.push(planned);
        }
        // What is measured is one section, which may be smaller than the whole.
        let apart = near.and_then(|finding| finding.diameter_mm);
        if let Some(diameter) = apart.filter(|_| solid && !planned.pleural) {
            let share = diameter / planned.diameter_mm;
            assert!((0.5..1.3).contains(&share), "{diameter} mm for {planned:?}");
        }
    }
    assert!(misses.is_empty(), "not among {} findings: {misses:?}", found.len());
}

#[test]
fn what_is_no_axial_chest_in_hu_is_told_so() {
    let spacing = SpacingMm { x: 1.4, y: 1.4, z: 10.0 };
    let chest = Thorax::new(4, [256, 256, 12], spacing, &[]).unwrap();
    let Samples::Int16(hu) = chest.volume().samples().clone() else { panic!("floats") };
    let geometry = chest.geometry();
    let outside = |hu: Vec<i16>, axes: Option<Axes>| -> Vec<&'static str> {
        let axes = axes.unwrap_or(geometry.axes());
        let geometry =
            VolumeGeometry::new(geometry.size(), geometry.origin(), geometry.spacing_mm(), axes);
        let volume = Volume::new(Samples::Int16(hu), geometry.unwrap()).unwrap();
        let concerns = suitability(&Facts::of(&volume, Some("CT")));
        concerns.iter().filter(|concern| concern.outside).map(|concern| concern.code).collect()
    };
    assert!(outside(hu.clone(), None).is_empty());
    let coronal = Axes::from([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]);
    assert_eq!(outside(hu.clone(), Some(coronal)), ["not-axial"]);
    let windowed = |hu: i16| ((f32::from(hu) + 1350.0) / 1500.0 * 255.0).clamp(0.0, 255.0) as i16;
    assert_eq!(outside(hu.iter().map(|hu| windowed(*hu)).collect(), None), ["not-hu"]);
    let bone = |hu: i16| hu.clamp(-450, 1050);
    assert_eq!(outside(hu.iter().map(|hu| bone(*hu)).collect(), None), ["not-hu"]);
    // The same body, with bowel instead of lung: gas here and there.
    let side = 256 * 256;
    let mut filled = hu.clone();
    for z in 0..12 {
        let slice: Vec<f32> =
            hu[z * side..(z + 1) * side].iter().map(|hu| f32::from(*hu)).collect();
        let mask = lung_mask(&slice, 256, 256, [1.4; 2]);
        assert!(mask.area() > 0);
        for i in (0..side).filter(|i| mask.inside[*i] == 1) {
            let gas = (i % 256 / 16 + i / 256 / 16).is_multiple_of(7);
            filled[z * side + i] = if gas { -990 } else { 45 };
        }
    }
    assert_eq!(outside(filled, None), ["no-lungs"]);
}
