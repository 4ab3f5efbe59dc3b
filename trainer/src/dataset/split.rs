//! How the data is divided: splits, their parts, and the names of both.

use super::manifest::ManifestRow;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Prefix of a split by LUNA16's folds.
const FOLD: &str = "luna16-fold-";

/// How the data is divided for training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Split {
    /// The paper's, by crop: the same scans stand on both sides, so its figures are optimistic.
    Paper,
    /// By patient: LUNA16's subset 3 is the validation part.
    Patientwise,
    /// By patient: the test part are these subsets of LUNA16's ten. Of one, the validation part is the
    /// next one that the manifest has (after 9 comes 0), and the training part the others. Of several
    /// there is nothing left to choose on: all others are learnt from, what is told of a run while it
    /// goes on is told of the test part, and nothing may be chosen by it. LUNA16's subsets are by scan:
    /// a patient with scans in two of them stays on one side, see [`Part::of`].
    Luna16Fold(Fold),
}

/// A part of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every row.
    All,
    /// One of LUNA16's folds.
    Subset(u32),
    /// A part of a split.
    Of(Split, Portion),
}

/// Which part of a split; the later claims a patient before the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Portion {
    /// What the network learns from.
    Train,
    /// What epoch and threshold are chosen on.
    Valid,
    /// What decides nothing.
    Test,
}

impl Split {
    /// Return the part to learn from.
    pub fn train(self) -> Part {
        Part::Of(self, Portion::Train)
    }

    /// Return the part to choose on; of a split that has none the test part.
    pub fn valid(self) -> Part {
        let portion = if self.chooses() { Portion::Valid } else { Portion::Test };
        Part::Of(self, portion)
    }

    /// Tell whether there is a part to choose on.
    pub fn chooses(self) -> bool {
        match self {
            Self::Luna16Fold(fold) => fold.subsets().count() == 1,
            _ => true,
        }
    }

    /// Return the part that decides nothing.
    pub fn test(self) -> Part {
        Part::Of(self, Portion::Test)
    }

    /// Return the side that a row is on by itself; `folds` are the subsets of the manifest.
    fn side(self, row: &ManifestRow, folds: &BTreeSet<u32>) -> Option<Portion> {
        let named = |value: &Option<String>| value.as_deref().and_then(Portion::from_manifest);
        match self {
            Self::Paper => named(&row.split_paper),
            Self::Patientwise => named(&row.split_patientwise),
            Self::Luna16Fold(test) => row.luna_subset.map(|subset| {
                let first = test.subsets().next().unwrap_or(0);
                let next = folds.range(first + 1..).chain(folds.range(..first)).next();
                let valid = next.filter(|_| self.chooses());
                match subset {
                    _ if test.holds(subset) => Portion::Test,
                    _ if Some(&subset) == valid => Portion::Valid,
                    _ => Portion::Train,
                }
            }),
        }
    }

    /// Tell whether no patient can stand on two sides.
    pub fn by_patient(self) -> bool {
        self != Self::Paper
    }
}

impl fmt::Display for Split {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paper => out.write_str("paper"),
            Self::Patientwise => out.write_str("patientwise"),
            Self::Luna16Fold(fold) => write!(out, "{FOLD}{fold}"),
        }
    }
}

impl FromStr for Split {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let fold = text.strip_prefix(FOLD).and_then(|fold| fold.parse().ok());
        match (text, fold) {
            ("paper", _) => Ok(Self::Paper),
            ("patientwise", _) => Ok(Self::Patientwise),
            (_, Some(fold)) => Ok(Self::Luna16Fold(fold)),
            _ => bail!(
                "no split is called '{text}'; choose paper, patientwise, or luna16-fold-K with K from 0 to \
                 9, or several such as 3+4"
            ),
        }
    }
}

/// Some of LUNA16's ten subsets, at least one: `3`, or `3+4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fold(u16);

impl Fold {
    /// How many there are.
    const SUBSETS: u32 = 10;

    /// Return the fold of one subset, from 0 to 9; of another number nothing.
    pub fn of(subset: u32) -> Option<Self> {
        (subset < Self::SUBSETS).then(|| Self(1 << subset))
    }

    /// Return the subsets, in order.
    pub fn subsets(self) -> impl Iterator<Item = u32> {
        (0..Self::SUBSETS).filter(move |subset| self.holds(*subset))
    }

    /// Tell whether a subset is one of them.
    pub fn holds(self, subset: u32) -> bool {
        subset < Self::SUBSETS && self.0 >> subset & 1 == 1
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subsets: Vec<String> = self.subsets().map(|subset| subset.to_string()).collect();
        out.write_str(&subsets.join("+"))
    }
}

impl FromStr for Fold {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let subset = |part: &str| part.parse().ok().and_then(Self::of);
        let parts: Option<Vec<Self>> = text.split('+').map(subset).collect();
        match parts {
            Some(parts) => Ok(Self(parts.iter().fold(0, |all, one| all | one.0))),
            None => bail!("'{text}' is no fold: a subset from 0 to 9, or several such as 3+4"),
        }
    }
}

impl TryFrom<String> for Fold {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Fold> for String {
    fn from(fold: Fold) -> Self {
        fold.to_string()
    }
}

impl TryFrom<String> for Split {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Split> for String {
    fn from(split: Split) -> Self {
        split.to_string()
    }
}

impl Portion {
    const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }

    /// Read the word of the manifest, which says `val` for `valid`; both are read.
    fn from_manifest(value: &str) -> Option<Self> {
        match value {
            "train" => Some(Self::Train),
            "val" | "valid" => Some(Self::Valid),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => write!(out, "all"),
            Self::Subset(fold) => write!(out, "subset-{fold}"),
            Self::Of(split, portion) => write!(out, "{split}-{}", portion.name()),
        }
    }
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(fold) = text.strip_prefix("subset-").and_then(|fold| fold.parse().ok()) {
            return Ok(Self::Subset(fold));
        }
        // A split's name alone, as `train` takes it, means the part that is chosen on.
        if let Ok(split) = text.parse::<Split>() {
            return Ok(split.valid());
        }
        if let Some((split, portion)) = text.rsplit_once('-')
            && let (Ok(split), Some(portion)) =
                (split.parse::<Split>(), Portion::from_manifest(portion))
        {
            return Ok(Self::Of(split, portion));
        }
        let portions = Portion::ALL.map(Portion::name).join(", ");
        bail!(
            "no part is called '{text}'; choose all, subset-K, or SPLIT-PORTION such as \
             patientwise-valid, where SPLIT is paper, patientwise or luna16-fold-K, and PORTION \
             one of {portions}"
        )
    }
}

impl Part {
    /// Keep the rows of this part; `rows` is the whole manifest.
    ///
    /// A patient of a split by patient stands on one side: who has a row in the test part has none
    /// in the others, and who has one in the validation part has none in the training part. The
    /// test part itself is LUNA16's, so that it stays comparable and folds together test each row
    /// once; rows of its patients in other subsets are in no part of that fold.
    pub fn of(&self, rows: Vec<ManifestRow>) -> Vec<ManifestRow> {
        let (split, portion) = match self {
            Self::All => return rows,
            Self::Subset(fold) => {
                return rows.into_iter().filter(|row| row.luna_subset == Some(*fold)).collect();
            }
            Self::Of(split, portion) => (*split, *portion),
        };
        let folds: BTreeSet<u32> = rows.iter().filter_map(|row| row.luna_subset).collect();
        let mut sides: BTreeMap<String, Portion> = BTreeMap::new();
        for (row, side) in rows.iter().filter_map(|row| Some((row, split.side(row, &folds)?))) {
            let known = sides.entry(row.unit().to_owned()).or_insert(side);
            *known = side.max(*known);
        }
        let holds = |row: &ManifestRow| {
            split.side(row, &folds) == Some(portion)
                && (!split.by_patient() || sides.get(row.unit()) == Some(&portion))
        };
        rows.into_iter().filter(holds).collect()
    }
}

#[cfg(test)]
mod tests;
