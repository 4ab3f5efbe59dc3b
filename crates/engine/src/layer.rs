//! What a network is made of, as the engine takes it.

/// One layer. Maps are `[rows, columns, channels]`, channels innermost.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Square kernels at stride 1.
    Convolution(Convolution),
    /// The largest of every 2 x 2 places; a last odd row or column is dropped.
    MaxPool,
    /// The mean of each channel over every square of this side, at stride 1.
    Mean(usize),
}

/// Kernels and biases. A dense layer is a convolution whose kernel is the whole map.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// Channels of the input and of the output.
    pub channels: [usize; 2],
    /// Side of the kernels.
    pub kernel: usize,
    /// Zeros around the input, on each side.
    pub padding: usize,
    /// `[out, in, y, x]`, row-major.
    pub weights: Vec<f32>,
    /// `[out]`
    pub bias: Vec<f32>,
    /// Whether negative outputs become zero.
    pub relu: bool,
}

impl Convolution {
    /// Multiply-adds for an output map of this size; in 64 bits, for a large picture needs them.
    pub(crate) fn macs(&self, [rows, columns]: [usize; 2]) -> u64 {
        let sides = [rows, columns, self.kernel, self.kernel, self.channels[0], self.channels[1]];
        sides.into_iter().fold(1, |all, side| all.saturating_mul(side as u64))
    }

    /// Weight of an output and an input channel at a place of the kernel.
    #[cfg(test)]
    pub(crate) fn weight(&self, output: usize, input: usize, y: usize, x: usize) -> f32 {
        self.weights[((output * self.channels[0] + input) * self.kernel + y) * self.kernel + x]
    }
}

/// Why layers or values do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// A layer whose numbers are not as many as its shape says, or that does not follow from the
    /// layer before: its position, and what is wrong.
    Layer(usize, String),
    /// An input that the network cannot take: too small, or not as many values as its shape says.
    Input(String),
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Layer(position, what) => write!(f, "layer {position}: {what}"),
            Self::Input(what) => write!(f, "the input does not fit the network: {what}"),
        }
    }
}

impl std::error::Error for EngineError {}

/// Check that each layer follows from the one before.
pub(crate) fn check(channels: usize, layers: &[Layer]) -> Result<(), EngineError> {
    let mut now = channels;
    for (position, layer) in layers.iter().enumerate() {
        let wrong = |what: String| Err(EngineError::Layer(position, what));
        match layer {
            Layer::Convolution(conv) => {
                let [from, to] = conv.channels;
                let weights = from
                    .checked_mul(to)
                    .and_then(|pairs| pairs.checked_mul(conv.kernel))
                    .and_then(|rows| rows.checked_mul(conv.kernel));
                if from != now {
                    return wrong(format!("takes {from} channels and is given {now}"));
                }
                if to == 0 || conv.kernel == 0 || conv.padding >= conv.kernel {
                    return wrong("an empty kernel, or more padding than kernel".to_owned());
                }
                if weights != Some(conv.weights.len()) || conv.bias.len() != to {
                    return wrong("not as many weights as its shape says".to_owned());
                }
                now = to;
            }
            Layer::Mean(0) => return wrong("a mean of nothing".to_owned()),
            // Only behind a convolution are the channels whole panels.
            Layer::Mean(_) | Layer::MaxPool if position == 0 => {
                return wrong("pooling before the first convolution".to_owned());
            }
            Layer::Mean(_) | Layer::MaxPool => {}
        }
    }
    if channels == 0 || layers.is_empty() {
        return Err(EngineError::Layer(0, "a network without channels or layers".to_owned()));
    }
    Ok(())
}
