use super::*;
use crate::classifier::nodule_probability;
use crate::constants::MODEL_WINDOW;
use crate::constants::{CLASS_NODULE, PATCH_SAMPLES, PATCH_SIZE, VIEW_SAMPLES};
use crate::model::NetworkKind;
use crate::on_burn::{Network, batch_tensor, view_tensor};
use crate::weights::{Card, Head, Operating, Parameters, WeightsFile, WeightsHeader};
use burn::tensor::Device;
use nodulens_imaging::UserError;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A network with fresh weights and a temperature of its own.
fn opened(kind: NetworkKind, seed: u64) -> WeightsFile {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let parameters = Parameters::random(kind, &mut random).into_iter();
    // Biases of 0 would hide what is made of them.
    let parameters = parameters.map(|(name, mut parameter)| {
        if parameter.shape.len() == 1 {
            parameter.values.fill_with(|| 0.2 * random.random::<f32>() - 0.1);
        }
        (name, parameter)
    });
    let parameters = parameters.collect();
    let uncalibrated = WeightsHeader::uncalibrated(kind, Card::default());
    let context = uncalibrated.context.map(|own| Operating { temperature: 1.7, ..own });
    let header = WeightsHeader { temperature: 1.7, context, ..uncalibrated };
    WeightsFile { kind, header, parameters, sha256: String::new() }
}

fn patch(seed: usize) -> Vec<f32> {
    (0..PATCH_SAMPLES).map(|i| ((i * i + seed * 31 * i) % 97) as f32 / 96.0).collect()
}

/// Return the networks, those that look at surroundings twice.
fn cases() -> impl Iterator<Item = (NetworkKind, Head)> {
    NetworkKind::ALL.into_iter().flat_map(|kind| {
        {
            let looks = kind.context().is_some();
            [Head::Patch, Head::Context]
                .into_iter()
                .filter(move |head| looks || *head == Head::Patch)
        }
        .map(move |head| (kind, head))
    })
}

/// Return what a part of a network looks at: a patch, or one with surroundings.
fn seen(head: Head, seed: usize) -> Vec<f32> {
    let mut values = patch(seed);
    if head == Head::Context {
        values.extend(patch(seed + 100));
    }
    values
}

/// Some places of a layer: corners, the middle, and the last channel.
fn places(layer: usize, [channels, rows, columns]: [usize; 3]) -> Vec<Unit> {
    let mut places = Vec::new();
    for channel in [0, channels / 2, channels - 1] {
        for y in [0, rows / 2, rows - 1] {
            for x in [0, columns / 3, columns - 1] {
                places.push(Unit { layer, channel, y, x });
            }
        }
    }
    places
}

#[test]
fn the_numbers_of_every_layer_sum_to_its_activation() {
    for (kind, head) in cases() {
        let inside = Inside::new(&opened(kind, 5), head).unwrap();
        let trace = inside.trace(&seen(head, 1)).unwrap();
        assert_eq!(trace.layers.len(), inside.steps().len() + 1);
        let mut alive = 0;
        for (layer, traced) in trace.layers.iter().enumerate() {
            assert_eq!(traced.values.len(), traced.shape.iter().product::<usize>());
            for place in places(layer, traced.dims()) {
                let MadeOf { value, made } = inside.made(&trace, place, None, 5).unwrap();
                let (sum, terms) = rebuilt(&made, value);
                let allowed = 1e-4 * f64::from(value).abs().max(0.01 * terms);
                let difference = (sum - f64::from(value)).abs();
                assert!(difference <= allowed, "{kind:?} {place:?}: {sum} and {value}, {made:?}");
                alive += usize::from(value != 0.0);
            }
        }
        assert!(alive > 100, "{kind:?}: {alive} activations above zero");
    }
}

/// Return the activation from what is shown of it, and how large its terms are together.
fn rebuilt(made: &Made, value: f32) -> (f64, f64) {
    match made {
        Made::Input { hu } | Made::Surroundings { hu } => (f64::from((hu + 1000.0) / 1400.0), 1.0),
        Made::Join { input, .. } => (f64::from(*input), 0.0),
        Made::Sum { inputs: [a, b] } => (f64::from(a + b), f64::from(a.abs() + b.abs())),
        Made::Convolution {
            input, inputs, outside, weights, products, totals, bias, sum, ..
        } => {
            for i in 0..products.len() {
                assert_eq!(products[i], inputs[i] * weights[i]);
                assert!(!outside[i] || inputs[i] == 0.0);
            }
            let shown: f64 = products.iter().map(|product| f64::from(*product)).sum();
            assert!((shown - totals[*input]).abs() < 1e-5, "{shown} and {}", totals[*input]);
            let strongest = totals.iter().fold(0.0, |most: f64, total| most.max(total.abs()));
            assert_eq!(totals[*input].abs(), strongest);
            let all = totals.iter().sum::<f64>() + f64::from(*bias);
            assert!((all - sum).abs() < 1e-9);
            (all.max(0.0), totals.iter().map(|total| total.abs()).sum())
        }
        Made::MaxPool { inputs, winner } => {
            assert!(inputs.iter().all(|input| *input <= inputs[*winner]));
            (f64::from(inputs[*winner]), 0.0)
        }
        Made::Mean { count, sum } => (sum / *count as f64, *sum),
        Made::Dense { terms, others, bias, sum, relu } => {
            assert!(terms.len() <= 5);
            assert!(terms.is_sorted_by(|a, b| a.product.abs() >= b.product.abs()));
            let shown: f64 = terms.iter().map(|term| f64::from(term.input * term.weight)).sum();
            let all = shown + others.sum + f64::from(*bias);
            assert!((all - sum).abs() < 1e-5, "{all} and {sum}");
            let size = terms.iter().map(|term| f64::from(term.product.abs())).sum();
            (if *relu { all.max(0.0) } else { all }, size)
        }
        Made::Dropout { input } => (f64::from(*input), 0.0),
        Made::Softmax { temperature, classes } => {
            assert_eq!(*temperature, 1.7);
            let exps: f64 = classes.iter().map(|class| class.exp).sum();
            let [no, yes] = classes.map(|class| class.exp / exps);
            assert!((no + yes - 1.0).abs() < 1e-12);
            (if (no - f64::from(value)).abs() < 1e-4 { no } else { yes }, 1.0)
        }
    }
}

#[test]
fn a_trace_ends_with_the_answer_of_the_classifier() {
    for (kind, head) in cases() {
        let opened = opened(kind, 7);
        let values = seen(head, 2);
        let trace = Inside::new(&opened, head).unwrap().trace(&values).unwrap();
        let device = Device::flex();
        let network = Network::new(kind, opened.parameters, &device).unwrap();
        let logits = match head {
            Head::Patch => network.forward(batch_tensor(values, &device)),
            Head::Context => network.forward_in_context(view_tensor(values, &device)).unwrap(),
        };
        let logits: Vec<f32> = logits.into_data().try_to_vec().unwrap();
        let [.., before, last] = &trace.layers[..] else { panic!("two layers") };
        for (ours, theirs) in before.values.iter().zip(&logits) {
            assert!((ours - theirs).abs() < 1e-5);
        }
        let nodule = nodule_probability([logits[0], logits[1]], 1.7);
        assert!((last.values[CLASS_NODULE] - nodule).abs() < 1e-6);
        assert!((last.values.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}

#[test]
fn nothing_outside_the_receptive_field_changes_an_activation_and_its_edges_do() {
    for (kind, head) in cases() {
        let inside = Inside::new(&opened(kind, 3), head).unwrap();
        let values = seen(head, 4);
        let trace = inside.trace(&values).unwrap();
        let mut around = 0;
        for (layer, traced) in trace.layers.iter().enumerate() {
            let [channels, rows, columns] = traced.dims();
            // Where nothing is left outside, one place tells all.
            for (y, x) in [(0, 0), (rows / 2, columns / 3), (rows - 1, columns - 1)] {
                let field = inside.field(Unit { layer, channel: 0, y, x }).unwrap();
                let empty = field.input_clipped.right == 0;
                // Where both have a part in it, it is all of both.
                let from = if empty { PATCH_SAMPLES } else { 0 };
                let region = match field.surroundings {
                    Some(around) if empty => around,
                    _ => field.input_clipped,
                };
                around += usize::from(field.surroundings.is_some());
                let Rect { left, top, right, bottom } = region;
                let changed = |touch: &dyn Fn(i32, i32) -> bool| {
                    let touched: Vec<f32> = (0..values.len())
                        .map(|i| {
                            let at = i.wrapping_sub(from);
                            let (row, column) =
                                ((at / PATCH_SIZE) as i32, (at % PATCH_SIZE) as i32);
                            let here = at < PATCH_SAMPLES && touch(column, row);
                            if here { 3.0 - 5.0 * values[i] } else { values[i] }
                        })
                        .collect();
                    let other = inside.trace(&touched).unwrap();
                    // A joint map has the patch's channels in front.
                    (0..channels).any(|channel| {
                        let i = (channel * rows + y) * columns + x;
                        traced.values[i] != other.layers[layer].values[i]
                    })
                };
                let within = |x, y| (left..right).contains(&x) && (top..bottom).contains(&y);
                let whole = right - left == 50 && bottom - top == 50;
                assert!(whole || !changed(&|x, y| !within(x, y)), "{kind:?} {layer} {field:?}");
                // Each edge counts: the rectangle is no larger than it must be.
                assert!(changed(&|x, y| within(x, y) && x == left), "{kind:?} {layer} {field:?}");
                assert!(changed(&|x, y| within(x, y) && x == right - 1), "{kind:?} {layer}");
                assert!(changed(&|x, y| within(x, y) && y == top), "{kind:?} {layer}");
                assert!(changed(&|x, y| within(x, y) && y == bottom - 1), "{kind:?} {layer}");
                if whole {
                    break;
                }
            }
        }
        assert_eq!(around > 9, head == Head::Context, "{kind:?} {around}");
    }
}

#[test]
fn what_lies_around_a_patch_moves_its_own_layers_only() {
    let opened = opened(NetworkKind::Context, 12);
    let inside = Inside::new(&opened, Head::Context).unwrap();
    let (mut view, steps) = (seen(Head::Context, 1), inside.steps());
    let before = inside.trace(&view).unwrap();
    view[PATCH_SAMPLES..].iter_mut().for_each(|value| *value = 1.0 - *value);
    let after = inside.trace(&view).unwrap();
    let at = |name: &str| steps.iter().position(|step| step.name == name).unwrap() + 1;
    for (layer, (before, after)) in before.layers.iter().zip(&after.layers).enumerate() {
        assert_eq!(before == after, layer < at("surroundings"), "{}", before.name);
    }
    // Joined are the patch's features, then those of what lies around it.
    let joined = &after.layers[at("joined")].values;
    let (own, around) = joined.split_at(after.layers[at("conv7")].values.len());
    assert_eq!(own, after.layers[at("conv7")].values);
    assert_eq!(around, after.layers[at("context7")].values);
    let place = Unit { layer: at("joined"), channel: own.len() + 8, y: 0, x: 0 };
    let made = inside.made(&after, place, None, 5).unwrap().made;
    assert_eq!(made, Made::Join { layer: at("context7"), channel: 8, input: around[8] });
    // Without surroundings there is nothing to look at.
    let lone = crate::preprocess::lone_view(&patch(1));
    assert_eq!(inside.trace(&lone), Err(InsideError::Values(VIEW_SAMPLES)));
    let alone = Inside::new(&opened, Head::Patch).unwrap();
    assert_eq!(alone.trace(&lone), alone.trace(&patch(1)));
}

#[test]
fn receptive_fields_by_hand() {
    let rect = |left, top, right, bottom| Rect { left, top, right, bottom };
    let paper = Inside::new(&opened(NetworkKind::Paper, 1), Head::Patch).unwrap();
    // 5 x 5 with padding 2, at the corner.
    let corner = paper.field(Unit { layer: 1, channel: 0, y: 0, x: 0 }).unwrap();
    assert_eq!(corner.input, rect(-2, -2, 3, 3));
    assert_eq!(corner.input_clipped, rect(0, 0, 3, 3));
    assert_eq!(corner.before, corner.input);
    // conv2: 5 x 5 over a map pooled by two: 5 places are 10 pixels, and 2 more on each side.
    let second = paper.field(Unit { layer: 3, channel: 9, y: 12, x: 7 }).unwrap();
    assert_eq!(second.before, rect(5, 10, 10, 15));
    assert_eq!(second.input, rect(8, 18, 22, 32));
    let compact = Inside::new(&opened(NetworkKind::Compact, 1), Head::Patch).unwrap();
    let third = compact.field(Unit { layer: 4, channel: 0, y: 1, x: 2 }).unwrap();
    // Two 3 x 3 over a pooled map: 5 places are 10 pixels, and 2 for the first convolution.
    assert_eq!(third.input, rect(4, 2, 16, 14));
    assert_eq!(third.input, third.input_clipped);
}

#[test]
fn kernels_are_those_that_multiply() {
    for (kind, head) in cases() {
        let inside = Inside::new(&opened(kind, 9), head).unwrap();
        let trace = inside.trace(&seen(head, 3)).unwrap();
        for layer in 0..trace.layers.len() {
            let Some(kernels) = inside.kernels(layer, 0).unwrap() else { continue };
            let [units, rows, columns] = kernels.shape;
            assert_eq!(kernels.values.len(), units * rows * columns);
            let unit = units - 1;
            let place = Unit { layer, channel: unit, y: 0, x: 0 };
            let own = &kernels.values[unit * rows * columns..];
            match inside.made(&trace, place, Some(0), usize::MAX).unwrap().made {
                Made::Convolution { weights, bias, .. } => {
                    assert_eq!((&weights[..], bias), (own, kernels.bias[unit]));
                }
                Made::Dense { terms, bias, .. } => {
                    for term in terms.iter().filter(|term| kernels.inputs == 1 || term.channel == 0)
                    {
                        let i = if kernels.inputs == 1 {
                            term.channel
                        } else {
                            term.y * columns + term.x
                        };
                        assert_eq!(term.weight, own[i]);
                    }
                    assert_eq!(bias, kernels.bias[unit]);
                }
                made => panic!("{made:?}"),
            }
        }
    }
}

#[test]
fn a_map_before_relu_becomes_the_map_behind_it() {
    let inside = Inside::new(&opened(NetworkKind::Compact, 2), Head::Patch).unwrap();
    let trace = inside.trace(&patch(6)).unwrap();
    let [channels, rows, columns] = trace.layers[3].dims();
    let mut cut = 0;
    for channel in 0..channels {
        let before = inside.before_relu(&trace, 3, channel).unwrap();
        let after = &trace.layers[3].values[channel * rows * columns..][..rows * columns];
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(after) {
            assert!((before.max(0.0) - after).abs() < 1e-4);
            cut += usize::from(*before < 0.0);
        }
    }
    assert!(cut > 0 && cut < channels * rows * columns, "{cut}");
}

#[test]
fn dropout_of_nothing_changes_nothing_and_its_mean_is_the_answer() {
    for (kind, head) in cases() {
        let inside = Inside::new(&opened(kind, 4), head).unwrap();
        let trace = inside.trace(&seen(head, 5)).unwrap();
        let logits = &trace.layers[trace.layers.len() - 2].values;
        let none = inside.dropped(&trace, 0.0, 1).unwrap();
        assert!(none.off.iter().all(|off| !off));
        assert!(none.logits.iter().zip(logits).all(|(a, b)| (a - b).abs() < 1e-4));
        let many: Vec<Dropped> =
            (0..400).map(|seed| inside.dropped(&trace, 0.5, seed).unwrap()).collect();
        assert_eq!(many[7], inside.dropped(&trace, 0.5, 7).unwrap());
        let off: usize = many.iter().map(|one| one.off.iter().filter(|off| **off).count()).sum();
        let share = off as f64 / (400 * many[0].off.len()) as f64;
        assert!((share - 0.5).abs() < 0.02, "{share}");
        let mean: f32 = many.iter().map(|one| one.logits[1]).sum::<f32>() / 400.0;
        let spread = many.iter().map(|one| (one.logits[1] - mean).powi(2)).sum::<f32>() / 400.0;
        assert!(spread > 0.0, "the answers differ");
        // Raised by 1 / (1 - share), the mean stays: within four standard errors.
        let allowed = 4.0 * (spread / 400.0).sqrt() + 1e-4;
        assert!((mean - logits[1]).abs() < allowed, "{kind:?}: {mean} and {}", logits[1]);
        let more = inside.dropped(&trace, 0.8, 7).unwrap();
        assert!(many[7].off.iter().zip(&more.off).all(|(less, more)| !less || *more));
        assert!(inside.dropped(&trace, 1.0, 1).is_err());
    }
}

#[test]
fn softmax_stays_finite_and_sums_to_one() {
    let [no, yes] = shares([-1.0, 1.0], 2.0).unwrap();
    // By hand: 1 / (1 + e^-1).
    assert!((yes.share - 0.731_058_578).abs() < 1e-8);
    assert!((yes.exp - 1.648_721_270).abs() < 1e-8 && yes.shift == 0.0 && no.scaled == -0.5);
    let [no, yes] = shares([-900.0, 900.0], 0.5).unwrap();
    assert!(yes.share == 1.0 && no.share == 0.0 && yes.shift == 1800.0);
    assert!(shares([0.0, 0.0], 0.0).is_err());
}

#[test]
fn another_window_shows_the_same_tissue_in_another_grey() {
    use nodulens_imaging::intensity::Window;
    let values = [0.0, 0.5, 1.0];
    assert_eq!(rewindowed(&values, MODEL_WINDOW).unwrap(), values);
    assert!(rewindowed(&[f32::NAN], MODEL_WINDOW).unwrap()[0].is_nan());
    // -1000, -300 and 400 HU in the window 40 / 400, from -160 to 240.
    let soft = rewindowed(&values, Window { center: 40.0, width: 400.0 }).unwrap();
    assert_eq!(soft, [0.0, 0.0, 1.0]);
    let lung = rewindowed(&values, Window { center: -600.0, width: 1200.0 }).unwrap();
    assert!((lung[1] - 0.75).abs() < 1e-6);
    assert!(rewindowed(&values, Window { center: 0.0, width: 0.0 }).is_err());
}

#[test]
fn what_is_not_there_is_refused() {
    let opened = opened(NetworkKind::Compact, 1);
    let inside = Inside::new(&opened, Head::Patch).unwrap();
    assert_eq!(inside.trace(&[0.0; 7]), Err(InsideError::Values(7)));
    let trace = inside.trace(&patch(1)).unwrap();
    let layers = trace.layers.len();
    for (layer, channel, y, x) in [(layers, 0, 0, 0), (1, 16, 0, 0), (1, 0, 48, 0), (1, 0, 0, 48)] {
        let place = Unit { layer, channel, y, x };
        assert!(inside.field(place).is_err(), "{place:?}");
        let error = inside.made(&trace, place, None, 1).unwrap_err();
        assert_eq!(error.code(), "no-such-place");
    }
    let place = Unit { layer: 1, channel: 0, y: 0, x: 0 };
    assert!(inside.made(&trace, place, Some(1), 1).is_err());
    assert!(inside.kernels(1, 1).is_err() && inside.kernels(layers, 0).is_err());
    assert_eq!(inside.kernels(2, 0), Ok(None));
    let lacking = {
        let parameters = opened.parameters.clone().into_iter().skip(1).collect();
        WeightsFile { parameters, ..opened }
    };
    assert!(matches!(Inside::new(&lacking, Head::Patch), Err(InsideError::Weights(_))));
}
