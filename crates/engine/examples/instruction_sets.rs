//! Runs a small network on every instruction set that this processor has, and prints how fast each is.
//!
//!     cargo run --release --package nodulens-engine --example instruction_sets

use nodulens_engine::{Convolution, Engine, EngineError, InstructionSet, Layer, Workspace};
use std::time::Instant;

const BATCH: usize = 32;
const SIDE: usize = 50;
const ROUNDS: u32 = 20;

/// Numbers in [-0.5, 0.5] without a pattern.
fn noise(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * i * 7919 + i * 104_729) % 997) as f32 / 996.0 - 0.5).collect()
}

fn convolution(channels: [usize; 2], kernel: usize) -> Layer {
    let [inputs, outputs] = channels;
    let (weights, bias) = (noise(inputs * outputs * kernel * kernel), noise(outputs));
    Layer::Convolution(Convolution { channels, kernel, padding: 0, weights, bias, relu: true })
}

fn main() -> Result<(), EngineError> {
    let layers =
        [convolution([1, 16], 3), Layer::MaxPool, convolution([16, 32], 3), Layer::MaxPool];
    let pictures = noise(BATCH * SIDE * SIDE);
    let mut scalar = Vec::new();
    for set in InstructionSet::ALL.into_iter().rev().filter(|set| set.available()) {
        let engine = Engine::with_instructions(1, layers.to_vec(), set)?;
        let mut workspace = Workspace::default();
        // The first pass packs the weights.
        let (maps, _) = engine.run(&mut workspace, &pictures, [BATCH, SIDE, SIDE])?;
        let started = Instant::now();
        for _ in 0..ROUNDS {
            engine.run(&mut workspace, &pictures, [BATCH, SIDE, SIDE])?;
        }
        let rate = f64::from(ROUNDS) * BATCH as f64 / started.elapsed().as_secs_f64();
        if scalar.is_empty() {
            scalar.clone_from(&maps);
        }
        let apart = maps.iter().zip(&scalar).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{:8} {rate:9.0} pictures/s, {apart:.1e} from scalar", set.name());
    }
    Ok(())
}
