//! Passes against convolution by hand in double precision, for every instruction set there is here.

use crate::{Convolution, Engine, EngineError, InstructionSet, Layer, Workspace};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A map `[rows, columns, channels]` in double precision.
struct Exact {
    size: [usize; 2],
    channels: usize,
    values: Vec<f64>,
}

impl Exact {
    fn at(&self, y: isize, x: isize, channel: usize) -> f64 {
        let inside = |at: isize, side: usize| usize::try_from(at).ok().filter(|at| *at < side);
        match (inside(y, self.size[0]), inside(x, self.size[1])) {
            (Some(y), Some(x)) => self.values[(y * self.size[1] + x) * self.channels + channel],
            _ => 0.0,
        }
    }

    fn of(size: [usize; 2], channels: usize, value: impl Fn(usize, usize, usize) -> f64) -> Self {
        let places = (0..size[0]).flat_map(|y| (0..size[1]).map(move |x| (y, x)));
        let values = places.flat_map(|(y, x)| (0..channels).map(move |channel| (y, x, channel)));
        let values = values.map(|(y, x, channel)| value(y, x, channel)).collect();
        Self { size, channels, values }
    }

    fn through(&self, layer: &Layer) -> Self {
        match layer {
            Layer::Convolution(conv) => {
                let size = self.size.map(|side| side + 2 * conv.padding + 1 - conv.kernel);
                Self::of(size, conv.channels[1], |y, x, output| {
                    let mut sum = f64::from(conv.bias[output]);
                    for (dy, dx) in
                        (0..conv.kernel).flat_map(|y| (0..conv.kernel).map(move |x| (y, x)))
                    {
                        let (y, x) = (y + dy, x + dx);
                        let back = |at: usize| at as isize - conv.padding as isize;
                        for input in 0..conv.channels[0] {
                            let weight = f64::from(conv.weight(output, input, dy, dx));
                            sum += weight * self.at(back(y), back(x), input);
                        }
                    }
                    if conv.relu { sum.max(0.0) } else { sum }
                })
            }
            Layer::MaxPool => Self::of(self.size.map(|side| side / 2), self.channels, |y, x, c| {
                let at =
                    |dy: usize, dx: usize| self.at((2 * y + dy) as isize, (2 * x + dx) as isize, c);
                at(0, 0).max(at(0, 1)).max(at(1, 0)).max(at(1, 1))
            }),
            Layer::Mean(side) => {
                let size = self.size.map(|has| has + 1 - side);
                Self::of(size, self.channels, |y, x, c| {
                    let places = (0..*side).flat_map(|dy| (0..*side).map(move |dx| (dy, dx)));
                    let sum: f64 = places
                        .map(|(dy, dx)| self.at((y + dy) as isize, (x + dx) as isize, c))
                        .sum();
                    sum / (side * side) as f64
                })
            }
        }
    }
}

fn conv(random: &mut Pcg64Mcg, channels: [usize; 2], kernel: usize, padding: usize) -> Layer {
    let [inputs, outputs] = channels;
    let spread = (2.0 / (inputs * kernel * kernel) as f32).sqrt() * 1.7;
    let mut numbers = |count: usize, scale: f32| -> Vec<f32> {
        (0..count).map(|_| scale * random.random_range(-1.0..1.0)).collect()
    };
    let weights = numbers(inputs * outputs * kernel * kernel, spread);
    let bias = numbers(outputs, 0.2);
    Layer::Convolution(Convolution { channels, kernel, padding, weights, bias, relu: true })
}

/// The largest difference from the exact maps, over every instruction set.
fn worst(layers: &[Layer], channels: usize, shape: [usize; 3], random: &mut Pcg64Mcg) -> f64 {
    let [batch, height, width] = shape;
    let image = height * width * channels;
    let values: Vec<f32> = (0..batch * image).map(|_| random.random_range(0.0..1.0)).collect();
    let exact: Vec<Exact> = values
        .chunks(image)
        .map(|values| {
            let values = values.iter().copied().map(f64::from).collect();
            let first = Exact { size: [height, width], channels, values };
            layers.iter().fold(first, |map, layer| map.through(layer))
        })
        .collect();
    let mut worst = 0.0_f64;
    for instructions in InstructionSet::ALL.into_iter().filter(|set| set.available()) {
        let engine = Engine::with_instructions(channels, layers.to_vec(), instructions).unwrap();
        assert_eq!(engine.instructions(), instructions);
        let mut workspace = Workspace::default();
        // Twice: what the first pass leaves in the buffers must not matter.
        for _ in 0..2 {
            let (found, size) = engine.run(&mut workspace, &values, shape).unwrap();
            assert!(exact.iter().all(|map| map.size == size), "{size:?}");
            let exact: Vec<f64> = exact.iter().flat_map(|map| map.values.clone()).collect();
            assert_eq!(found.len(), exact.len());
            for (found, exact) in found.into_iter().zip(exact) {
                let difference = (f64::from(found) - exact).abs();
                // Not `max`, which would drop a not-a-number.
                if difference > worst || difference.is_nan() {
                    worst = difference;
                }
            }
        }
    }
    worst
}

#[test]
fn every_kernel_size_and_odd_maps() {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    for kernel in 1..=7 {
        for (channels, size) in [([1, 5], [13, 9]), ([3, 17], [8, 15]), ([16, 40], [21, 10])] {
            for padding in [0, kernel / 2] {
                let first = conv(&mut random, [1, channels[0]], 1, 0);
                let layers = [first, conv(&mut random, channels, kernel, padding)];
                let shape = [2, size[0], size[1]];
                let worst = worst(&layers, 1, shape, &mut random);
                assert!(worst < 3e-5, "{channels:?}, kernel {kernel}: {worst}");
            }
        }
    }
}

#[test]
fn pooling_with_and_behind_a_convolution() {
    let mut random = Pcg64Mcg::seed_from_u64(2);
    for (kernel, size) in [(3, [15, 12]), (5, [14, 19]), (3, [34, 27]), (2, [9, 10]), (4, [12, 13])]
    {
        for inputs in [1, 4, 16] {
            for padding in [0, kernel / 2] {
                let layers = [
                    conv(&mut random, [inputs, 24], kernel, padding),
                    Layer::MaxPool,
                    Layer::MaxPool,
                    Layer::Mean(2),
                ];
                let worst = worst(&layers, inputs, [3, size[0], size[1]], &mut random);
                assert!(worst < 3e-5, "{inputs} channels, kernel {kernel}: {worst}");
            }
        }
    }
}

#[test]
fn a_network_like_ours_at_many_batches() {
    let mut random = Pcg64Mcg::seed_from_u64(3);
    let layers = [
        conv(&mut random, [1, 8], 3, 0),
        Layer::MaxPool,
        conv(&mut random, [8, 16], 3, 0),
        conv(&mut random, [16, 24], 5, 2),
        Layer::MaxPool,
        conv(&mut random, [24, 12], 4, 0),
        conv(&mut random, [12, 2], 1, 0),
    ];
    // 26 - 2 = 24, 12, 10, 10, 5, 2; and 3 of 4 batches end within a pass of 32.
    for batch in [1, 2, 7, 33] {
        let worst = worst(&layers, 1, [batch, 26, 26], &mut random);
        assert!(worst < 1e-4, "batch {batch}: {worst}");
    }
}

#[test]
fn a_whole_map_is_a_dense_layer() {
    let mut random = Pcg64Mcg::seed_from_u64(4);
    // 12 x 12 x 9 is 1,296 or more numbers: deeper than one run of a product.
    let layers = [
        conv(&mut random, [1, 9], 3, 1),
        conv(&mut random, [9, 30], 12, 0),
        conv(&mut random, [30, 2], 1, 0),
    ];
    let worst = worst(&layers, 1, [5, 12, 12], &mut random);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn a_larger_picture_holds_the_answers_of_its_parts() {
    let mut random = Pcg64Mcg::seed_from_u64(5);
    let layers = vec![
        conv(&mut random, [1, 8], 3, 0),
        Layer::MaxPool,
        conv(&mut random, [8, 16], 3, 0),
        conv(&mut random, [16, 16], 4, 0),
        conv(&mut random, [16, 2], 1, 0),
    ];
    let [height, width] = [61, 47];
    let picture: Vec<f32> = (0..height * width).map(|_| random.random_range(0.0..1.0)).collect();
    let engine = Engine::new(1, layers).unwrap();
    let mut workspace = Workspace::default();
    let (dense, size) = engine.run(&mut workspace, &picture, [1, height, width]).unwrap();
    // A part of 14 x 14 is one answer: 12, 6, 4, 1.
    assert_eq!(size, [(height - 14) / 2 + 1, (width - 14) / 2 + 1]);
    for (row, column) in [(0, 0), (3, 7), (size[0] - 1, size[1] - 1)] {
        let part: Vec<f32> = (0..14 * 14)
            .map(|i| picture[(2 * row + i / 14) * width + 2 * column + i % 14])
            .collect();
        // The workspace is laid out anew, and back.
        let (alone, _) = engine.run(&mut workspace, &part, [1, 14, 14]).unwrap();
        let there = &dense[(row * size[1] + column) * 2..][..2];
        assert!(alone.iter().zip(there).all(|(a, b)| (a - b).abs() < 1e-5), "{alone:?} {there:?}");
    }
    let held = workspace.bytes();
    for _ in 0..3 {
        let again = engine.run(&mut workspace, &picture, [1, height, width]).unwrap();
        assert_eq!(again.0, dense);
    }
    assert!(workspace.bytes() <= held, "buffers grow");
}

#[test]
fn what_does_not_fit_is_said() {
    let mut random = Pcg64Mcg::seed_from_u64(6);
    let first = conv(&mut random, [1, 4], 3, 0);
    let other = conv(&mut random, [5, 4], 3, 0);
    let error = Engine::new(1, vec![first.clone(), other]).unwrap_err();
    assert_eq!(error.to_string(), "layer 1: takes 5 channels and is given 4");
    let Layer::Convolution(mut short) = first.clone() else { panic!() };
    short.weights.pop();
    assert!(matches!(
        Engine::new(1, vec![Layer::Convolution(short)]),
        Err(EngineError::Layer(0, _))
    ));
    assert!(Engine::new(1, vec![]).is_err() && Engine::new(0, vec![first.clone()]).is_err());
    assert!(Engine::new(1, vec![Layer::MaxPool, first.clone()]).is_err());
    let engine = Engine::new(1, vec![first, Layer::MaxPool]).unwrap();
    let mut workspace = Workspace::default();
    for (shape, count) in [([1, 3, 3], 9), ([1, 2, 9], 18), ([2, 5, 5], 49), ([1, 0, 7], 0)] {
        let error = engine.run(&mut workspace, &vec![0.5; count], shape).unwrap_err();
        assert!(matches!(error, EngineError::Input(_)), "{shape:?}");
    }
    // Larger than any memory; nothing is allocated to find out.
    let error = engine.run(&mut workspace, &[], [0, 1 << 28, 1 << 28]).unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
    let (none, size) = engine.run(&mut workspace, &[], [0, 6, 6]).unwrap();
    assert!(none.is_empty() && size == [2, 2]);
}

#[test]
fn a_workspace_may_change_hands_and_sizes() {
    let mut random = Pcg64Mcg::seed_from_u64(8);
    let engines = [(3, 1), (5, 2)].map(|(kernel, padding)| {
        let layers =
            vec![conv(&mut random, [1, 16], kernel, padding), conv(&mut random, [16, 5], 3, 1)];
        Engine::new(1, layers).unwrap()
    });
    let values: Vec<f32> = (0..3 * 20 * 20).map(|_| random.random_range(0.0..1.0)).collect();
    let shapes = [[1, 20, 20], [3, 20, 20], [2, 20, 20], [1, 12, 30], [1, 20, 20]];
    let mut shared = Workspace::default();
    for shape in shapes {
        let values = &values[..shape.iter().product()];
        for engine in &engines {
            let alone = engine.run(&mut Workspace::default(), values, shape).unwrap();
            assert_eq!(engine.run(&mut shared, values, shape).unwrap(), alone, "{shape:?}");
        }
    }
}

#[test]
fn a_fault_in_the_weights_is_not_hidden() {
    let mut random = Pcg64Mcg::seed_from_u64(7);
    let Layer::Convolution(mut faulty) = conv(&mut random, [1, 8], 3, 0) else { panic!() };
    faulty.bias[3] = f32::NAN;
    for instructions in InstructionSet::ALL.into_iter().filter(|set| set.available()) {
        let layers = vec![Layer::Convolution(faulty.clone())];
        let engine = Engine::with_instructions(1, layers, instructions).unwrap();
        let (values, _) = engine.run(&mut Workspace::default(), &[0.5; 25], [1, 5, 5]).unwrap();
        assert!(values.iter().any(|value| value.is_nan()), "{instructions:?}");
    }
}
