//! Which candidates are kept: every nodule, and a sample of the others.

use super::tables::{Candidate, Candidates};
use anyhow::{Result, bail};
use nodulens::constants::NEGATIVES_PER_POSITIVE;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

/// How many candidates without a nodule are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Negatives {
    /// So many for each nodule of the candidates file.
    PerPositive(f64),
    /// So many.
    Count(usize),
    /// Every one.
    All,
}

impl Default for Negatives {
    /// Return the paper's number.
    fn default() -> Self {
        Self::PerPositive(NEGATIVES_PER_POSITIVE)
    }
}

impl fmt::Display for Negatives {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerPositive(ratio) => write!(out, "{ratio} per positive"),
            Self::Count(count) => write!(out, "{count}"),
            Self::All => write!(out, "all"),
        }
    }
}

impl FromStr for Negatives {
    type Err = anyhow::Error;

    /// Read a number, or `all`.
    fn from_str(text: &str) -> Result<Self> {
        match (text, text.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(count)) => Ok(Self::Count(count)),
            _ => bail!("'{text}' is neither a number nor 'all'"),
        }
    }
}

/// Return the candidates that are kept, by scan, scans without any left out.
///
/// The sample is drawn from the whole file, whatever is on disk: those with the smallest
/// [`rank`]. So it does not depend on the order of scans, threads or shards, another subset
/// downloaded later adds patches and changes none, and a larger sample holds the smaller one.
pub fn select(
    candidates: &Candidates,
    negatives: Negatives,
    seed: u64,
) -> BTreeMap<String, Vec<Candidate>> {
    let all = || candidates.scans.values().flatten();
    let positives = all().filter(|candidate| candidate.nodule).count();
    let count = match negatives {
        Negatives::PerPositive(ratio) => (ratio * positives as f64).round() as usize,
        Negatives::Count(count) => count,
        Negatives::All => usize::MAX,
    };
    let mut ranked: Vec<(u64, u64)> = all()
        .filter(|candidate| !candidate.nodule)
        .map(|candidate| (rank(seed, candidate.row), candidate.row))
        .collect();
    if count < ranked.len() {
        ranked.select_nth_unstable(count);
        ranked.truncate(count);
    }
    let kept: HashSet<u64> = ranked.into_iter().map(|(_, row)| row).collect();
    let keeps = |candidate: &&Candidate| candidate.nodule || kept.contains(&candidate.row);
    candidates
        .scans
        .iter()
        .map(|(series, scan)| (series.clone(), scan.iter().filter(keeps).copied().collect()))
        .filter(|(_, scan): &(String, Vec<Candidate>)| !scan.is_empty())
        .collect()
}

/// Return a candidate's rank in the draw: the first eight bytes, most significant first, of SHA-256
/// over `"<seed>:<row>"`. Any language can draw the same sample.
pub fn rank(seed: u64, row: u64) -> u64 {
    let digest = Sha256::digest(format!("{seed}:{row}"));
    digest.iter().take(8).fold(0, |rank, byte| rank << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodulens_imaging::geometry::WorldMm;

    /// `nodules` and then `others` candidates, dealt to five scans in turn.
    fn candidates(nodules: u64, others: u64) -> Candidates {
        let mut scans = BTreeMap::<String, Vec<Candidate>>::new();
        for row in 0..nodules + others {
            let world = WorldMm { x: 0.0, y: 0.0, z: 0.0 };
            let candidate = Candidate { row, world, nodule: row < nodules, diameter_mm: None };
            scans.entry(format!("1.{}", row % 5)).or_default().push(candidate);
        }
        Candidates { file: String::new(), sha256: String::new(), scans }
    }

    fn rows(negatives: Negatives, seed: u64) -> Vec<u64> {
        let kept = select(&candidates(10, 200), negatives, seed);
        let mut rows: Vec<u64> = kept.values().flatten().map(|candidate| candidate.row).collect();
        rows.sort_unstable();
        rows
    }

    #[test]
    fn the_draw_is_sha_256_of_seed_and_row() {
        // python3 -c 'import hashlib; print(hashlib.sha256(b"1:59270").hexdigest()[:16])'
        assert_eq!(format!("{:016x}", rank(1, 59_270)), "de2026e7396530cf");
    }

    #[test]
    fn every_nodule_and_so_many_others() {
        let usual = rows(Negatives::default(), 1);
        assert_eq!(usual.len(), 60);
        assert_eq!(usual[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(usual, rows(Negatives::Count(50), 1));
        assert_ne!(usual, rows(Negatives::default(), 2));
        assert_eq!(rows(Negatives::All, 1).len(), 210);
        assert_eq!(rows(Negatives::Count(0), 1).len(), 10);
        // A larger sample holds the smaller one.
        let more = rows(Negatives::Count(90), 1);
        assert!(usual.iter().all(|row| more.contains(row)));
    }
}
