//! The multiply-add that made one activation, number by number.

use super::steps::Does;
use super::trace::{Inside, InsideError, Trace, Traced, Unit, within};
use super::what_if::{SoftmaxTerm, shares};
use crate::constants::{CLASSES, MODEL_WINDOW};
use crate::model::Operation;
use crate::weights::Parameter;
use nodulens_imaging::intensity::Grey;
use serde::Serialize;

/// An input times its weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Term {
    /// Where the input stands in the layer before.
    pub channel: usize,
    /// Row.
    pub y: usize,
    /// Column.
    pub x: usize,
    /// The input.
    pub input: f32,
    /// Its weight.
    pub weight: f32,
    /// Input times weight.
    pub product: f32,
}

/// Terms that are not listed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Others {
    /// How many.
    pub count: usize,
    /// What they add together.
    pub sum: f64,
}

/// How an activation came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MadeOf {
    /// The activation, as the trace has it.
    pub value: f32,
    /// How.
    #[serde(flatten)]
    pub made: Made,
}

/// How an activation came about, by operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "operation", rename_all = "kebab-case")]
pub enum Made {
    /// A pixel of the patch.
    Input {
        /// The CT number that the networks' window shows as this grey.
        hu: f32,
    },
    /// A pixel of the surroundings: the mean of four of the slice.
    Surroundings {
        /// As of the input.
        hu: f32,
    },
    /// A feature of one of two layers.
    Join {
        /// Layer of the trace.
        layer: usize,
        /// Feature of it.
        channel: usize,
        /// The feature.
        input: f32,
    },
    /// Logits added.
    Sum {
        /// In the order of the layers that are read.
        inputs: [f32; 2],
    },
    /// `sum = bias + totals`, then ReLU.
    Convolution {
        /// Side of the kernel.
        kernel: usize,
        /// The input channel whose numbers follow.
        input: usize,
        /// `kernel x kernel` inputs, row by row; 0 outside the map.
        inputs: Vec<f32>,
        /// Whether that input is a zero that the layer puts around the map.
        outside: Vec<bool>,
        /// Of that input channel.
        weights: Vec<f32>,
        /// Each input times its weight.
        products: Vec<f32>,
        /// Sum of the products of every input channel.
        totals: Vec<f64>,
        /// Added at the end.
        bias: f32,
        /// Before ReLU.
        sum: f64,
    },
    /// The largest of four.
    MaxPool {
        /// Row by row.
        inputs: [f32; 4],
        /// Which of them won; the first of equals.
        winner: usize,
    },
    /// The mean of a whole map.
    Mean {
        /// Numbers in it.
        count: usize,
        /// Their sum.
        sum: f64,
    },
    /// `sum = bias + terms + others`, then ReLU where there is one.
    Dense {
        /// Largest first, by absolute value of the product.
        terms: Vec<Term>,
        /// What is not listed.
        others: Others,
        /// Added at the end.
        bias: f32,
        /// Before ReLU.
        sum: f64,
        /// Whether ReLU follows.
        relu: bool,
    },
    /// In training only: here it passes its input on.
    Dropout {
        /// The input.
        input: f32,
    },
    /// A share of all classes.
    Softmax {
        /// What the logits are divided by.
        temperature: f32,
        /// Of each class: no nodule, nodule.
        classes: [SoftmaxTerm; CLASSES],
    },
}

impl Inside {
    /// Return how the activation at a place of a trace came about. Of a convolution the numbers of
    /// input channel `input` are given, or of the one that adds or takes most; of a dense layer the
    /// `most` largest terms.
    ///
    /// # Errors
    /// [`InsideError::Nowhere`] where there is no such place or input channel.
    pub fn made(
        &self,
        trace: &Trace,
        place: Unit,
        input: Option<usize>,
        most: usize,
    ) -> Result<MadeOf, InsideError> {
        self.check(place)?;
        let Unit { layer, channel, y, x } = place;
        let [_, rows, columns] = self.dims(layer)?;
        let own = traced(trace, layer)?;
        let value = at(&own.values, (channel * rows + y) * columns + x)?;
        let hu = MODEL_WINDOW.hu(Grey(value)).0;
        let Some(step) = self.step(layer) else {
            return Ok(MadeOf { value, made: Made::Input { hu } });
        };
        let before = traced(trace, self.before(layer))?;
        let operation = match step.operation {
            Does::Layer(operation) => operation,
            Does::Surroundings => return Ok(MadeOf { value, made: Made::Surroundings { hu } }),
            Does::Join => {
                let (mut from, mut at_channel) = (self.before(layer), channel);
                if let (Some(behind), Some(second)) =
                    (channel.checked_sub(before.values.len()), step.before.get(1))
                {
                    (from, at_channel) = (*second, behind);
                }
                let input = at(&traced(trace, from)?.values, at_channel)?;
                let made = Made::Join { layer: from, channel: at_channel, input };
                return Ok(MadeOf { value, made });
            }
            Does::Sum => {
                let mut inputs = [0.0; 2];
                for (input, from) in inputs.iter_mut().zip(&step.before) {
                    *input = at(&traced(trace, *from)?.values, channel)?;
                }
                return Ok(MadeOf { value, made: Made::Sum { inputs } });
            }
        };
        let made = match (operation, self.kernels_of(layer)) {
            (Operation::Convolution { kernel, padding }, Some(parameters)) => {
                let window = Sliding { before, kernel, padding, parameters };
                window.made(channel, y, x, input)?
            }
            (Operation::Dense { relu }, Some([weights, bias])) => {
                dense(before, weights, bias, channel, relu, most)?
            }
            (Operation::MaxPool, _) => {
                let [_, _, width] = before.dims();
                let first = (channel * before.dims()[1] + 2 * y) * width + 2 * x;
                let mut inputs = [0.0; 4];
                for (input, i) in inputs.iter_mut().zip([0, 1, width, width + 1]) {
                    *input = at(&before.values, first + i)?;
                }
                let winner = (1..4).fold(0, |w, i| if inputs[i] > inputs[w] { i } else { w });
                Made::MaxPool { inputs, winner }
            }
            (Operation::Mean, _) => {
                let [_, height, width] = before.dims();
                let count = height * width;
                let map = before.values.iter().skip(channel * count).take(count);
                Made::Mean { count, sum: map.map(|value| f64::from(*value)).sum() }
            }
            (Operation::Softmax, _) => {
                let [no, yes] = [at(&before.values, 0)?, at(&before.values, 1)?];
                let temperature = self.temperature;
                Made::Softmax { temperature, classes: shares([no, yes], temperature)? }
            }
            _ => Made::Dropout { input: at(&before.values, channel)? },
        };
        Ok(MadeOf { value, made })
    }

    /// A channel of a layer before ReLU, row-major; of a layer without one, as the trace has it.
    ///
    /// # Errors
    /// [`InsideError::Nowhere`] where there is no such layer or channel.
    pub fn before_relu(
        &self,
        trace: &Trace,
        layer: usize,
        channel: usize,
    ) -> Result<Vec<f32>, InsideError> {
        let [channels, rows, columns] = self.dims(layer)?;
        within("channel", channel, channels)?;
        let places = (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x)));
        places
            .map(|(y, x)| {
                let place = Unit { layer, channel, y, x };
                let MadeOf { value, made } = self.made(trace, place, Some(0), 0)?;
                Ok(match made {
                    Made::Convolution { sum, .. } | Made::Dense { sum, .. } => sum as f32,
                    _ => value,
                })
            })
            .collect()
    }
}

/// A kernel over a map.
struct Sliding<'a> {
    before: &'a Traced,
    kernel: usize,
    padding: usize,
    /// `[C out, C in, y, x]` and `[C out]`.
    parameters: &'a [Parameter; 2],
}

impl Sliding<'_> {
    /// Inputs (nothing outside the map) and weights of one input channel.
    fn pairs(
        &self,
        channel: usize,
        y: usize,
        x: usize,
        input: usize,
    ) -> impl Iterator<Item = (Option<f32>, f32)> + '_ {
        let [inputs, height, width] = self.before.dims();
        let (kernel, padding) = (self.kernel, self.padding);
        (0..kernel * kernel).map(move |i| {
            let row = (y + i / kernel).checked_sub(padding).filter(|row| *row < height);
            let column = (x + i % kernel).checked_sub(padding).filter(|column| *column < width);
            let value = row.zip(column).and_then(|(row, column)| {
                self.before.values.get((input * height + row) * width + column).copied()
            });
            let weight = (channel * inputs + input) * kernel * kernel + i;
            (value, self.parameters[0].values.get(weight).copied().unwrap_or_default())
        })
    }

    fn made(
        &self,
        channel: usize,
        y: usize,
        x: usize,
        input: Option<usize>,
    ) -> Result<Made, InsideError> {
        let [channels, ..] = self.before.dims();
        let totals: Vec<f64> = (0..channels)
            .map(|input| {
                let pairs = self.pairs(channel, y, x, input);
                pairs.map(|(value, weight)| product(value.unwrap_or(0.0), weight)).sum()
            })
            .collect();
        let strongest =
            || (1..channels).fold(0, |s, i| if totals[i].abs() > totals[s].abs() { i } else { s });
        let input = input.unwrap_or_else(strongest);
        within("input channel", input, channels)?;
        let pairs: Vec<_> = self.pairs(channel, y, x, input).collect();
        let bias = at(&self.parameters[1].values, channel)?;
        let sum = f64::from(bias) + totals.iter().sum::<f64>();
        Ok(Made::Convolution {
            kernel: self.kernel,
            input,
            inputs: pairs.iter().map(|(value, _)| value.unwrap_or(0.0)).collect(),
            outside: pairs.iter().map(|(value, _)| value.is_none()).collect(),
            weights: pairs.iter().map(|(_, weight)| *weight).collect(),
            products: pairs.iter().map(|(value, weight)| value.unwrap_or(0.0) * weight).collect(),
            totals,
            bias,
            sum,
        })
    }
}

fn dense(
    before: &Traced,
    weights: &Parameter,
    bias: &Parameter,
    unit: usize,
    relu: bool,
    most: usize,
) -> Result<Made, InsideError> {
    let [_, rows, columns] = before.dims();
    let units = bias.values.len();
    let map = rows * columns;
    let mut terms = Vec::with_capacity(before.values.len());
    for (i, input) in before.values.iter().enumerate() {
        let weight = at(&weights.values, i * units + unit)?;
        let (channel, y, x) = (i / map, i % map / columns, i % columns);
        terms.push(Term { channel, y, x, input: *input, weight, product: input * weight });
    }
    let bias = at(&bias.values, unit)?;
    let all: f64 = terms.iter().map(|term| product(term.input, term.weight)).sum();
    terms.sort_unstable_by(|a, b| b.product.abs().total_cmp(&a.product.abs()));
    let others = Others {
        count: terms.len().saturating_sub(most),
        sum: terms.iter().skip(most).map(|term| product(term.input, term.weight)).sum(),
    };
    terms.truncate(most);
    Ok(Made::Dense { terms, others, bias, sum: f64::from(bias) + all, relu })
}

/// In double precision, for the sum must not depend on the order.
fn product(input: f32, weight: f32) -> f64 {
    f64::from(input) * f64::from(weight)
}

fn traced(trace: &Trace, layer: usize) -> Result<&Traced, InsideError> {
    let there = trace.layers.len();
    trace.layers.get(layer).ok_or(InsideError::Nowhere { what: "layer", asked: layer, there })
}

/// A number of a list; none missing in a trace and a network that belong together.
fn at(values: &[f32], i: usize) -> Result<f32, InsideError> {
    let missing = InsideError::Nowhere { what: "number", asked: i, there: values.len() };
    values.get(i).copied().ok_or(missing)
}
