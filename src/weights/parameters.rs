//! A network's parameters as plain numbers by name.

use super::error::{WeightsError, mismatch};
use crate::model::{LayerInfo, NetworkKind};
use nodulens_imaging::phantom::normal;

/// Numbers of one parameter, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameter {
    /// Convolutions as `[out, in, y, x]`, dense layers as `[in, out]`, biases as `[out]`.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub values: Vec<f32>,
}

/// Parameters by name (`conv1.weight`), in the order of their names.
// A list, because there are a dozen, and a map's code would weigh more in the browser than they do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(Vec<(String, Parameter)>);

impl FromIterator<(String, Parameter)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, Parameter)>>(parameters: I) -> Self {
        let mut sorted: Vec<(String, Parameter)> = Vec::new();
        for parameter in parameters {
            let at = sorted.partition_point(|(name, _)| *name < parameter.0);
            sorted.insert(at, parameter);
        }
        Self(sorted)
    }
}

impl IntoIterator for Parameters {
    type Item = (String, Parameter);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Weights and bias of a layer, as many as its shape says.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerParameters {
    /// Of the shape [`LayerInfo::weight_shape`].
    pub weights: Parameter,
    /// Of the shape `[out]`.
    pub bias: Parameter,
}

impl Parameters {
    /// Draw random weights for layers before ReLU (He et al. 2015), and biases of 0. They come from the
    /// caller's generator, because Burn's own is one for the whole process, and whatever else draws
    /// from it would change them.
    pub fn random(kind: NetworkKind, rng: &mut impl rand::Rng) -> Self {
        let mut parameter = |(name, shape): (String, Vec<usize>)| {
            let count = shape.iter().product();
            // Inputs of an output: of a convolution all but the first axis, of a dense layer the first.
            let fan_in: usize = match shape[..] {
                [inputs, _] => inputs,
                [_, inputs, height, width] => inputs * height * width,
                _ => return (name, Parameter { shape, values: vec![0.0; count] }),
            };
            let deviation = (2.0 / fan_in as f32).sqrt();
            let values = (0..count).map(|_| deviation * normal(rng)).collect();
            (name, Parameter { shape, values })
        };
        kind.parameter_shapes().into_iter().map(&mut parameter).collect()
    }

    /// Return name and numbers of each, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Parameter)> {
        self.0.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// Return the parameter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.iter().find(|(present, _)| *present == name).map(|(_, parameter)| parameter)
    }

    /// Return the parameter of this name, to change.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Parameter> {
        self.0.iter_mut().find(|(present, _)| present == name).map(|(_, parameter)| parameter)
    }

    /// Check that they are those of a network, none missing and none left over.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names one that does not fit.
    pub(super) fn check(&self, kind: NetworkKind) -> Result<(), WeightsError> {
        let wanted = kind.parameter_shapes();
        for (name, shape) in &wanted {
            let found = self.get(name).map(|parameter| format!("{:?}", parameter.shape));
            let expected = format!("{shape:?}");
            match found {
                None => return Err(mismatch(name, "absent", expected)),
                Some(found) if found != expected => {
                    return Err(mismatch(&format!("the shape of {name}"), found, expected));
                }
                Some(_) => {}
            }
        }
        match self.iter().find(|(name, _)| wanted.iter().all(|(known, _)| known != name)) {
            Some((name, _)) => Err(mismatch("a parameter", name, "absent")),
            None => Ok(()),
        }
    }

    /// Return the network whose parameters have these names and shapes.
    #[must_use]
    pub fn fitting(&self) -> Option<NetworkKind> {
        NetworkKind::ALL.into_iter().find(|kind| self.check(*kind).is_ok())
    }

    /// Give each layer of a network its parameters, none missing and none left over, in the order of
    /// [`NetworkKind::all_layers`].
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names the first parameter that does not fit.
    pub fn by_layer(
        mut self,
        kind: NetworkKind,
    ) -> Result<Vec<(LayerInfo, Option<LayerParameters>)>, WeightsError> {
        // A loop, not an iterator of results: three kilobytes less in the page's first module.
        let mut layers = Vec::new();
        for layer in kind.all_layers() {
            let mut parameters = None;
            if let Some(shape) = layer.weight_shape() {
                let weights = self.take(layer.name, "weight", &shape)?;
                let bias = self.take(layer.name, "bias", &[layer.outputs()])?;
                parameters = Some(LayerParameters { weights, bias });
            }
            layers.push((layer, parameters));
        }
        match self.0.first() {
            Some((name, _)) => Err(mismatch("a parameter", name, "absent")),
            None => Ok(layers),
        }
    }

    /// Take out the parameter of this name, which must be there and of this shape.
    fn take(
        &mut self,
        layer: &str,
        part: &str,
        expected: &[usize],
    ) -> Result<Parameter, WeightsError> {
        let name = format!("{layer}.{part}");
        let found = self.0.iter().position(|(present, _)| *present == name);
        let Some(found) = found else {
            return Err(mismatch(&name, "absent", format!("{expected:?}")));
        };
        let parameter = self.0.remove(found).1;
        if parameter.shape != expected {
            let what = format!("the shape of {name}");
            let (found, expected) = (format!("{:?}", parameter.shape), format!("{expected:?}"));
            return Err(mismatch(&what, found, expected));
        }
        Ok(parameter)
    }
}
