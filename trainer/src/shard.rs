//! A part of a job for those who spread it over machines: `K/N` on the command line.

use std::fmt;
use std::str::FromStr;

/// One of `count` parts of equal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 0.
    pub index: usize,
    /// How many parts there are, at least 1.
    pub count: usize,
}

impl Shard {
    /// The whole job as one part.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Tell whether item `i` (from 0) belongs to this part. Every item belongs to exactly one.
    pub fn holds(self, i: usize) -> bool {
        i % self.count == self.index
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index + 1, self.count)
    }
}

/// Why a text is no shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardError(String);

impl std::error::Error for ShardError {}

impl fmt::Display for ShardError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{}' is no shard; write K/N with K from 1 to N, such as 1/8 ... 8/8", self.0)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    /// Read `K/N` with K from 1 to N.
    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parse = || {
            let (k, n) = text.split_once('/')?;
            let (k, count): (usize, usize) = (k.trim().parse().ok()?, n.trim().parse().ok()?);
            (1..=count).contains(&k).then(|| Self { index: k - 1, count })
        };
        parse().ok_or_else(|| ShardError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_disjoint_and_complete() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|text| text.parse().unwrap()).into();
        for i in 0..10 {
            assert_eq!(shards.iter().filter(|shard| shard.holds(i)).count(), 1);
        }
        assert_eq!(shards[1].to_string(), "2/3");
        assert!(Shard::WHOLE.holds(7));
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for text in ["", "3", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/2"] {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains("such as 1/8"), "{error}");
        }
    }
}
