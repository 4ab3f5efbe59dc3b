//! What pydicom, SimpleITK, nibabel, pynrrd, Pillow and tifffile read (`tests/reference/readers.py`). They
//! run in the Python that `NODULENS_PYTHON` names (`make python` makes one); without it the tests
//! skip, and say so.

use super::meaning::Meant;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a reader is asked to read.
pub struct Question {
    pub id: String,
    pub reader: &'static str,
    pub paths: Vec<PathBuf>,
}

/// A volume, a slice or a picture as a reader has it.
pub struct Piece {
    pub meant: Meant,
    /// Whether the file says where it lies.
    pub placed: bool,
}

/// The folder of a run, which is deleted with it.
pub struct Desk(PathBuf);

impl Desk {
    pub fn new(name: &str) -> Self {
        let place = std::env::temp_dir().join(format!("nodulens-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    /// Writes files into a folder of their own.
    pub fn write(&self, id: &str, files: &[(String, Vec<u8>)]) -> Vec<PathBuf> {
        let folder = self.0.join(id);
        std::fs::create_dir_all(&folder).unwrap();
        let write = |(name, bytes): &(String, Vec<u8>)| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        files.iter().map(write).collect()
    }

    /// Asks all at once: a Python takes seconds to start. In the order of the questions, the pieces
    /// that a reader has, or why it refuses. `None` without Python.
    pub fn ask(&self, questions: &[Question]) -> Option<Vec<Result<Vec<Piece>, String>>> {
        let Ok(python) = std::env::var("NODULENS_PYTHON") else {
            println!(
                "SKIPPED: NODULENS_PYTHON names no Python with the packages of tests/reference/requirements.txt"
            );
            return None;
        };
        let entries: Vec<Value> = questions
            .iter()
            .map(|one| json!({ "id": one.id, "reader": one.reader, "paths": one.paths }))
            .collect();
        std::fs::write(self.0.join("manifest.json"), Value::from(entries).to_string()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/readers.py");
        let output =
            Command::new(python).args(["-W", "ignore", script]).arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answers = std::fs::read(self.0.join("answers.json")).unwrap();
        let answers: Value = serde_json::from_slice(&answers).unwrap();
        Some(questions.iter().map(|one| answer(&answers[&one.id], &self.0)).collect())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn answer(answer: &Value, folder: &Path) -> Result<Vec<Piece>, String> {
    if let Some(error) = answer["error"].as_str() {
        return Err(error.to_owned());
    }
    Ok(answer["pieces"].as_array().unwrap().iter().map(|one| piece(one, folder)).collect())
}

fn piece(piece: &Value, folder: &Path) -> Piece {
    let vector = |value: &Value| [0, 1, 2].map(|k| value[k].as_f64().unwrap());
    let placed = piece["steps"].is_array();
    let samples = std::fs::read(folder.join(piece["samples"].as_str().unwrap())).unwrap();
    let number = |bytes: &[u8; 8]| {
        let number = f64::from_le_bytes(*bytes);
        // What is no number is air with us, and told.
        if (number as f32).is_finite() { number } else { -1000.0 }
    };
    let meant = Meant {
        size: [0, 1, 2].map(|k| piece["size"][k].as_u64().unwrap() as usize),
        steps: match placed {
            true => [0, 1, 2].map(|k| vector(&piece["steps"][k])),
            false => [[0.0; 3]; 3],
        },
        origin: if placed { vector(&piece["origin"]) } else { [0.0; 3] },
        hu: samples.as_chunks::<8>().0.iter().map(number).collect(),
        told: BTreeSet::new(),
    };
    Piece { meant, placed }
}
