//! What a run is made of and where: data, teachers, program, device, machine.

use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::train::machine::host;
use crate::train::teachers;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// What goes into a run besides its keys; stands in each checkpoint. What an older checkpoint does
/// not say is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// [`Dataset::hash`] of the training part.
    pub train_data: String,
    /// [`Dataset::hash`] of the validation part.
    pub valid_data: String,
    /// SHA-256 of each teacher's file, in the order of the key.
    pub teachers: Vec<String>,
    /// Commit of the program.
    pub commit: String,
    /// Device that computes.
    pub device: String,
    /// Name of the machine.
    pub host: String,
}

impl Origin {
    /// Return the origin of a run that is begun, or gone on with, here and now.
    ///
    /// # Errors
    /// A teacher's file that cannot be read.
    pub fn here(
        config: &TrainConfig,
        [train, valid]: [&Dataset; 2],
        commit: String,
        device: &str,
    ) -> Result<Self> {
        Ok(Self {
            train_data: train.hash.clone(),
            valid_data: valid.hash.clone(),
            teachers: teachers::hashes(&config.teachers)?,
            commit,
            device: device.to_owned(),
            host: host(),
        })
    }

    /// Check that a run may go on here, and return what is told: a line for each thing that is not
    /// as it was, though the run may go on with it.
    ///
    /// # Errors
    /// Other data or other teachers: it would be another run.
    pub fn goes_on(&self, here: &Self) -> Result<Vec<String>> {
        for (part, before, now) in [
            ("training", &self.train_data, &here.train_data),
            ("validation", &self.valid_data, &here.valid_data),
        ] {
            ensure!(
                before.is_empty() || before == now,
                "the {part} part is not the one that the run began with (hash {}, not {}): give it \
                 the same patches, or begin a new run in another --out",
                short(now),
                short(before)
            );
        }
        let known = !self.train_data.is_empty();
        ensure!(
            !known || self.teachers == here.teachers,
            "the teachers' files are not those that the run began with: put those back, or begin a \
             new run in another --out"
        );
        let mut lines = Vec::new();
        if !known {
            lines.push(
                "the checkpoint is older than its record of data and teachers, so whether they are \
                 still the same is not known"
                    .to_owned(),
            );
        }
        for (what, before, now) in [
            ("program", &self.commit, &here.commit),
            ("device", &self.device, &here.device),
            ("machine", &self.host, &here.host),
        ] {
            if !before.is_empty() && before != now {
                lines.push(format!("the {what} is {now}, and was {before}: losses may differ"));
            }
        }
        Ok(lines)
    }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_data_and_teachers_are_refused_and_other_places_are_told() {
        let before = Origin {
            train_data: "a".to_owned(),
            valid_data: "b".to_owned(),
            teachers: vec!["c".to_owned()],
            commit: "d".to_owned(),
            device: "CPU".to_owned(),
            host: "here".to_owned(),
        };
        assert_eq!(before.goes_on(&before).unwrap(), Vec::<String>::new());
        let refused = |here: Origin| before.goes_on(&here).unwrap_err().to_string();
        let other = || "x".to_owned();
        assert!(
            refused(Origin { train_data: other(), ..before.clone() }).contains("training part")
        );
        assert!(refused(Origin { valid_data: other(), ..before.clone() }).contains("validation"));
        assert!(refused(Origin { teachers: vec![other()], ..before.clone() }).contains("teachers"));
        let elsewhere =
            Origin { commit: other(), device: other(), host: other(), ..before.clone() };
        let lines = before.goes_on(&elsewhere).unwrap();
        assert_eq!(lines.len(), 3);
        for (line, what) in lines.iter().zip(["program is x, and was d", "was CPU", "was here"]) {
            assert!(line.contains(what), "{line}");
        }
        // A checkpoint from before there was such a record.
        let lines = Origin::default().goes_on(&before).unwrap();
        assert!(lines.len() == 1 && lines[0].contains("not known"), "{lines:?}");
    }
}
