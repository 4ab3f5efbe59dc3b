//! Where a classifier computes: on our own engine, or on a backend of Burn.

use crate::classifier::ClassifyError;
#[cfg(feature = "engine")]
use crate::method::{PATCH_SAMPLES, PATCH_SIZE};
use crate::model::NetworkKind;

/// A network with its weights in the place where it computes.
#[derive(Debug)]
pub(crate) enum Inference {
    #[cfg(feature = "engine")]
    Engine(Box<fast::Fast>),
    #[cfg(feature = "backend")]
    Burn(Box<reference::Reference>),
    /// There is none in a build that opens scans only.
    #[cfg(not(any(feature = "engine", feature = "backend")))]
    #[allow(dead_code)]
    Nowhere(std::convert::Infallible),
}

impl Inference {
    /// Logits of `[batch, 50, 50]` values in [0, 1], as `[batch, 2]`; `values` are whole patches.
    #[cfg_attr(not(any(feature = "engine", feature = "backend")), allow(unused_variables))]
    pub(crate) async fn logits(&self, values: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        match self {
            #[cfg(feature = "engine")]
            Self::Engine(fast) => fast.logits(&values),
            #[cfg(feature = "backend")]
            Self::Burn(reference) => reference.logits(values).await,
            #[cfg(not(any(feature = "engine", feature = "backend")))]
            Self::Nowhere(never) => match *never {},
        }
    }

    /// Logits of every patch of a picture of `width * height` values, both at least 50, as
    /// `[rows, columns, 2]`; `None` where the network has no such pass.
    #[cfg_attr(not(any(feature = "engine", feature = "backend")), allow(unused_variables))]
    pub(crate) async fn dense_logits(
        &self,
        kind: NetworkKind,
        values: Vec<f32>,
        size: [usize; 2],
    ) -> Result<Option<Vec<f32>>, ClassifyError> {
        if kind.dense_stride().is_none() {
            return Ok(None);
        }
        match self {
            #[cfg(feature = "engine")]
            Self::Engine(fast) => fast.dense_logits(&values, size).map(Some),
            #[cfg(feature = "backend")]
            Self::Burn(reference) => reference.dense_logits(values, size).await,
            #[cfg(not(any(feature = "engine", feature = "backend")))]
            Self::Nowhere(never) => match *never {},
        }
    }
}

#[cfg(feature = "engine")]
pub(crate) mod fast {
    //! Our engine.

    use super::{ClassifyError, PATCH_SAMPLES, PATCH_SIZE};
    use nodulens_engine::{Engine, EngineError, Workspace};
    use std::sync::{Mutex, PoisonError};

    /// The engine and buffers for as many threads as were busy at once.
    #[derive(Debug)]
    pub(crate) struct Fast {
        pub(crate) engine: Engine,
        workspaces: Mutex<Vec<Workspace>>,
    }

    impl From<Engine> for Fast {
        fn from(engine: Engine) -> Self {
            Self { engine, workspaces: Mutex::default() }
        }
    }

    impl Fast {
        fn run(&self, values: &[f32], shape: [usize; 3]) -> Result<Vec<f32>, ClassifyError> {
            let spare = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
            let mut workspace = spare().pop().unwrap_or_default();
            let answer = self.engine.run(&mut workspace, values, shape);
            spare().push(workspace);
            match answer {
                Ok((logits, _)) => Ok(logits),
                Err(error @ EngineError::Input(_)) => Err(ClassifyError::Input(error.to_string())),
                Err(error @ EngineError::Layer(..)) => {
                    Err(ClassifyError::Device(error.to_string()))
                }
            }
        }

        #[cfg(not(feature = "threads"))]
        pub(super) fn logits(&self, values: &[f32]) -> Result<Vec<f32>, ClassifyError> {
            self.run(values, [values.len() / PATCH_SAMPLES, PATCH_SIZE, PATCH_SIZE])
        }

        /// Patches are shared out over rayon's threads.
        #[cfg(feature = "threads")]
        pub(super) fn logits(&self, values: &[f32]) -> Result<Vec<f32>, ClassifyError> {
            use rayon::prelude::*;
            let patches = values.len() / PATCH_SAMPLES;
            // Rounds of equal shares, none larger than what the engine takes at once.
            let threads = rayon::current_num_threads();
            let share =
                patches.div_ceil(threads * patches.div_ceil(threads * Engine::BATCH).max(1)).max(1);
            let parts = values.par_chunks(share * PATCH_SAMPLES).map(|values| {
                self.run(values, [values.len() / PATCH_SAMPLES, PATCH_SIZE, PATCH_SIZE])
            });
            Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
        }

        #[cfg(not(feature = "threads"))]
        pub(super) fn dense_logits(
            &self,
            values: &[f32],
            [width, height]: [usize; 2],
        ) -> Result<Vec<f32>, ClassifyError> {
            self.run(values, [1, height, width])
        }

        /// Bands of rows, each with the rows that reach into it, are shared out over rayon's threads.
        #[cfg(feature = "threads")]
        pub(super) fn dense_logits(
            &self,
            values: &[f32],
            [width, height]: [usize; 2],
        ) -> Result<Vec<f32>, ClassifyError> {
            use crate::model::DENSE_STRIDE;
            use rayon::prelude::*;
            let rows = (height - PATCH_SIZE) / DENSE_STRIDE + 1;
            let bands = rayon::current_num_threads().min(rows.div_ceil(LEAST_BAND));
            let bands = (0..bands).into_par_iter().map(|band| {
                let [from, until] = [band, band + 1].map(|edge| edge * rows / bands);
                let pixels = (until - from - 1) * DENSE_STRIDE + PATCH_SIZE;
                let values = &values[from * DENSE_STRIDE * width..][..pixels * width];
                self.run(values, [1, pixels, width])
            });
            Ok(bands.collect::<Result<Vec<_>, _>>()?.concat())
        }
    }

    /// Rows of answers below which a band of its own costs more than it brings: each reads 46 rows
    /// of pixels that its neighbour reads, too.
    #[cfg(feature = "threads")]
    const LEAST_BAND: usize = 8;
}

#[cfg(feature = "backend")]
pub(crate) mod reference {
    //! Burn, on any of its devices.

    use super::ClassifyError;
    use crate::model::Network;
    use crate::preprocess::batch_tensor;
    use burn::tensor::{Device, Tensor, TensorData};

    #[derive(Debug)]
    pub(crate) struct Reference {
        pub(crate) network: Network,
        pub(crate) device: Device,
    }

    impl Reference {
        pub(super) async fn logits(&self, values: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
            let logits = self.network.forward(batch_tensor(values, &self.device));
            // Asynchronous even on the CPU: a synchronous read on wgpu in wasm panics.
            numbers(logits.into_data_async().await)
        }

        pub(super) async fn dense_logits(
            &self,
            values: Vec<f32>,
            [width, height]: [usize; 2],
        ) -> Result<Option<Vec<f32>>, ClassifyError> {
            let picture = TensorData::new(values, [1, 1, height, width]);
            let picture = Tensor::from_data(picture, &self.device);
            let Some(logits) = self.network.forward_dense(picture) else { return Ok(None) };
            // [1, 2, h, w] -> [1, h, w, 2]
            numbers(logits.permute([0, 2, 3, 1]).into_data_async().await).map(Some)
        }
    }

    /// What the device gave back.
    fn numbers<E: std::fmt::Debug>(data: Result<TensorData, E>) -> Result<Vec<f32>, ClassifyError> {
        let data = data.map_err(|error| ClassifyError::Device(format!("{error:?}")))?;
        data.try_to_vec().map_err(|error| ClassifyError::Device(format!("{error:?}")))
    }
}
