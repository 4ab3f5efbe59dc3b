//! From a patch to its answer, step by step: a network's layers, and what stands between its parts.

use crate::constants::{CLASSES, PATCH_SIZE};
use crate::model::{ContextLayers, LayerInfo, NetworkKind, Operation};
use crate::on_burn::Network;
use crate::weights::Head;
use burn::tensor::Tensor;
use serde::Serialize;
use std::ops::Range;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "operation")]
pub enum Does {
    /// Brings in the surroundings of the patch, at half the resolution.
    Surroundings,
    /// Puts features one behind the other.
    Join,
    /// Adds logits.
    Sum,
    /// What a layer of the network does.
    #[serde(untagged)]
    Layer(Operation),
}

/// Which layers of a network a step is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Patch,
    Around,
    Head,
}

/// A step of a trace behind the input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Name of the layer, or of what stands between layers.
    pub name: &'static str,
    /// What it does.
    #[serde(flatten)]
    pub operation: Does,
    /// Without the batch: `[C, H, W]` or `[features]`.
    pub output_shape: Vec<usize>,
    /// Numbers in the weights file.
    pub parameters: usize,
    /// Multiply-adds a patch.
    pub macs: usize,
    /// Layers of the trace that it reads, 0 the patch; nothing of the surroundings.
    pub before: Vec<usize>,
    /// As the network has it, of a layer.
    #[serde(skip)]
    pub(super) layer: Option<LayerInfo>,
    /// Where the network has it.
    #[serde(skip)]
    place: Option<(Part, usize)>,
}

impl Step {
    fn layer(layer: LayerInfo, part: Part, at: usize, before: Vec<usize>) -> Self {
        Self {
            name: layer.name,
            operation: Does::Layer(layer.operation),
            output_shape: layer.output_shape.clone(),
            parameters: layer.parameters,
            macs: layer.macs,
            before,
            layer: Some(layer),
            place: Some((part, at)),
        }
    }

    fn between(name: &'static str, operation: Does, shape: Vec<usize>, before: Vec<usize>) -> Self {
        let (output_shape, layer, place) = (shape, None, None);
        Self { name, operation, output_shape, parameters: 0, macs: 0, before, layer, place }
    }

    /// Compute what it gives from what it reads; `None` of what a network does not have.
    pub(super) fn take(&self, network: &Network, before: &[&Tensor<4>]) -> Option<Tensor<4>> {
        let [first, others @ ..] = before else { return None };
        let first = (*first).clone();
        let layers = |at: usize| -> Range<usize> { at..at + 1 };
        match self.place {
            Some((Part::Patch, at)) => Some(network.through(layers(at), first)),
            Some((Part::Around, at)) => network.through_around(layers(at), first),
            Some((Part::Head, at)) => network.through_head(layers(at), first),
            None => {
                let other = (*others.first()?).clone();
                match self.operation {
                    Does::Join => Some(Tensor::cat(vec![first, other], 1)),
                    Does::Sum => Some(first + other),
                    _ => None,
                }
            }
        }
    }
}

/// Return the steps of a network where this part of it answers; of a network that does not look at
/// surroundings its layers.
pub(super) fn steps(kind: NetworkKind, head: Head) -> Vec<Step> {
    let mut steps = Vec::new();
    let context = kind.context().filter(|_| head == Head::Context);
    let mut layers = kind.layers();
    let Some(ContextLayers { trunk, joined, head }) = context else {
        follow(&mut steps, layers, Part::Patch, 0);
        return steps;
    };
    // Where there are surroundings, the patch's own logits are not yet the answer.
    let last = layers.pop();
    let answers = layers.len();
    follow(&mut steps, layers, Part::Patch, 0);
    let own = steps.len();
    steps.push(Step::between(
        "surroundings",
        Does::Surroundings,
        vec![1, PATCH_SIZE, PATCH_SIZE],
        vec![],
    ));
    let input = steps.len();
    follow(&mut steps, trunk, Part::Around, input);
    let around = steps.len();
    let shape = head.first().map_or_else(Vec::new, |layer| layer.input_shape.clone());
    steps.push(Step::between("joined", Does::Join, shape, vec![joined, around]));
    let both = steps.len();
    follow(&mut steps, head, Part::Head, both);
    let added = steps.len();
    steps.push(Step::between("logits", Does::Sum, vec![CLASSES], vec![own, added]));
    if let Some(softmax) = last {
        let logits = steps.len();
        steps.push(Step::layer(softmax, Part::Patch, answers, vec![logits]));
    }
    steps
}

/// Add layers that follow from each other, the first behind this layer of the trace.
fn follow(steps: &mut Vec<Step>, layers: Vec<LayerInfo>, part: Part, mut before: usize) {
    for (at, layer) in layers.into_iter().enumerate() {
        steps.push(Step::layer(layer, part, at, vec![before]));
        before = steps.len();
    }
}
