//! `nodulens bench`: how fast this device trains.

use crate::config::network;
use crate::device::{self, DeviceChoice};
use crate::files::write_whole;
use crate::interchange::bytes;
use anyhow::{Result, anyhow};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use nodulens::constants::{ADAM_EPSILON, BATCH_SIZE, DROPOUT, LEARNING_RATE, PATCH_SIZE};
use nodulens::model::NetworkKind;
use nodulens::on_burn::{Adam, Decay, Trainable};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Every so many patches one is called a nodule.
const NODULES: usize = 5;

/// Arguments of `nodulens bench`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Which network: compact, paper, wide or small.
    #[arg(long, value_parser = network)]
    network: NetworkKind,
    /// Patches in a step.
    #[arg(long, default_value_t = BATCH_SIZE)]
    batch_size: usize,
    /// Steps that are timed.
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Steps before, which are not.
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Share of hidden units dropped.
    #[arg(long, default_value_t = DROPOUT)]
    dropout: f64,
    /// Write first weights and patches to this file, safetensors, so that another program can begin
    /// with the same.
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
    /// Where to compute; the CPU's threads are set by RAYON_NUM_THREADS.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

/// Time steps (forward with cross-entropy, backward, Adam) on random patches, without reading or
/// altering any, and print one line of JSON: patches a second, milliseconds of each part (medians),
/// the loss of every step.
///
/// # Errors
/// Where the device cannot be opened, or the disk refuses.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let chosen = device::open(arguments.device)?;
    let device = chosen.device.clone().autodiff();
    device.seed(1);
    let mut network = Trainable::new(arguments.network, &device, arguments.dropout);
    let mut optimizer: ModuleOptimizer = Adam { epsilon: ADAM_EPSILON, decay: Decay::None }.into();
    let batch = arguments.batch_size;
    let shape = [batch, 1, PATCH_SIZE, PATCH_SIZE];
    let patches = Tensor::<4>::random(shape, Distribution::Uniform(0.0, 1.0), &device);
    if let Some(path) = &arguments.start {
        write_start(path, &network, patches.clone())?;
    }
    let classes = classes(batch, &device);
    let loss = burn::nn::loss::CrossEntropyLossConfig::new().init(&device);
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let (mut losses, mut timed) = (Vec::new(), 0.0);
    for step in 0..arguments.warmup + arguments.steps {
        let began = Instant::now();
        // Within the pool, as training does it.
        let (value, forward, gradients) = rayon::scope(|_| {
            let loss = loss.forward(network.forward(patches.clone()), classes.clone());
            // Reading the loss ends the forward pass on every device, as training does.
            let value = loss.clone().into_scalar::<f32>();
            let forward = began.elapsed();
            (value, forward, GradientsParams::from_grads(loss.backward(), &network))
        });
        losses.push(value);
        chosen.device.sync()?;
        let backward = began.elapsed();
        network = optimizer.step(LEARNING_RATE, network, gradients);
        chosen.device.sync()?;
        let whole = began.elapsed();
        if step >= arguments.warmup {
            timed += whole.as_secs_f64();
            for (times, part) in
                times.iter_mut().zip([forward, backward - forward, whole - backward])
            {
                times.push(part.as_secs_f64() * 1000.0);
            }
        }
    }
    let [forward, backward, optimizer] = times.each_mut().map(|times| super::median(times));
    let line = serde_json::json!({
        "network": arguments.network.name(),
        "device": chosen.name,
        "batch_size": batch,
        "steps": arguments.steps,
        "patches_per_second": (batch * arguments.steps) as f64 / timed,
        "ms": { "forward": forward, "backward": backward, "optimizer": optimizer },
        "losses": losses,
    });
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}

fn classes(batch: usize, device: &Device) -> Tensor<1, Int> {
    let classes: Vec<i32> = (0..batch).map(|i| i32::from(i % NODULES == 0)).collect();
    Tensor::from_data(TensorData::new(classes, [batch]), device)
}

/// Parameters in the order of the layers, by number.
#[derive(Default)]
struct Collected(Vec<(String, Vec<usize>, Vec<u8>)>);

impl Collected {
    fn put<const D: usize>(&mut self, name: String, tensor: Tensor<D>) {
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data().try_to_vec::<f32>().unwrap_or_default();
        self.0.push((name, shape, bytes(&values)));
    }
}

impl ModuleVisitor for Collected {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.put(format!("parameter.{:02}", self.0.len()), param.val());
    }
}

/// Write every parameter, `parameter.00` and on, in the order in which the network holds them (the
/// running statistics of normalisation behind its gain and offset), and the `patches`.
fn write_start(path: &Path, network: &Trainable, patches: Tensor<4>) -> Result<()> {
    let mut collected = Collected::default();
    network.visit(&mut collected);
    collected.put("patches".to_owned(), patches);
    let views = collected.0.iter().map(|(name, shape, bytes)| {
        Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    let document = safetensors::serialize(views, None).map_err(|error| anyhow!("{error}"))?;
    write_whole(path, &document)
}
