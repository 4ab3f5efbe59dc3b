//! A share of the work: `--shard 2/5` takes every fifth item, starting with the second. Those
//! who outgrow one machine run all five, anywhere and in any order, and merge.

use anyhow::{Result, bail};
use std::fmt;
use std::str::FromStr;

/// One of several shares of numbered work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, counted from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// Whether item `i`, counted from 0, is in this share.
    pub fn holds(self, i: usize) -> bool {
        i % self.count == self.index - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').map(|(index, count)| (index.parse(), count.parse()));
        match numbers {
            Some((Ok(index), Ok(count))) if 1 <= index && index <= count => {
                Ok(Self { index, count })
            }
            _ => bail!("'{text}' is no share: write K/N, such as 2/5, K from 1 to N"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_in_one_share() {
        let shards: Vec<Shard> = (1..=3).map(|k| format!("{k}/3").parse().unwrap()).collect();
        for i in 0..10 {
            assert_eq!(shards.iter().filter(|shard| shard.holds(i)).count(), 1);
        }
        assert_eq!(shards[1].to_string(), "2/3");
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
