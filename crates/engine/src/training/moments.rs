//! Sums over places that several threads have parts of.

/// Mean and spread of each channel over places, to which images add theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Places so far.
    pub(super) count: f64,
    pub(super) mean: Vec<f64>,
    /// Sums of squared distances from the mean.
    pub(super) squares: Vec<f64>,
}

impl Moments {
    /// Add those of other places of the same channels (Chan, Golub and LeVeque 1979).
    pub fn merge(&mut self, other: &Self) {
        let count = self.count + other.count;
        for channel in 0..self.mean.len() {
            let apart = other.mean[channel] - self.mean[channel];
            self.mean[channel] += apart * other.count / count;
            self.squares[channel] +=
                other.squares[channel] + apart * apart * self.count * other.count / count;
        }
        self.count = count;
    }

    /// Return mean and variance (divided by the count) of every `group` channels that lie side by
    /// side, and how many numbers each is over.
    #[must_use]
    pub fn grouped(&self, group: usize) -> (Vec<[f64; 2]>, f64) {
        let groups = self.mean.chunks_exact(group).zip(self.squares.chunks_exact(group));
        let moments = groups.map(|(means, squares)| {
            let mean = means.iter().sum::<f64>() / group as f64;
            let between: f64 = means.iter().map(|one| (one - mean) * (one - mean)).sum();
            let within = squares.iter().sum::<f64>() / self.count;
            [mean, (between + within) / group as f64]
        });
        (moments.collect(), self.count * group as f64)
    }
}

/// Gradients of the scaled and shifted maps, summed over places for each channel: as they are, and
/// each times the distance of its number from a centre.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientSums {
    /// `[channels]`
    pub plain: Vec<f64>,
    /// `[channels]`
    pub centred: Vec<f64>,
}

impl GradientSums {
    /// Add those of other places of the same channels.
    pub fn merge(&mut self, other: &Self) {
        let pairs = [(&mut self.plain, &other.plain), (&mut self.centred, &other.centred)];
        for (sums, more) in pairs {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }
}
