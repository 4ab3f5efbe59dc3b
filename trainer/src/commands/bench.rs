//! `cargo trainer bench`: how many patches a second a network learns from.

use crate::device::{self, DeviceChoice};
use anyhow::Result;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Distribution, Int, Tensor, TensorData};
use clap::Args;
use nodulens::method::{BATCH_SIZE, DROPOUT, LEARNING_RATE, PATCH_SIZE};
use nodulens::model::NetworkKind;
use nodulens::on_burn::Trainable;
use std::process::ExitCode;
use std::time::Instant;

/// Arguments of `cargo trainer bench`.
#[derive(Args)]
pub struct Arguments {
    /// Which network: compact, paper, wide or small.
    #[arg(long, value_parser = crate::config::network)]
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
    /// Where to compute; the CPU's threads are set by RAYON_NUM_THREADS.
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceChoice,
}

/// Times steps (forward, cross-entropy, backward, Adam) on random patches, without reading or
/// altering any, and prints one line of JSON.
///
/// # Errors
/// Where the device cannot be opened.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let chosen = device::open(arguments.device)?;
    let device = chosen.device.clone().autodiff();
    device.seed(1);
    let mut network = Trainable::new(arguments.network, &device, DROPOUT);
    let mut optimizer: ModuleOptimizer = AdamConfig::new().init();
    let batch = arguments.batch_size;
    let shape = [batch, 1, PATCH_SIZE, PATCH_SIZE];
    let patches = Tensor::<4>::random(shape, Distribution::Uniform(0.0, 1.0), &device);
    let classes: Vec<i32> = (0..batch).map(|i| i32::from(i % 5 == 0)).collect();
    let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [batch]), &device);
    let loss = burn::nn::loss::CrossEntropyLossConfig::new().init(&device);
    let mut began = Instant::now();
    for step in 0..arguments.warmup + arguments.steps {
        if step == arguments.warmup {
            began = Instant::now();
        }
        let loss = loss.forward(network.forward(patches.clone()), classes.clone());
        // Reading the loss ends the forward pass on every device, as training does.
        let _ = loss.clone().into_scalar::<f32>();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(LEARNING_RATE, network, gradients);
    }
    chosen.device.sync()?;
    let seconds = began.elapsed().as_secs_f64();
    let line = serde_json::json!({
        "network": arguments.network.name(),
        "device": chosen.name,
        "batch_size": batch,
        "steps": arguments.steps,
        "patches_per_second": (batch * arguments.steps) as f64 / seconds,
    });
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}
