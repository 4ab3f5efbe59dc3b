//! ONNX: the network as a graph that any runtime can run.
//!
//! With surroundings, of a network that looks at them: input `canvas` `[N, 1, 100, 100]` in [0, 1], the
//! patch in its middle; outputs `logits` and `probabilities` of the patch alone, as below, and
//! `context_logits` and `context_probabilities`, `[N, 2]`, of the patch with its surroundings. What is
//! missing of them is 0, air; where fewer than 71 x 71 pixels are known, the patch's own answer counts.
//!
//! Patch by patch: input `patches` `[N, 1, 50, 50]` in [0, 1]; outputs `logits` `[N, 2]` and
//! `probabilities` `[N, 2]` (after temperature; column 1 is the nodule). Dense: input `picture`
//! `[1, 1, H, W]`, output `logits` `[1, 2, h, w]`, one pair for every patch of the picture at the
//! network's dense stride. Threshold, temperature (`context_...` those with surroundings) and
//! preprocessing are in the file's metadata. Of `onnx.proto` the fields used are declared in `proto.rs`.

mod proto;

use super::bytes;
use anyhow::{Context, Result, ensure};
use nodulens::constants::{CLASSES, CONTEXT_SIZE, PATCH_SIZE};
use nodulens::model::{ContextLayers, LayerInfo, Operation};
use nodulens::weights::{Head, Parameter, Parameters, WeightsFile, transposed};
use prost::Message;
use proto::{
    Attribute, FLOAT, Graph, INT64, Model, Node, OperatorSet, Pair, Side, Tensor, integer,
    integers, value_info,
};

/// Version of the operators' meaning; 13 is understood by every runtime in use.
const OPSET: i64 = 13;
/// Version of the file format that came with it.
const IR_VERSION: i64 = 7;

/// What the graph takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Patches with their surroundings, a pair of logits each from either head.
    Canvases,
    /// Patches alone, a pair of logits each.
    Patches,
    /// A whole picture of any size from a patch up, fully convolutionally.
    Dense,
}

/// Return the ONNX file.
///
/// # Errors
/// Where the network cannot be read, lacks a parameter that its layers name, or has no dense form.
pub fn write(weights: &WeightsFile, form: Form) -> Result<Vec<u8>> {
    let header = &weights.header;
    let graph = Builder::graph(weights, form)?;
    let pair = |key: &str, value: String| Pair { key: key.to_owned(), value };
    let context = header.context.map(|context| {
        [
            pair("context_threshold", context.threshold.to_string()),
            pair("context_temperature", context.temperature.to_string()),
        ]
    });
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "Nodulens".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: format!("{}. {}", header.card.title, header.card.intended_use),
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        metadata_props: vec![
            pair("network", header.network.clone()),
            pair("preprocess_id", header.preprocess_id.clone()),
            pair("threshold", header.threshold.to_string()),
            pair("temperature", header.temperature.to_string()),
            pair("weights_sha256", weights.sha256.clone()),
        ]
        .into_iter()
        .chain(context.into_iter().flatten())
        .collect(),
    };
    Ok(model.encode_to_vec())
}

/// Puts nodes one behind the other.
struct Builder {
    parameters: Parameters,
    form: Form,
    nodes: Vec<Node>,
    initializers: Vec<Tensor>,
    /// Name of the last node's output.
    last: String,
    /// Its shape for one patch, `[C, y, x]` or `[features]`.
    shape: Vec<usize>,
}

impl Builder {
    fn graph(weights: &WeightsFile, form: Form) -> Result<Graph> {
        let kind = weights.kind;
        ensure!(
            form == Form::Patches || kind.dense_stride().is_some(),
            "the network {} has no dense form: it pads each patch, which one pass over a whole \
             picture cannot imitate. Leave --dense away",
            kind.name()
        );
        let context = kind.context().filter(|_| form == Form::Canvases);
        ensure!(
            form != Form::Canvases || context.is_some(),
            "the network {} does not look at surroundings",
            kind.name()
        );
        let (input, input_side) = match form {
            Form::Canvases => ("canvas", CONTEXT_SIZE),
            Form::Patches => ("patches", PATCH_SIZE),
            Form::Dense => ("picture", 0),
        };
        let mut builder = Self {
            parameters: weights.parameters.clone(),
            form,
            nodes: Vec::new(),
            initializers: Vec::new(),
            last: input.to_owned(),
            shape: vec![1, PATCH_SIZE, PATCH_SIZE],
        };
        if form == Form::Canvases {
            builder.cut_patches();
        }
        let (layers, mut features) = (kind.layers(), String::new());
        for (at, layer) in layers.into_iter().enumerate() {
            builder.layer(&layer)?;
            builder.shape = layer.output_shape;
            if context.as_ref().is_some_and(|context| context.joined == at + 1) {
                features.clone_from(&builder.last);
            }
        }
        builder.rename_last("logits");
        let (free, side) = (|name: &str| Side::Free(name.to_owned()), |n| Side::Known(n as i64));
        let (input_sides, output) = if form == Form::Dense {
            let pairs = vec![side(1), side(CLASSES), free("h"), free("w")];
            (vec![side(1), side(1), free("H"), free("W")], vec![value_info("logits", pairs)])
        } else {
            builder.probabilities("", weights.header.temperature);
            let mut names = vec!["logits", "probabilities"];
            if let Some(context) = context {
                builder.in_context(input, context, features)?;
                builder
                    .probabilities("context_", weights.header.operating(Head::Context).temperature);
                names.extend(["context_logits", "context_probabilities"]);
            }
            let pair = |name| value_info(name, vec![free("N"), side(CLASSES)]);
            let input_sides = vec![free("N"), side(1), side(input_side), side(input_side)];
            (input_sides, names.into_iter().map(pair).collect())
        };
        Ok(Graph {
            node: builder.nodes,
            name: weights.header.network.clone(),
            initializer: builder.initializers,
            input: vec![value_info(input, input_sides)],
            output,
        })
    }

    /// Append the cut of each canvas's middle.
    fn cut_patches(&mut self) {
        let first = ((CONTEXT_SIZE - PATCH_SIZE) / 2) as i64;
        let named = [
            ("patch_starts", [first; 2]),
            ("patch_ends", [first + PATCH_SIZE as i64; 2]),
            ("patch_axes", [2, 3]),
        ];
        for (name, values) in named {
            self.initializers.push(Tensor {
                dims: vec![2],
                data_type: INT64,
                name: name.to_owned(),
                raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            });
        }
        self.node("Slice", "patches", &named.map(|(name, _)| name), vec![]);
    }

    /// Append what sees the surroundings, behind the logits of the patch and its `features`.
    fn in_context(&mut self, canvas: &str, context: ContextLayers, features: String) -> Result<()> {
        let halves = ["kernel_shape", "strides"].map(|name| integers(name, &[2, 2]));
        canvas.clone_into(&mut self.last);
        self.node("AveragePool", "surroundings", &[], halves.to_vec());
        self.shape = vec![1, PATCH_SIZE, PATCH_SIZE];
        for layer in context.trunk {
            self.layer(&layer)?;
        }
        let around = std::mem::replace(&mut self.last, features);
        self.node("Concat", "joined", &[&around], vec![integer("axis", 1)]);
        for layer in context.head {
            self.shape.clone_from(&layer.input_shape);
            self.layer(&layer)?;
        }
        self.node("Add", "context_logits", &["logits"], vec![]);
        Ok(())
    }

    /// Append temperature and softmax behind logits.
    fn probabilities(&mut self, head: &str, temperature: f32) {
        let named = |name: &str| format!("{head}{name}");
        let values = vec![temperature];
        self.initializer(&named("temperature"), &Parameter { shape: vec![], values });
        self.node("Div", &named("scaled"), &[&named("temperature")], vec![]);
        self.node("Softmax", &named("probabilities"), &[], vec![integer("axis", 1)]);
    }

    fn layer(&mut self, LayerInfo { name, operation, .. }: &LayerInfo) -> Result<()> {
        let [weight, bias] = ["weight", "bias"].map(|kind| format!("{name}.{kind}"));
        let square = |key: &str, side: usize| integers(key, &[side as i64; 2]);
        match *operation {
            Operation::Convolution { kernel, padding } => {
                self.parameter(&weight)?;
                self.parameter(&bias)?;
                let pads = integers("pads", &[padding as i64; 4]);
                let shape = vec![square("kernel_shape", kernel), pads, square("strides", 1)];
                self.node("Conv", name, &[&weight, &bias], shape);
                self.relu(name);
            }
            Operation::MaxPool => {
                self.node(
                    "MaxPool",
                    name,
                    &[],
                    vec![square("kernel_shape", 2), square("strides", 2)],
                );
            }
            // Over a patch's last map; of a picture, over as much at every place.
            Operation::Mean if self.form == Form::Dense => {
                let side = self.map_side();
                let shape = vec![square("kernel_shape", side), square("strides", 1)];
                self.node("AveragePool", name, &[], shape);
            }
            Operation::Mean => {
                let over = vec![integers("axes", &[2, 3]), integer("keepdims", 1)];
                self.node("ReduceMean", name, &[], over);
            }
            // What a patch's last map is to the dense layer, a window is to a convolution.
            Operation::Dense { relu } if self.form == Form::Dense => {
                let side = self.map_side();
                let mut kernels = transposed(self.find(&weight)?);
                kernels.shape = vec![kernels.shape[0], self.shape[0], side, side];
                self.initializer(&weight, &kernels);
                self.parameter(&bias)?;
                let shape = vec![square("kernel_shape", side), square("strides", 1)];
                self.node("Conv", name, &[&weight, &bias], shape);
                if relu {
                    self.relu(name);
                }
            }
            Operation::Dense { relu } => {
                if self.shape.len() > 1 {
                    self.node("Flatten", &format!("{name}_flat"), &[], vec![integer("axis", 1)]);
                }
                self.parameter(&weight)?;
                self.parameter(&bias)?;
                self.node("Gemm", name, &[&weight, &bias], vec![integer("transB", 1)]);
                if relu {
                    self.relu(name);
                }
            }
            // Nothing at inference; and softmax comes after the temperature.
            Operation::Dropout | Operation::Softmax => {}
        }
        Ok(())
    }

    fn relu(&mut self, name: &str) {
        self.node("Relu", &format!("{name}_relu"), &[], vec![]);
    }

    /// Return the side of the last map of a patch; a list of features is a map of one position.
    fn map_side(&self) -> usize {
        self.shape.get(1).copied().unwrap_or(1)
    }

    /// Append a node on the last output and some initializers; its output has the node's name.
    fn node(&mut self, operator: &str, name: &str, more: &[&str], attribute: Vec<Attribute>) {
        let mut input = vec![std::mem::replace(&mut self.last, name.to_owned())];
        input.extend(more.iter().map(|name| (*name).to_owned()));
        self.nodes.push(Node {
            input,
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute,
        });
    }

    fn rename_last(&mut self, name: &str) {
        if let Some(node) = self.nodes.last_mut() {
            node.output = vec![name.to_owned()];
        }
        self.last = name.to_owned();
    }

    fn find(&self, name: &str) -> Result<&Parameter> {
        self.parameters.get(name).with_context(|| format!("{name} is missing"))
    }

    fn parameter(&mut self, name: &str) -> Result<()> {
        let parameter = transposed(self.find(name)?);
        self.initializer(name, &parameter);
        Ok(())
    }

    fn initializer(&mut self, name: &str, parameter: &Parameter) {
        self.initializers.push(Tensor {
            dims: parameter.shape.iter().map(|side| *side as i64).collect(),
            data_type: FLOAT,
            name: name.to_owned(),
            raw_data: bytes(&parameter.values),
        });
    }
}
