//! What a data set says of itself: in `dataset.json` of its folder, or in a TOML file beside the
//! project where the folder is another's.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// What a data set says of itself. What it does not say is empty, and nobody makes it up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataCard {
    /// Short name, as in "The compact network on LUNA16".
    pub name: String,
    /// What the patches are, in sentences.
    pub description: String,
    /// Licence of the data, and of what is learnt from it.
    pub license: String,
    /// Works to cite.
    pub citations: Vec<String>,
    /// What a user of a network that learnt from it must know, one sentence each.
    pub limits: Vec<String>,
    /// Preprocessing that the patches were made for, where the folder states it.
    pub preprocess_id: String,
}

impl DataCard {
    /// Read the description: `file` where there is one, otherwise the folder's `dataset.json`; empty
    /// without either. The preprocessing is always the folder's own word.
    ///
    /// # Errors
    /// A file that cannot be read, or has keys that mean nothing.
    pub fn read(folder: &Path, file: Option<&Path>) -> Result<Self> {
        let own = Self::of_folder(folder)?;
        let Some(file) = file else { return Ok(own) };
        let shown = || format!("data card {}", file.display());
        let text = fs::read_to_string(file).with_context(shown)?;
        let table: toml::Table = text.parse().with_context(shown)?;
        const KEYS: [&str; 5] = ["name", "description", "license", "citations", "limits"];
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            anyhow::bail!("{}: there is no key {key}; there are {}", shown(), KEYS.join(", "));
        }
        let given: Self = table.try_into().with_context(shown)?;
        ensure!(!given.name.trim().is_empty(), "{}: name is missing", shown());
        Ok(Self { preprocess_id: own.preprocess_id, ..given })
    }

    fn of_folder(folder: &Path) -> Result<Self> {
        let path = folder.join("dataset.json");
        if !path.is_file() {
            return Ok(Self::default());
        }
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_before_the_folder_and_what_is_unsaid_stays_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("card.toml");
        let read = |file: &Path| DataCard::read(folder.path(), Some(file));
        let own = || DataCard::read(folder.path(), None).unwrap();
        assert_eq!(own(), DataCard::default());
        let json = r#"{"name": "Own", "preprocess_id": "p", "options": {}, "license": "CC0"}"#;
        fs::write(folder.path().join("dataset.json"), json).unwrap();
        assert_eq!((own().name.as_str(), own().license.as_str()), ("Own", "CC0"));
        fs::write(&file, "name = 'Other'\ncitations = ['A 2017']\n").unwrap();
        let given = read(&file).unwrap();
        assert_eq!((given.name.as_str(), given.license.as_str()), ("Other", ""));
        assert_eq!((given.citations.len(), given.preprocess_id.as_str()), (1, "p"));
        for (text, said) in [("nmae = 'x'", "no key nmae"), ("license = 'x'", "name is missing")] {
            fs::write(&file, text).unwrap();
            let error = format!("{:#}", read(&file).unwrap_err());
            assert!(error.contains(said) && error.contains("card.toml"), "{error}");
        }
        assert!(read(&folder.path().join("none.toml")).is_err());
    }
}
