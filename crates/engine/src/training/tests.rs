//! Outputs and gradients against convolution and its derivatives by hand, in double precision.

use super::convolution::Preparation;
use super::*;
use crate::vector::InstructionSet;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    (0..count).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect()
}

fn in_turn(first: &mut (dyn FnMut() + Send), second: &mut (dyn FnMut() + Send)) {
    first();
    second();
}

/// Walk over every product of a convolution: places among input, output and weights.
fn products(shape: &ConvolutionShape, images: usize, mut at: impl FnMut(usize, usize, usize)) {
    let ([inputs, outputs], k) = (shape.channels, shape.kernel);
    let ([height, width], [rows, columns]) = (shape.size, shape.output_size().unwrap());
    for image in 0..images {
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
            for (y, x) in (0..k).flat_map(|y| (0..k).map(move |x| (y, x))) {
                let (from_row, from_column) = (
                    (row + y).wrapping_sub(shape.padding),
                    (column + x).wrapping_sub(shape.padding),
                );
                if from_row >= height || from_column >= width {
                    continue;
                }
                for (input, output) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                    at(
                        ((image * height + from_row) * width + from_column) * inputs + input,
                        ((image * rows + row) * columns + column) * outputs + output,
                        ((output * inputs + input) * k + y) * k + x,
                    );
                }
            }
        }
    }
}

/// The largest difference, in shares of the largest number by hand.
fn apart(found: &[f32], by_hand: &[f64]) -> f64 {
    assert_eq!(found.len(), by_hand.len());
    let most = by_hand.iter().fold(1e-9, |most: f64, one| most.max(one.abs()));
    let differences = found.iter().zip(by_hand).map(|(a, b)| (f64::from(*a) - b).abs());
    differences.fold(0.0, f64::max) / most
}

#[test]
fn outputs_and_gradients_are_those_by_hand() {
    let shapes = [
        // Unequal sides; without padding and with; direct and by Winograd's filters.
        ([1, 16], 3, 0, [9, 12]),
        ([1, 32], 5, 2, [10, 7]),
        ([16, 16], 3, 0, [12, 9]),
        ([8, 16], 3, 0, [7, 11]),
        ([16, 48], 3, 1, [8, 13]),
        ([32, 64], 5, 2, [13, 11]),
        ([48, 64], 3, 0, [6, 6]),
        ([64, 32], 4, 0, [4, 4]),
        ([16, 24], 3, 0, [10, 8]),
    ];
    for (channels, kernel, padding, size) in shapes {
        let shape = ConvolutionShape { channels, kernel, padding, size };
        let images = 3;
        let [rows, columns] = shape.output_size().unwrap();
        let input = random(images * size[0] * size[1] * channels[0], 1);
        let weights = random(shape.weights(), 2);
        let gradient = random(images * rows * columns * channels[1], 3);
        let mut outputs = vec![0.0; gradient.len()];
        let mut by_input = vec![0.0; input.len()];
        let mut by_weight = vec![0.0; weights.len()];
        products(&shape, images, |from, to, weight| {
            let wide = |number: f32| f64::from(number);
            outputs[to] += wide(input[from]) * wide(weights[weight]);
            by_input[from] += wide(gradient[to]) * wide(weights[weight]);
            by_weight[weight] += wide(gradient[to]) * wide(input[from]);
        });
        for set in InstructionSet::ALL.into_iter().filter(|set| set.available()) {
            let how = Preparation { back: true, both: &in_turn, instructions: &|_| set };
            let conv = TrainingConvolution::prepared(shape, &weights, &how).unwrap();
            let mut scratch = Scratch::default();
            // Twice, the first time with other numbers, so that what is left over would show.
            for input in [random(input.len(), 9), input.clone()] {
                let mut found = vec![f32::NAN; outputs.len()];
                conv.forward(&input, &mut found, &mut scratch);
                let mut kernels = conv.kernel_gradient();
                let mut input_gradient = vec![f32::NAN; input.len()];
                let wanted = Some(&mut input_gradient[..]);
                conv.backward(&input, &gradient, Some(&mut kernels), wanted, &mut scratch);
                if input[0] != random(1, 1)[0] {
                    continue;
                }
                let worst = [
                    apart(&found, &outputs),
                    apart(&input_gradient, &by_input),
                    apart(&kernels.weights(), &by_weight),
                ];
                assert!(worst.iter().all(|one| *one < 2e-5), "{set:?} {shape:?}: {worst:?}");
            }
        }
    }
}

#[test]
fn a_shape_that_cannot_be_is_refused() {
    let shape = ConvolutionShape { channels: [8, 8], kernel: 3, padding: 0, size: [2, 9] };
    assert!(TrainingConvolution::new(shape, &[0.0; 576], false, &in_turn).is_err());
    let shape = ConvolutionShape { size: [9, 9], ..shape };
    assert!(TrainingConvolution::new(shape, &[0.0; 575], false, &in_turn).is_err());
    assert!(TrainingConvolution::new(shape, &[0.0; 576], false, &in_turn).is_ok());
    assert!(Activation::new(9, [4, 4], true).is_err());
    assert!(Activation::new(16, [1, 4], true).is_err());
}

#[test]
fn moments_are_those_of_all_numbers() {
    let (channels, images) = (16, 3);
    let maps: Vec<f32> = random(images * 7 * 5 * channels, 4).iter().map(|n| n + 30.0).collect();
    for set in InstructionSet::ALL.into_iter().filter(|set| set.available()) {
        let activation = Activation::with_instructions(channels, [7, 5], true, set).unwrap();
        let mut moments = activation.moments(&maps[..7 * 5 * channels]);
        moments.merge(&activation.moments(&maps[7 * 5 * channels..]));
        for group in [1, 8] {
            let (grouped, count) = moments.grouped(group);
            assert_eq!(count, (images * 7 * 5 * group) as f64);
            for (at, [mean, variance]) in grouped.into_iter().enumerate() {
                let numbers = || {
                    let of_group =
                        maps.iter().enumerate().filter(move |(i, _)| i % channels / group == at);
                    of_group.map(|(_, number)| f64::from(*number))
                };
                let by_hand = numbers().sum::<f64>() / count;
                let spread = numbers().map(|n| (n - by_hand) * (n - by_hand)).sum::<f64>() / count;
                assert!((mean - by_hand).abs() < 1e-5 && (variance - spread).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn activation_and_its_gradients_are_those_by_hand() {
    let (channels, images) = (16, 2);
    // An odd side, so that pooling drops a row, and ties at the window's largest.
    for (size, pool) in [([7, 6], true), ([6, 5], true), ([5, 6], false)] {
        let [rows, columns] = if pool { size.map(|side| side / 2) } else { size };
        let maps: Vec<f32> = random(images * size[0] * size[1] * channels, 5)
            .iter()
            .map(|number| (number * 4.0).round() / 4.0)
            .collect();
        let per_channel = |seed| random(channels, seed);
        let (scale, shift, centre) = (per_channel(6), per_channel(7), per_channel(8));
        let (factor, slope, constant) = (per_channel(9), per_channel(10), per_channel(11));
        let gradient = random(images * rows * columns * channels, 12);
        let step = if pool { 2 } else { 1 };
        let mut output = vec![0.0; gradient.len()];
        let mut passed = vec![0.0; maps.len()];
        for (at, output) in output.iter_mut().enumerate() {
            let (place, channel) = (at / channels, at % channels);
            let (image, row, column) =
                (place / (rows * columns), place / columns % rows, place % columns);
            let mut most = (f64::NEG_INFINITY, 0);
            for (y, x) in (0..step).flat_map(|y| (0..step).map(move |x| (y, x))) {
                let from = ((image * size[0] + row * step + y) * size[1] + column * step + x)
                    * channels
                    + channel;
                let value = f64::from(maps[from].mul_add(scale[channel], shift[channel]));
                if value > most.0 {
                    most = (value, from);
                }
            }
            *output = most.0.max(0.0);
            if most.0 > 0.0 {
                passed[most.1] += f64::from(gradient[at]);
            }
        }
        let (mut plain, mut centred) = (vec![0.0; channels], vec![0.0; channels]);
        let mut back = vec![0.0; maps.len()];
        for (at, passed) in passed.iter().enumerate() {
            let (channel, value) = (at % channels, f64::from(maps[at]));
            plain[channel] += passed;
            centred[channel] += passed * (value - f64::from(centre[channel]));
            back[at] = passed * f64::from(factor[channel])
                + value * f64::from(slope[channel])
                + f64::from(constant[channel]);
        }
        for set in InstructionSet::ALL.into_iter().filter(|set| set.available()) {
            let activation = Activation::with_instructions(channels, size, pool, set).unwrap();
            let both = [&scale[..], &shift[..]];
            let mut found = vec![f32::NAN; output.len()];
            activation.forward(&maps, both, &mut found);
            let sums = activation.gradient_sums(&maps, both, &centre, &gradient);
            let through = Through { factor: &factor, slope: &slope, constant: &constant };
            let mut found_back = vec![f32::NAN; maps.len()];
            activation.backward(&maps, both, &through, &gradient, &mut found_back);
            let narrow = |sums: &[f64]| sums.iter().map(|sum| *sum as f32).collect::<Vec<_>>();
            let worst = [
                apart(&found, &output),
                apart(&found_back, &back),
                apart(&narrow(&sums.plain), &plain),
                apart(&narrow(&sums.centred), &centred),
            ];
            assert!(worst.iter().all(|one| *one < 1e-5), "{set:?} {size:?} {pool}: {worst:?}");
        }
    }
}
