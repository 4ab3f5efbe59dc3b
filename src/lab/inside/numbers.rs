//! The numbers of a layer together.

use super::trace::{Inside, InsideError, Trace, within};
use serde::Serialize;

/// How often which value occurs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// Smallest value, where the first bin begins.
    pub low: f32,
    /// Largest value, where the last bin ends, inclusive.
    pub high: f32,
    /// Values in each bin, but for exact zeros, which ReLU makes many of; all bins are equally wide.
    pub counts: Vec<u32>,
    /// Values that are exactly zero.
    pub zeros: usize,
    /// All values.
    pub total: usize,
    /// Of all values.
    pub mean: f64,
}

impl Inside {
    /// A histogram of the activations of a layer, or of one channel of it.
    ///
    /// # Errors
    /// [`InsideError::Nowhere`] where there is no such layer or channel; [`InsideError::Range`]
    /// where `bins` is 0 or above 1,000.
    pub fn histogram(
        &self,
        trace: &Trace,
        layer: usize,
        channel: Option<usize>,
        bins: usize,
    ) -> Result<Histogram, InsideError> {
        let [channels, rows, columns] = self.dims(layer)?;
        let values = trace.layers.get(layer).map_or(&[][..], |traced| &traced.values);
        let values = match channel {
            Some(channel) => {
                within("channel", channel, channels)?;
                let map = rows * columns;
                values.get(channel * map..(channel + 1) * map).unwrap_or_default()
            }
            None => values,
        };
        histogram(values, bins)
    }
}

fn histogram(values: &[f32], bins: usize) -> Result<Histogram, InsideError> {
    if !(1..=1000).contains(&bins) {
        return Err(InsideError::Range { what: "the number of bins", range: "1 to 1,000" });
    }
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut counts = vec![0; bins];
    let width = (f64::from(high) - f64::from(low)) / bins as f64;
    for value in values.iter().filter(|value| **value != 0.0) {
        let bin = ((f64::from(*value) - f64::from(low)) / width) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    Ok(Histogram {
        low,
        high,
        counts,
        zeros: values.iter().filter(|value| **value == 0.0).count(),
        total: values.len(),
        mean: sum / values.len().max(1) as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_counted_by_hand() {
        let found = histogram(&[0.0, 0.0, 0.25, 0.5, 0.99, 1.0], 4).unwrap();
        assert_eq!(found.counts, [0, 1, 1, 2]);
        assert_eq!((found.zeros, found.total), (2, 6));
        assert!((found.mean - 2.74 / 6.0).abs() < 1e-6);
        // All the same: the width of a bin is zero.
        assert_eq!(histogram(&[3.0; 5], 2).unwrap().counts.iter().sum::<u32>(), 5);
        assert!(histogram(&[1.0], 0).is_err());
    }
}
