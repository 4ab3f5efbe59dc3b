use super::*;
use crate::detection::Finding;
use crate::weights::Head;
use nodulens_imaging::geometry::{VoxelPoint, WorldMm};

pub(super) fn report(title: &str, placed: bool) -> Report {
    let model = ModelUsed {
        id: "compact-0123".to_owned(),
        sha256: "ab".repeat(32),
        head: Head::Patch,
        threshold: 0.5,
        temperature: 1.0,
        preprocess_id: "p".to_owned(),
    };
    let input = InputUsed {
        title: title.to_owned(),
        series_uid: None,
        format: "DICOM".to_owned(),
        sha256: "cd".repeat(32),
        size: [3, 5, 7],
        spacing_mm: placed.then_some([0.7, 0.8, 2.5]),
        identity: vec![],
    };
    let search = Search {
        stride_px: 4,
        lung_mask: true,
        min_probability: 0.1,
        min_distance_mm: 10.0,
        slices_scanned: 7,
    };
    let finding = |probability, diameter_mm| Finding {
        voxel: VoxelPoint { x: 1.0, y: 4.0, z: 6.0 },
        world: WorldMm { x: -1.5, y: 2.25, z: 30.0 },
        slices: [5, 6],
        probability,
        diameter_mm,
    };
    Report::new(model, input, search, &[finding(0.9, Some(6.04)), finding(0.2, None)], placed)
}

#[test]
fn the_table_is_read_by_any_program_and_runs_in_none() {
    let table = csv(&[&report("=cmd, \"x\"", true), &report("b", false)]);
    let lines: Vec<&str> = table.split("\r\n").collect();
    assert_eq!(lines.len(), 6);
    let row =
        "\"'=cmd, \"\"x\"\"\",1,-1.500,2.250,30.000,0.900000,1,6.040,1,4,7,6,5,6,compact-0123,";
    assert!(lines[1].starts_with(row), "{}", lines[1]);
    assert!(lines[4].starts_with("b,2,,,,0.200000,0,,1,4,"), "{}", lines[4]);
    assert!(lines[4].ends_with(&format!("\"{NOTICE}\"")) && lines[4].contains(&"cd".repeat(32)));
}

#[test]
fn page_and_json_hold_hashes_notice_and_no_markup_of_others() {
    let hostile = report("<script>alert(1)</script>", true);
    let page = html(&hostile, &[("a \"picture\"".to_owned(), vec![1, 2])]);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert!(page.contains("data:image/png;base64,AQI=\""));
    for text in [&page, &hostile.json().unwrap()] {
        assert!(text.contains(NOTICE) && text.contains(&"ab".repeat(32)));
        assert!(text.contains(&"cd".repeat(32)) && text.contains("compact-0123"));
    }
    let json: serde_json::Value = serde_json::from_str(&hostile.json().unwrap()).unwrap();
    assert_eq!(json["findings"][0]["worldMm"][1], 2.25);
    assert_eq!(json["findings"][1]["diameterMm"], serde_json::Value::Null);
    // Nothing is loaded from anywhere.
    assert!(!page.contains("http:") && !page.contains("https:"));
}

#[test]
fn the_picture_is_as_large_as_the_slice_and_tells_where_it_is_from() {
    let probability = vec![0.0, 1.0, f32::NAN, 0.5];
    let map = crate::detection::HeatMap { width: 2, height: 2, step_px: [4.0, 4.0], probability };
    let png = heat_map_png(&map, [7, 6], None, &report("a", true)).unwrap();
    let picture = image::load_from_memory(&png).unwrap().to_rgba8();
    assert_eq!(picture.dimensions(), (7, 6));
    assert_eq!(picture.get_pixel(0, 0)[3], 0);
    assert_eq!(picture.get_pixel(6, 0).0, [255, 0, 0, 200]);
    assert_eq!(picture.get_pixel(0, 5).0, [0; 4]);
    let text = String::from_utf8_lossy(&png);
    assert!(text.contains(NOTICE) && text.contains(&"cd".repeat(32)));
    let over = heat_map_png(&map, [7, 6], Some(&[100; 42]), &report("a", true)).unwrap();
    let picture = image::load_from_memory(&over).unwrap().to_rgba8();
    assert_eq!(picture.get_pixel(0, 5).0, [100, 100, 100, 255]);
    assert!(heat_map_png(&map, [0, 0], None, &report("a", true)).is_err());
}
