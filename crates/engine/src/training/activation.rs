//! What follows a convolution: a scale and a shift for each channel (a bias, or normalisation), ReLU,
//! and, where it is asked for, the largest of every 2 x 2 places.

use super::moments::{GradientSums, Moments};
use crate::layer::EngineError;
use crate::vector::{self, InstructionSet, Isa, Kernel, Vector};

/// Maps that are activated, `[images, rows, columns, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    channels: usize,
    size: [usize; 2],
    pool: bool,
    instructions: InstructionSet,
}

/// The gradient of a number z whose scaled and shifted value has the gradient d:
/// `factor * d + slope * z + constant`, for each channel.
#[derive(Clone, Copy, Debug)]
pub struct Through<'a> {
    /// `[channels]`
    pub factor: &'a [f32],
    /// `[channels]`
    pub slope: &'a [f32],
    /// `[channels]`
    pub constant: &'a [f32],
}

impl Activation {
    /// Set up maps of so many channels and of a size.
    ///
    /// # Errors
    /// [`EngineError::Layer`] where the channels are no multiple of a vector's lanes, or a map that is
    /// pooled has a single row or column.
    pub fn new(channels: usize, size: [usize; 2], pool: bool) -> Result<Self, EngineError> {
        // The widest whose vectors the channels fill.
        let mut sets = InstructionSet::ALL.into_iter().filter(|set| set.available());
        let widest = sets.find(|set| channels.is_multiple_of(set.lanes()));
        Self::with_instructions(channels, size, pool, widest.unwrap_or(InstructionSet::Scalar))
    }

    pub(super) fn with_instructions(
        channels: usize,
        size: [usize; 2],
        pool: bool,
        instructions: InstructionSet,
    ) -> Result<Self, EngineError> {
        let least = if pool { 2 } else { 1 };
        let fits = channels > 0 && channels.is_multiple_of(instructions.lanes());
        if !fits || size[0].min(size[1]) < least {
            let what = "channels that are no multiple of a vector's lanes, or too small a map";
            return Err(EngineError::Layer(0, what.to_owned()));
        }
        Ok(Self { channels, size, pool, instructions })
    }

    /// Rows and columns that it gives.
    #[must_use]
    pub fn output_size(&self) -> [usize; 2] {
        if self.pool { self.size.map(|side| side / 2) } else { self.size }
    }

    /// Return the numbers of an image that it takes, and of one that it gives.
    #[must_use]
    pub fn image(&self) -> [usize; 2] {
        [self.size, self.output_size()].map(|[rows, columns]| rows * columns * self.channels)
    }

    /// Compute what it gives of some images.
    ///
    /// # Shapes
    /// `maps`: `[images, rows, columns, channels]`; `output` the same, with half as many rows and columns
    /// where it pools; scale and shift `[channels]`.
    ///
    /// # Panics
    /// Where the slices are not as many whole images, or whole channels.
    pub fn forward(&self, maps: &[f32], [scale, shift]: [&[f32]; 2], output: &mut [f32]) {
        self.check(maps, output.len(), &[scale, shift]);
        let kernel = Forward { activation: self, maps, scale, shift, output };
        vector::run(self.instructions, kernel);
    }

    /// Return mean and spread of each channel of some images before it.
    ///
    /// # Shapes
    /// `maps`: `[images, rows, columns, channels]`
    #[must_use]
    pub fn moments(&self, maps: &[f32]) -> Moments {
        let none = || vec![0.0; self.channels];
        let mut moments = Moments { count: 0.0, mean: none(), squares: none() };
        vector::run(
            self.instructions,
            MomentsKernel { activation: self, maps, moments: &mut moments },
        );
        moments
    }

    /// Return the sums of gradients behind ReLU and pooling, each number centred by its channel's.
    ///
    /// # Shapes
    /// As [`Self::forward`]; `gradient` as its output.
    ///
    /// # Panics
    /// As [`Self::forward`].
    #[must_use]
    pub fn gradient_sums(
        &self,
        maps: &[f32],
        [scale, shift]: [&[f32]; 2],
        centre: &[f32],
        gradient: &[f32],
    ) -> GradientSums {
        self.check(maps, gradient.len(), &[scale, shift, centre]);
        let none = || vec![0.0; self.channels];
        let mut sums = GradientSums { plain: none(), centred: none() };
        let kernel =
            SumsKernel { activation: self, maps, scale, shift, centre, gradient, sums: &mut sums };
        vector::run(self.instructions, kernel);
        sums
    }

    /// Return in `maps_gradient` the gradient of the maps before it.
    ///
    /// # Shapes
    /// As [`Self::forward`]; `gradient` as its output, `maps_gradient` as the maps.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn backward(
        &self,
        maps: &[f32],
        [scale, shift]: [&[f32]; 2],
        through: &Through<'_>,
        gradient: &[f32],
        maps_gradient: &mut [f32],
    ) {
        let Through { factor, slope, constant } = *through;
        self.check(maps, gradient.len(), &[scale, shift, factor, slope, constant]);
        assert_eq!(maps.len(), maps_gradient.len());
        let kernel =
            Backward { activation: self, maps, scale, shift, through, gradient, maps_gradient };
        vector::run(self.instructions, kernel);
    }

    /// What the kernels' pointers rely on.
    fn check(&self, maps: &[f32], given: usize, channels: &[&[f32]]) {
        let [from, to] = self.image();
        assert!(maps.len().is_multiple_of(from) && maps.len() / from * to == given);
        assert!(channels.iter().all(|numbers| numbers.len() == self.channels));
    }

    /// Rows, and columns, that are taken at once.
    fn step(&self) -> usize {
        if self.pool { 2 } else { 1 }
    }

    /// Return the windows of a row of the output, each by where its first place begins among the
    /// numbers of the maps.
    #[inline(always)]
    fn row(&self, image: usize, row: usize) -> [usize; 2] {
        let ([from, to], step) = (self.image(), self.step());
        let begin = image * from + row * step * self.size[1] * self.channels;
        [begin, image * to + row * self.output_size()[1] * self.channels]
    }
}

/// The four places of a window, scaled and shifted.
///
/// # Safety
/// `place` and the row below are valid for two places of `channels` numbers.
#[inline(always)]
unsafe fn window<I: Isa>(isa: I, place: *const f32, [row, channels]: [usize; 2]) -> [I::V; 4] {
    // SAFETY: as the caller says.
    unsafe {
        let below = place.add(row);
        [
            isa.load(place),
            isa.load(place.add(channels)),
            isa.load(below),
            isa.load(below.add(channels)),
        ]
    }
}

/// The gradients of a window's four places: that of its largest, at the first place that has it, where
/// ReLU lets it pass.
#[inline(always)]
fn spread<I: Isa>(values: &[I::V; 4], gradient: I::V) -> [I::V; 4] {
    let most = values[0].max(values[1]).max(values[2].max(values[3]));
    let mut left = most.where_positive(gradient);
    let mut spread = *values;
    for place in 0..4 {
        spread[place] = values[place].where_equal(most, left);
        left = left.sub(spread[place]);
    }
    spread
}

struct Forward<'a> {
    activation: &'a Activation,
    maps: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    output: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { activation, maps, scale, shift, output } = self;
        let Activation { channels, size, pool, .. } = *activation;
        let [rows, columns] = activation.output_size();
        let (images, step) = (maps.len() / activation.image()[0], activation.step());
        for image in 0..images {
            for row in 0..rows {
                let [from, to] = activation.row(image, row);
                for channel in (0..channels).step_by(I::LANES) {
                    // SAFETY: `check` saw that all rows lie within the slices, and channels are whole
                    // vectors.
                    unsafe {
                        let scale = isa.load(scale.as_ptr().add(channel));
                        let shift = isa.load(shift.as_ptr().add(channel));
                        let from = maps.as_ptr().add(from + channel);
                        let to = output.as_mut_ptr().add(to + channel);
                        for column in 0..columns {
                            let place = from.add(column * step * channels);
                            let value = if pool {
                                let [a, b, c, d] =
                                    window(isa, place, [size[1] * channels, channels])
                                        .map(|value| value.mul_add(scale, shift));
                                a.max(b).max(c.max(d))
                            } else {
                                isa.load(place).mul_add(scale, shift)
                            };
                            value.max(isa.splat(0.0)).store(to.add(column * channels));
                        }
                    }
                }
            }
        }
    }
}

struct MomentsKernel<'a> {
    activation: &'a Activation,
    maps: &'a [f32],
    moments: &'a mut Moments,
}

impl Kernel for MomentsKernel<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { activation, maps, moments } = self;
        let channels = activation.channels;
        let image = activation.image()[0];
        let places = image / channels;
        let mut mean = vec![0.0_f32; channels];
        let mut squares = vec![0.0_f32; channels];
        for map in maps.chunks_exact(image) {
            for channel in (0..channels).step_by(I::LANES) {
                // SAFETY: a map is `places` times `channels` numbers, and channels are whole vectors.
                unsafe {
                    let first = map.as_ptr().add(channel);
                    let mut sum = isa.splat(0.0);
                    for place in 0..places {
                        sum = sum.add(isa.load(first.add(place * channels)));
                    }
                    let middle = sum.mul(isa.splat(1.0 / places as f32));
                    let mut spread = isa.splat(0.0);
                    for place in 0..places {
                        let apart = isa.load(first.add(place * channels)).sub(middle);
                        spread = apart.mul_add(apart, spread);
                    }
                    middle.store(mean.as_mut_ptr().add(channel));
                    spread.store(squares.as_mut_ptr().add(channel));
                }
            }
            let wide = |numbers: &[f32]| numbers.iter().map(|number| f64::from(*number)).collect();
            let of_map =
                Moments { count: places as f64, mean: wide(&mean), squares: wide(&squares) };
            moments.merge(&of_map);
        }
    }
}

struct SumsKernel<'a> {
    activation: &'a Activation,
    maps: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    centre: &'a [f32],
    gradient: &'a [f32],
    sums: &'a mut GradientSums,
}

impl Kernel for SumsKernel<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { activation, maps, scale, shift, centre, gradient, sums } = self;
        let Activation { channels, size, pool, .. } = *activation;
        let [rows, columns] = activation.output_size();
        let (images, step) = (maps.len() / activation.image()[0], activation.step());
        let mut lanes = vec![0.0_f32; 2 * I::LANES];
        for image in 0..images {
            for channel in (0..channels).step_by(I::LANES) {
                // SAFETY: `check` saw that all rows lie within the slices, and channels are whole vectors.
                unsafe {
                    let [scale, shift, centre] = [scale, shift, centre]
                        .map(|numbers| isa.load(numbers.as_ptr().add(channel)));
                    let (mut plain, mut centred) = (isa.splat(0.0), isa.splat(0.0));
                    for row in 0..rows {
                        let [from, to] = activation.row(image, row);
                        let from = maps.as_ptr().add(from + channel);
                        let to = gradient.as_ptr().add(to + channel);
                        for column in 0..columns {
                            let place = from.add(column * step * channels);
                            let given = isa.load(to.add(column * channels));
                            if pool {
                                let values = window(isa, place, [size[1] * channels, channels]);
                                let active = values.map(|value| value.mul_add(scale, shift));
                                let spread = spread::<I>(&active, given);
                                for at in 0..4 {
                                    plain = plain.add(spread[at]);
                                    centred = spread[at].mul_add(values[at].sub(centre), centred);
                                }
                            } else {
                                let value = isa.load(place);
                                let passed = value.mul_add(scale, shift).where_positive(given);
                                plain = plain.add(passed);
                                centred = passed.mul_add(value.sub(centre), centred);
                            }
                        }
                    }
                    plain.store(lanes.as_mut_ptr());
                    centred.store(lanes.as_mut_ptr().add(I::LANES));
                }
                for lane in 0..I::LANES {
                    sums.plain[channel + lane] += f64::from(lanes[lane]);
                    sums.centred[channel + lane] += f64::from(lanes[I::LANES + lane]);
                }
            }
        }
    }
}

struct Backward<'a> {
    activation: &'a Activation,
    maps: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    through: &'a Through<'a>,
    gradient: &'a [f32],
    maps_gradient: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { activation, maps, scale, shift, through, gradient, maps_gradient } = self;
        let Activation { channels, size, pool, .. } = *activation;
        let [rows, columns] = activation.output_size();
        let (image_numbers, step) = (activation.image()[0], activation.step());
        let strides = [size[1] * channels, channels];
        for image in 0..maps.len() / image_numbers {
            for row in 0..rows {
                let [from, to] = activation.row(image, row);
                for channel in (0..channels).step_by(I::LANES) {
                    // SAFETY: `check` and `backward` saw that all rows lie within the slices, and channels
                    // are whole vectors.
                    unsafe {
                        let at = |numbers: &[f32]| isa.load(numbers.as_ptr().add(channel));
                        let (scale, shift) = (at(scale), at(shift));
                        let factor = at(through.factor);
                        let (slope, constant) = (at(through.slope), at(through.constant));
                        for column in 0..columns {
                            let place = from + column * step * channels + channel;
                            let given =
                                isa.load(gradient.as_ptr().add(to + column * channels + channel));
                            let (read, out) =
                                (maps.as_ptr().add(place), maps_gradient.as_mut_ptr().add(place));
                            if pool {
                                let values = window(isa, read, strides);
                                let active = values.map(|value| value.mul_add(scale, shift));
                                let spread = spread::<I>(&active, given);
                                for at in 0..4 {
                                    let rest = values[at].mul_add(slope, constant);
                                    let place = at / 2 * strides[0] + at % 2 * strides[1];
                                    spread[at].mul_add(factor, rest).store(out.add(place));
                                }
                            } else {
                                let value = isa.load(read);
                                let passed = value.mul_add(scale, shift).where_positive(given);
                                let rest = value.mul_add(slope, constant);
                                passed.mul_add(factor, rest).store(out);
                            }
                        }
                    }
                }
            }
            // What pooling drops has no gradient from behind, but its share of the statistics'.
            let dropped =
                |row: usize, column: usize| row >= rows * step || column >= columns * step;
            for row in 0..size[0] {
                for column in (0..size[1]).filter(|column| dropped(row, *column)) {
                    let place = image * image_numbers + (row * size[1] + column) * channels;
                    for channel in 0..channels {
                        maps_gradient[place + channel] = maps[place + channel]
                            * through.slope[channel]
                            + through.constant[channel];
                    }
                }
            }
        }
    }
}
