//! Whom a network has learnt from, as its weights file says it: digests of patients and scans.
//!
//! The names themselves would tell whoever reads the file who the patients are. Four bytes of
//! SHA-256 of each do not list them, but whoever knows a name can look it up. That is enough to
//! find out whether a teacher has seen the patients that a run is judged on: among 1,000 patients a
//! stranger is taken for one of them once in four million times.

use super::ManifestRow;
use anyhow::{Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nodulens::weights::CardLearnt;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Bytes of a digest.
const DIGEST: usize = 4;

/// The patients and scans behind a network, those of its teachers included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    patients: BTreeSet<[u8; DIGEST]>,
    series: BTreeSet<[u8; DIGEST]>,
    /// Why it may not be all; empty where it is.
    pub gaps: Vec<String>,
}

/// Patients (or scans) of a part against those that were learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Of the part.
    pub units: usize,
    /// Of them, those that were learnt from.
    pub shared: usize,
    /// Rows of the part.
    pub rows: usize,
    /// Of them, those of such a patient.
    pub shared_rows: usize,
    /// Rows that name neither patient nor scan by which they could be looked up.
    pub unknown_rows: usize,
}

impl Learnt {
    /// Take note of the rows that are learnt from.
    pub fn of(rows: &[ManifestRow]) -> Self {
        let named = |name: fn(&ManifestRow) -> Option<&str>| {
            rows.iter().filter_map(name).map(digest).collect::<BTreeSet<_>>()
        };
        let nameless = rows.iter().filter(|row| patient(row).or(series(row)).is_none()).count();
        Self {
            patients: named(patient),
            series: named(series),
            gaps: (nameless > 0)
                .then(|| format!("{nameless} patches name neither patient nor scan"))
                .into_iter()
                .collect(),
        }
    }

    /// Read what a card says; `None` where it says nothing.
    ///
    /// # Errors
    /// What is not a list of digests.
    pub fn read(card: &CardLearnt) -> Result<Option<Self>> {
        if *card == CardLearnt::default() {
            return Ok(None);
        }
        let read = |text: &str| -> Result<BTreeSet<[u8; DIGEST]>> {
            let bytes = STANDARD.decode(text)?;
            let (digests, rest) = bytes.as_chunks::<DIGEST>();
            ensure!(rest.is_empty(), "the list of those learnt from is cut off");
            Ok(digests.iter().copied().collect())
        };
        Ok(Some(Self {
            patients: read(&card.patients)?,
            series: read(&card.series)?,
            gaps: card.gaps.clone(),
        }))
    }

    /// Return it as a card holds it.
    pub fn card(&self) -> CardLearnt {
        let written = |digests: &BTreeSet<[u8; DIGEST]>| {
            STANDARD.encode(digests.iter().flatten().copied().collect::<Vec<u8>>())
        };
        CardLearnt {
            patients: written(&self.patients),
            series: written(&self.series),
            gaps: self.gaps.clone(),
        }
    }

    /// Add those whom a teacher has learnt from: what it teaches is learnt from them. Its gaps are
    /// for the caller, who knows the teacher's name.
    pub fn join(&mut self, teacher: &Self) {
        self.patients.extend(&teacher.patients);
        self.series.extend(&teacher.series);
    }

    /// Look a part's rows up.
    pub fn shared<'a>(&self, rows: impl IntoIterator<Item = &'a ManifestRow>) -> Shared {
        let (mut units, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let (mut all, mut shared_rows, mut unknown_rows) = (0, 0, 0);
        for row in rows {
            all += 1;
            units.insert(row.unit());
            let listed = |name: Option<&str>, list: &BTreeSet<[u8; DIGEST]>| {
                name.filter(|_| !list.is_empty()).map(|name| list.contains(&digest(name)))
            };
            let found = [listed(patient(row), &self.patients), listed(series(row), &self.series)];
            unknown_rows += usize::from(found == [None, None]);
            if found.contains(&Some(true)) {
                shared_rows += 1;
                seen.insert(row.unit());
            }
        }
        Shared { units: units.len(), shared: seen.len(), rows: all, shared_rows, unknown_rows }
    }
}

fn patient(row: &ManifestRow) -> Option<&str> {
    row.patient_id.as_deref()
}

fn series(row: &ManifestRow) -> Option<&str> {
    row.seriesuid.as_deref()
}

fn digest(name: &str) -> [u8; DIGEST] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(name).into();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(patient: Option<&str>, series: Option<&str>) -> ManifestRow {
        ManifestRow {
            patient_id: patient.map(str::to_owned),
            seriesuid: series.map(str::to_owned),
            ..ManifestRow::default()
        }
    }

    #[test]
    fn patients_are_found_again_by_either_name_and_survive_a_card() {
        let learnt = Learnt::of(&[row(Some("A"), Some("1")), row(Some("B"), Some("2"))]);
        let again = Learnt::read(&learnt.card()).unwrap().unwrap();
        assert_eq!(again, learnt);
        assert!(!learnt.card().patients.contains('A') || learnt.card().patients.len() == 12);
        let rows = [
            row(Some("A"), Some("9")), // another scan of a patient
            row(None, Some("2")),      // a scan whose patient is not named here
            row(Some("C"), Some("3")),
            row(Some("C"), Some("4")),
            row(None, None),
        ];
        let shared = again.shared(&rows);
        assert_eq!((shared.units, shared.shared), (4, 2));
        assert_eq!((shared.rows, shared.shared_rows, shared.unknown_rows), (5, 2, 1));
        assert_eq!(Learnt::read(&CardLearnt::default()).unwrap(), None);
        let damaged = CardLearnt { patients: "AAAA".to_owned(), ..CardLearnt::default() };
        assert!(Learnt::read(&damaged).is_err());
    }

    #[test]
    fn what_cannot_be_named_is_a_gap_and_pupils_inherit_the_rest() {
        let nameless = Learnt::of(&[row(None, None), row(Some("A"), None)]);
        assert!(nameless.gaps[0].starts_with("1 patches"), "{:?}", nameless.gaps);
        let mut pupil = Learnt::of(&[row(Some("B"), None)]);
        assert!(pupil.gaps.is_empty());
        pupil.join(&nameless);
        assert_eq!(pupil.shared(&[row(Some("A"), None)]).shared, 1);
    }
}
