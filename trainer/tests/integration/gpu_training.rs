//! Two training steps on the GPU path give the losses of the CPU. Runs on whatever adapter wgpu
//! finds; `make test` installs lavapipe, a software one, and sets NODULENS_NEEDS_ADAPTER.

use nodulens::model::NetworkKind;
use nodulens::phantom::patches;
use std::path::Path;
use std::sync::Arc;
use trainer::commands::phantom::write_phantoms;
use trainer::config::TrainConfig;
use trainer::dataset::Split;
use trainer::device::{self, DeviceChoice};
use trainer::train::train;

/// Same operations in another order, single precision, through one update of Adam.
const TOLERANCE: f64 = 1e-3;

fn losses(network: NetworkKind, data: &Path, out: &Path, device: DeviceChoice) -> Vec<f64> {
    let config = TrainConfig {
        network,
        patches: data.to_owned(),
        split: Split::Patientwise,
        epochs: 1,
        batch_size: 3,
        // Each device draws its own dropout; without it the losses must agree.
        dropout: 0.0,
        ema_decay: 0.9,
        max_steps: 2,
        ..TrainConfig::default()
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
    for network in [NetworkKind::Paper, NetworkKind::Compact] {
        let run = |device, name: &str| {
            let out = folder.path().join(format!("{}-{name}", network.name()));
            losses(network, &data, &out, device)
        };
        let (cpu, gpu) = (run(DeviceChoice::Cpu, "cpu"), run(DeviceChoice::Wgpu, "gpu"));
        assert_eq!((cpu.len(), gpu.len()), (2, 2));
        let worst = cpu.iter().zip(&gpu).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!(
            "{}: worst difference in a loss {worst:.2e} (tolerance {TOLERANCE:.0e}); CPU {cpu:?}, GPU {gpu:?}",
            network.name()
        );
        assert!(worst <= TOLERANCE, "{worst}: CPU {cpu:?}, GPU {gpu:?}");
        assert!(cpu[0] != cpu[1], "two steps on two batches have two losses");
    }
}

#[test]
fn auto_never_takes_a_software_adapter() {
    let chosen = device::open(DeviceChoice::Auto).unwrap();
    println!("auto chose {}", chosen.name);
    for software in ["llvmpipe", "lavapipe", "SwiftShader", "Basic Render"] {
        assert!(!chosen.name.contains(software), "{}", chosen.name);
    }
}
