//! Inside a network: activations, kernels, and the numbers behind each.

use super::convert::{given, plain, refused, set};
use super::opened::LabNetwork;
use js_sys::{Array, Float32Array, Object};
use nodulens::constants::CLASSES;
use nodulens::lab::inside::{Inside, InsideError, KernelView, Trace, Unit, rewindowed, shares};
use nodulens::lab::looked_at;
use nodulens::weights::Head;
use nodulens_imaging::intensity::Window;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

impl LabNetwork {
    /// Open the part of the network that answers for these values.
    fn inside(&self, values: &[f32]) -> Result<Rc<Inside>, JsValue> {
        let (_, head) = looked_at(self.opened.kind, values)
            .ok_or_else(|| refused(InsideError::Values(values.len())))?;
        let kept = &self.looked.inside[usize::from(head == Head::Context)];
        if let Some(inside) = &*kept.borrow() {
            return Ok(Rc::clone(inside));
        }
        let inside = Rc::new(Inside::new(&self.opened, head).map_err(refused)?);
        *kept.borrow_mut() = Some(Rc::clone(&inside));
        Ok(inside)
    }

    fn traced(&self, values: &[f32]) -> Result<(Rc<Inside>, Rc<Trace>), JsValue> {
        let inside = self.inside(values)?;
        // Bit by bit: what is not a number equals nothing.
        let same =
            |of: &[f32]| of.iter().map(|v| v.to_bits()).eq(values.iter().map(|v| v.to_bits()));
        if let Some((of, trace)) = &*self.looked.trace.borrow()
            && same(of)
        {
            return Ok((inside, Rc::clone(trace)));
        }
        let trace = Rc::new(inside.trace(values).map_err(refused)?);
        *self.looked.trace.borrow_mut() = Some((values.to_vec(), Rc::clone(&trace)));
        Ok((inside, trace))
    }
}

#[wasm_bindgen(js_class = LabNetwork)]
impl LabNetwork {
    /// Return the steps from these values to their answer: name, operation, shape of the output,
    /// parameters, multiply-adds, and which layers of the trace each reads.
    pub fn steps(&self, values: &[f32]) -> Result<JsValue, JsValue> {
        plain(&self.inside(values)?.steps())
    }

    /// Return every activation of one patch or view: the input, then each step.
    pub fn trace(&self, values: &[f32]) -> Result<JsValue, JsValue> {
        let (_, trace) = self.traced(values)?;
        let layers = Array::new();
        for layer in &trace.layers {
            let object = JsValue::from(Object::new());
            set(&object, "name", &layer.name[..]);
            set(&object, "shape", plain(&layer.shape)?);
            set(&object, "values", Float32Array::from(&layer.values[..]));
            layers.push(&object);
        }
        Ok(layers.into())
    }

    /// Return how an activation came about, and its receptive field. `input`: the input channel
    /// whose numbers are given; without one, that of the largest part. `most`: terms of a dense
    /// layer.
    pub fn made(
        &self,
        values: &[f32],
        place: JsValue,
        input: Option<usize>,
        most: usize,
    ) -> Result<JsValue, JsValue> {
        let (inside, trace) = self.traced(values)?;
        let place: Unit = given(place)?;
        let object = plain(&inside.made(&trace, place, input, most).map_err(refused)?)?;
        set(&object, "field", plain(&inside.field(place).map_err(refused)?)?);
        Ok(object)
    }

    /// A channel of a layer before ReLU.
    #[wasm_bindgen(js_name = beforeRelu)]
    pub fn before_relu(
        &self,
        values: &[f32],
        layer: usize,
        channel: usize,
    ) -> Result<Vec<f32>, JsValue> {
        let (inside, trace) = self.traced(values)?;
        inside.before_relu(&trace, layer, channel).map_err(refused)
    }

    /// Kernels of a layer of the trace of these values from one input channel; nothing where it has
    /// none.
    pub fn kernels(&self, values: &[f32], layer: usize, input: usize) -> Result<JsValue, JsValue> {
        let inside = self.inside(values)?;
        let Some(kernels) = inside.kernels(layer, input).map_err(refused)? else {
            return Ok(JsValue::UNDEFINED);
        };
        let KernelView { shape, inputs, values, bias, largest } = kernels;
        let object = JsValue::from(Object::new());
        set(&object, "shape", plain(&shape)?);
        set(&object, "inputs", inputs as f64);
        set(&object, "values", Float32Array::from(&values[..]));
        set(&object, "bias", Float32Array::from(&bias[..]));
        set(&object, "largest", largest);
        Ok(object)
    }

    /// Return how often which activation occurs in a layer, or in one channel of it.
    pub fn histogram(
        &self,
        values: &[f32],
        layer: usize,
        channel: Option<usize>,
        bins: usize,
    ) -> Result<JsValue, JsValue> {
        let (inside, trace) = self.traced(values)?;
        plain(&inside.histogram(&trace, layer, channel, bins).map_err(refused)?)
    }

    /// Return the answer with a share of the features switched off.
    pub fn dropped(&self, values: &[f32], share: f32, seed: u32) -> Result<JsValue, JsValue> {
        let (inside, trace) = self.traced(values)?;
        plain(&inside.dropped(&trace, share, u64::from(seed)).map_err(refused)?)
    }
}

/// Softmax of two logits, step by step.
#[wasm_bindgen(js_name = softmaxShares)]
pub fn softmax_shares(logits: &[f32], temperature: f32) -> Result<JsValue, JsValue> {
    let logits: [f32; CLASSES] = logits
        .try_into()
        .map_err(|_| refused(InsideError::Range { what: "the logits", range: "two numbers" }))?;
    plain(&shares(logits, temperature).map_err(refused)?)
}

/// Model values as another window would show them.
#[wasm_bindgen(js_name = rewindow)]
pub fn rewindow(values: &[f32], center: f32, width: f32) -> Result<Vec<f32>, JsValue> {
    rewindowed(values, Window { center, width }).map_err(refused)
}
