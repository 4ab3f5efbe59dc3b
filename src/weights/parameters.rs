//! A network's parameters as plain numbers by name, and a network from such.

use super::{WeightsError, corrupt, mismatch};
use crate::model::{Network, NetworkKind};
use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::BTreeMap;

/// Numbers of one parameter, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Convolutions as `[out, in, y, x]`, dense layers as `[in, out]`, biases as `[out]`.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub values: Vec<f32>,
}

/// Parameters by name (`conv1.weight`).
pub type Parameters = BTreeMap<String, Parameter>;

/// All parameters of a network.
///
/// # Errors
/// [`WeightsError::Corrupt`] where the device cannot be read.
pub fn parameters(network: &Network) -> Result<Parameters, WeightsError> {
    let mut collector = Collector::default();
    network.visit_parameters(&mut collector);
    match collector.error {
        Some(error) => Err(error),
        None => Ok(collector.parameters),
    }
}

/// A network of these parameters, none missing and none over.
///
/// # Errors
/// [`WeightsError::Mismatch`] names the first that does not fit.
pub fn network_of(
    kind: NetworkKind,
    parameters: impl IntoIterator<Item = (String, Parameter)>,
    device: &Device,
) -> Result<Network, WeightsError> {
    let parameters = parameters.into_iter().collect();
    let mut loader = Loader { path: Vec::new(), parameters, device, error: None };
    let network = kind.init(device).map_parameters(&mut loader);
    match (loader.error, loader.parameters.iter().map(|(name, _)| name).min()) {
        (Some(error), _) => Err(error),
        (None, Some(name)) => Err(mismatch("a parameter", name, "absent")),
        (None, None) => Ok(network),
    }
}

#[derive(Default)]
struct Collector {
    path: Vec<String>,
    parameters: Parameters,
    error: Option<WeightsError>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let shape = param.val().dims().to_vec();
        match param.val().into_data().try_to_vec::<f32>() {
            Ok(values) => {
                self.parameters.insert(name, Parameter { shape, values });
            }
            Err(error) => self.error = Some(corrupt(format!("{name} cannot be read: {error:?}"))),
        }
    }
}

/// Puts parameters in place by name; what is left afterwards belongs nowhere.
struct Loader<'a> {
    path: Vec<String>,
    // A list, for there are a dozen, and a map's code would weigh more in the browser than they do.
    parameters: Vec<(String, Parameter)>,
    device: &'a Device,
    error: Option<WeightsError>,
}

impl Loader<'_> {
    /// The first thing that does not fit says the most.
    fn fail(&mut self, error: WeightsError) {
        self.error.get_or_insert(error);
    }
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        // The lazy shape spares the random initialisation of five million numbers.
        let expected = param.lazy_shape().to_vec();
        let place = self.parameters.iter().position(|(present, _)| *present == name);
        match place.map(|place| self.parameters.swap_remove(place).1) {
            Some(Parameter { shape, values }) if shape == expected => {
                let tensor = Tensor::from_data(TensorData::new(values, shape), self.device);
                let id = param.id;
                param.transform_for_load(tensor, id)
            }
            Some(Parameter { shape, .. }) => {
                let (found, expected) = (format!("{shape:?}"), format!("{expected:?}"));
                self.fail(mismatch(&format!("the shape of {name}"), found, expected));
                param
            }
            None => {
                self.fail(mismatch(&name, "absent", format!("{expected:?}")));
                param
            }
        }
    }
}
