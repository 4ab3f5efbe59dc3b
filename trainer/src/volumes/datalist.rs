//! MONAI's datalist, as its detection tutorial has it for LUNA16: for each image boxes in mm,
//! `[x, y, z, width, height, depth]` about their centres (`cccwhd`), LPS.

use super::{Place, Portion};
use anyhow::{Context, Result, ensure};
use nodulens_imaging::geometry::WorldMm;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Sides of a box beyond which it is none of a nodule, in mm: its numbers are something else then.
const MOST_MM: f64 = 200.0;

#[derive(Deserialize)]
struct Item {
    image: String,
    #[serde(default, rename = "box")]
    boxes: Vec<[f64; 6]>,
}

/// Read the boxes: each is a nodule, whatever its label, because the background has no boxes. Lists
/// under other keys than `training`, `validation`, `test` and `testing` are passed over.
///
/// # Errors
/// No such document; a box that is none.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Place>> {
    let shown = || path.display().to_string();
    let document: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(bytes).with_context(shown)?;
    let mut places = Vec::new();
    for (key, list) in document {
        let Ok(Some(part)) = Portion::read(&key) else { continue };
        let items: Vec<Item> = serde_json::from_value(list)
            .with_context(|| format!("{}: {key} is no list of images with boxes", shown()))?;
        for (i, Item { image, boxes }) in items.into_iter().enumerate() {
            for [x, y, z, width, height, depth] in boxes {
                let sides = [width, height, depth];
                let sound = sides.iter().all(|side| (0.1..=MOST_MM).contains(side))
                    && [x, y, z].iter().all(|mm| mm.is_finite());
                ensure!(
                    sound,
                    "{}: {key}, image {}, {image}: [{x}, {y}, {z}, {width}, {height}, {depth}] is no \
                     box of a nodule: expected its centre and its sides in mm (cccwhd)",
                    shown(),
                    i + 1
                );
                places.push(Place {
                    file: image.clone(),
                    series: None,
                    world: WorldMm { x, y, z },
                    nodule: true,
                    diameter_mm: Some(sides.iter().sum::<f64>() / 3.0),
                    patient: None,
                    part: Some(part),
                });
            }
        }
    }
    ensure!(
        !places.is_empty(),
        "{}: no box under training, validation or test: is it a MONAI datalist?",
        shown()
    );
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_nodules_and_others_are_refused() {
        let read = |text: &str| read(Path::new("fold0.json"), text.as_bytes());
        let places = read(
            r#"{"training": [{"image": "1.2/1.2.nii.gz", "box": [[-10.5, 20, -300, 6, 6, 6]], "label": [0]},
                             {"image": "1.3/1.3.nii.gz", "box": [], "label": []}],
                "validation": [{"image": "1.4/1.4.nii.gz", "box": [[1, 2, 3, 4, 5, 6]], "label": [0]}],
                "numTraining": 2}"#,
        )
        .unwrap();
        assert_eq!(places.len(), 2);
        assert_eq!(places[0].world, WorldMm { x: -10.5, y: 20.0, z: -300.0 });
        assert_eq!((places[0].part, places[0].diameter_mm), (Some(Portion::Train), Some(6.0)));
        assert_eq!((places[1].part, places[1].diameter_mm), (Some(Portion::Valid), Some(5.0)));
        for (text, said) in [
            ("[]", "fold0.json"),
            (r#"{"training": [{"image": "a", "box": [[1, 2, 3, 4, 5]]}]}"#, "no list of images"),
            // Corners instead of sides.
            (r#"{"training": [{"image": "a", "box": [[1, 2, 3, -7, 5, 6]]}]}"#, "cccwhd"),
            (r#"{"test": []}"#, "no box"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }
}
