use super::{Case, read, refused};
use crate::support::files::*;

/// The seven slices of the volume, each changed.
fn slices(change: impl Fn(Dicom) -> Dicom) -> Vec<(&'static str, Vec<u8>)> {
    [3, 0, 6, 1, 5, 2, 4]
        .map(|z| ("slice", change(Dicom::slice(EXPLICIT, z, UPRIGHT)).file()))
        .to_vec()
}

pub fn cases() -> Vec<Case> {
    let in_syntax = |syntax| slices(move |slice| Dicom { syntax, ..slice });
    vec![
        read("explicit, little endian", slices(|slice| slice)),
        read("implicit", in_syntax(IMPLICIT)),
        read("big endian", in_syntax(BIG)),
        read("deflated", in_syntax(DEFLATED)),
        read("in a zip", {
            let files = slices(|slice| slice);
            let names: Vec<String> = (0..files.len()).map(|i| format!("disc/IM{i}")).collect();
            let files: Vec<(&str, &[u8])> = names
                .iter()
                .zip(&files)
                .map(|(name, (_, bytes))| (name.as_str(), bytes.as_slice()))
                .collect();
            vec![("disc.zip", zip(&files, true))]
        }),
        refused(
            "JPEG extended",
            vec![("slice", {
                let slice = Dicom::slice("1.2.840.10008.1.2.4.51", 0, UPRIGHT);
                slice.packed(vec![0xFF, 0xD8, 0xFF, 0xD9]).file()
            })],
            "unsupported-encoding",
        ),
    ]
}
