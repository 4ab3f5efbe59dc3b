//! ONNX: the network as a graph that any runtime can run.
//!
//! Patch by patch: input `patches` `[N, 1, 50, 50]` in [0, 1]; outputs `logits` `[N, 2]` and
//! `probabilities` `[N, 2]` (after temperature; column 1 is the nodule). Dense: input `picture`
//! `[1, 1, H, W]`, output `logits` `[1, 2, h, w]`, one pair for every patch of the picture at the
//! network's dense stride. Threshold, temperature and preprocessing are in the file's metadata. Of
//! `onnx.proto` the fields used are declared here.

use super::bytes;
use anyhow::{Context, Result, ensure};
use nodulens::constants::{CLASSES, PATCH_SIZE};
use nodulens::model::{LayerInfo, Operation};
use nodulens::weights::transposed;
use nodulens::weights::{Parameter, Parameters, WeightsFile};
use prost::Message;

/// Version of the operators' meaning; 13 is understood by every runtime in use.
const OPSET: i64 = 13;
/// Version of the file format that came with it.
const IR_VERSION: i64 = 7;
/// `TensorProto.DataType.FLOAT`
const FLOAT: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(string, tag = "2")]
    producer_name: String,
    #[prost(string, tag = "3")]
    producer_version: String,
    #[prost(string, tag = "6")]
    doc_string: String,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSet>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSet {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, tag = "3")]
    i: i64,
    #[prost(int64, repeated, tag = "8")]
    ints: Vec<i64>,
    /// 2 is an integer, 7 a list of integers.
    #[prost(int32, tag = "20")]
    kind: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfo {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    kind: Option<Type>,
}

#[derive(Clone, PartialEq, Message)]
struct Type {
    #[prost(message, optional, tag = "1")]
    tensor: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(int32, tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(oneof = "Side", tags = "1, 2")]
    side: Option<Side>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Side {
    #[prost(int64, tag = "1")]
    Known(i64),
    #[prost(string, tag = "2")]
    Free(String),
}

/// What the graph takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Patches, a pair of logits each.
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
        ],
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
        let input = if form == Form::Dense { "picture" } else { "patches" };
        let mut builder = Self {
            parameters: weights.parameters.clone(),
            form,
            nodes: Vec::new(),
            initializers: Vec::new(),
            last: input.to_owned(),
            shape: vec![1, PATCH_SIZE, PATCH_SIZE],
        };
        for layer in kind.layers() {
            builder.layer(&layer)?;
            builder.shape = layer.output_shape;
        }
        builder.rename_last("logits");
        let (free, side) = (|name: &str| Side::Free(name.to_owned()), |n| Side::Known(n as i64));
        let (input_sides, output) = match form {
            Form::Dense => {
                let pairs = vec![side(1), side(CLASSES), free("h"), free("w")];
                (vec![side(1), side(1), free("H"), free("W")], vec![value_info("logits", pairs)])
            }
            Form::Patches => {
                let values = vec![weights.header.temperature];
                builder.initializer("temperature", &Parameter { shape: vec![], values });
                builder.node("Div", "scaled", &["temperature"], vec![]);
                builder.node("Softmax", "probabilities", &[], vec![integer("axis", 1)]);
                let output = ["logits", "probabilities"]
                    .map(|name| value_info(name, vec![free("N"), side(CLASSES)]));
                (vec![free("N"), side(1), side(PATCH_SIZE), side(PATCH_SIZE)], output.to_vec())
            }
        };
        Ok(Graph {
            node: builder.nodes,
            name: weights.header.network.clone(),
            initializer: builder.initializers,
            input: vec![value_info(input, input_sides)],
            output,
        })
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

fn integer(name: &str, value: i64) -> Attribute {
    Attribute { name: name.to_owned(), i: value, ints: vec![], kind: 2 }
}

fn integers(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.to_owned(), i: 0, ints: values.to_vec(), kind: 7 }
}

fn value_info(name: &str, sides: Vec<Side>) -> ValueInfo {
    let dim = sides.into_iter().map(|side| Dimension { side: Some(side) }).collect();
    let tensor = TensorType { elem_type: FLOAT, shape: Some(Shape { dim }) };
    ValueInfo { name: name.to_owned(), kind: Some(Type { tensor: Some(tensor) }) }
}
