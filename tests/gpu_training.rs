//! Two training steps on the GPU path give the losses of the CPU. Runs on whatever adapter wgpu
//! finds; `make test` installs lavapipe, a software one, and sets NODULENS_NEEDS_ADAPTER.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use nodulens::model::NetworkKind;
use nodulens::phantom::patches;
use std::path::Path;
use std::sync::Arc;
use trainer::commands::phantom::write_phantoms;
use trainer::dataset::Split;
use trainer::device::{self, DeviceChoice};
use trainer::train::{TrainConfig, train};

/// Same operations in another order, single precision, through one update of Adam.
const TOLERANCE: f64 = 1e-3;

fn losses(data: &Path, out: &Path, device: DeviceChoice) -> Vec<f64> {
    let config = TrainConfig {
        network: NetworkKind::Paper,
        patches: data.to_owned(),
        split: Split::Patientwise,
        seed: 1,
        epochs: 1,
        batch_size: 3,
        learning_rate: 1e-3,
        // Each device draws its own dropout; without it the losses must agree.
        dropout: 0.0,
        positive_fraction: 0.2,
        checkpoint_steps: 100,
        max_steps: Some(2),
    };
    train(&config, device, out, false, &Arc::default()).unwrap().losses
}

#[test]
fn two_steps_on_the_gpu_equal_the_cpus() {
    if let Err(reason) = device::open(DeviceChoice::Wgpu) {
        assert!(
            std::env::var_os("NODULENS_NEEDS_ADAPTER").is_none(),
            "an adapter was promised: {reason}"
        );
        println!("skipped: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_phantoms(&data, &patches(1, 8)).unwrap();
    let cpu = losses(&data, &folder.path().join("cpu"), DeviceChoice::Cpu);
    let gpu = losses(&data, &folder.path().join("gpu"), DeviceChoice::Wgpu);
    assert_eq!((cpu.len(), gpu.len()), (2, 2));
    let worst = cpu.iter().zip(&gpu).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!(
        "worst difference in a loss: {worst:.2e} (tolerance {TOLERANCE:.0e}); CPU {cpu:?}, GPU {gpu:?}"
    );
    assert!(worst <= TOLERANCE, "{worst}: CPU {cpu:?}, GPU {gpu:?}");
    assert!(cpu[0] != cpu[1], "two steps on two batches have two losses");
}

#[test]
fn auto_never_takes_a_software_adapter() {
    let chosen = device::open(DeviceChoice::Auto).unwrap();
    println!("auto chose {}", chosen.name);
    for software in ["llvmpipe", "lavapipe", "SwiftShader", "Basic Render"] {
        assert!(!chosen.name.contains(software), "{}", chosen.name);
    }
}
