//! Networks on Burn against themselves, patch by patch and in one pass.

use super::*;
use crate::constants::PATCH_SIZE;
use crate::on_burn::test::{pictures as pictures_of, random};
use burn::tensor::Distribution;

#[test]
fn parameters_come_back_as_they_went_in() {
    for kind in NetworkKind::ALL {
        let parameters = random(kind, 3);
        let network = Network::new(kind, parameters.clone(), &Device::flex()).unwrap();
        assert_eq!(network.num_params(), kind.parameters());
        assert_eq!(network.parameters().unwrap(), parameters);
        let network = Network::for_shaders(kind, parameters.clone(), &Device::flex()).unwrap();
        assert_eq!(network.parameters().unwrap(), parameters);
    }
}

#[test]
fn every_layer_has_the_listed_shape() {
    let device = Device::flex();
    for kind in NetworkKind::ALL {
        let network = Network::new(kind, random(kind, 4), &device).unwrap();
        let mut map: Tensor<4> = Tensor::zeros([3, 1, PATCH_SIZE, PATCH_SIZE], &device);
        for (i, layer) in network.layers().iter().enumerate() {
            map = network.through(i..i + 1, map);
            let mut listed = [vec![3], layer.output_shape.clone()].concat();
            listed.resize(4, 1);
            assert_eq!(map.dims().to_vec(), listed, "{kind:?} {}", layer.name);
        }
    }
}

/// Gradients of a loss by the patches and by the first kernels.
fn gradients(logits: &Tensor<2>, patches: &Tensor<4>, network: &Network) -> [Vec<f32>; 2] {
    let loss = (logits.clone() * logits.clone()).sum();
    let gradients = loss.backward();
    let of = |tensor: &Tensor<4>| {
        tensor.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap()
    };
    [of(patches), of(&network.kernels[0].weights.val())]
}

#[test]
fn under_autodiff_the_engine_gives_burns_own_answers_and_gradients() {
    let device = Device::flex().autodiff();
    for kind in NetworkKind::ALL {
        let network = Network::new(kind, random(kind, 6), &device).unwrap();
        let patches = pictures_of([3, 1, PATCH_SIZE, PATCH_SIZE], 6, &device).require_grad();
        let by_engine = network.forward(patches.clone());
        let by_burn = network.through(0..network.layers.len(), patches.clone()).flatten(1, 3);
        let numbers = |logits: &Tensor<2>| logits.to_data().try_to_vec::<f32>().unwrap();
        let apart = numbers(&by_engine).into_iter().zip(numbers(&by_burn));
        let worst = apart.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{kind:?}: logits differ by {worst}");
        let both = [by_engine, by_burn].map(|logits| gradients(&logits, &patches, &network));
        let [own, by_burn] = both;
        for (own, by_burn) in own.into_iter().zip(by_burn) {
            // Rounding may choose another of two nearly equal places when pooling, and their
            // gradients then go other ways: rarely, so in sum they must agree.
            let squares = |of: &mut dyn Iterator<Item = f32>| of.map(|one| one * one).sum::<f32>();
            let apart = squares(&mut own.iter().zip(&by_burn).map(|(a, b)| a - b));
            let share = (apart / squares(&mut by_burn.iter().copied())).sqrt();
            assert!(share < 0.02, "{kind:?}, {} numbers: {share}", own.len());
        }
    }
}

#[test]
fn a_dense_pass_gives_what_the_patches_give() {
    let device = Device::flex();
    for kind in NetworkKind::ALL {
        let network = Network::new(kind, random(kind, 5), &device).unwrap();
        // Unequal sides, and some pixels over.
        let shape = [1, 1, 50 + 3 * 4 + 1, 50 + 5 * 4 + 3];
        let slice = Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &device);
        let dense = network.forward_dense(slice.clone());
        assert_eq!(dense.is_some(), kind != NetworkKind::Paper);
        let Some(dense) = dense else { continue };
        assert_eq!(dense.dims(), [1, 2, 4, 6]);
        let mut worst = 0f32;
        for (row, column) in (0..4).flat_map(|row| (0..6).map(move |column| (row, column))) {
            let (top, left) = (row * 4, column * 4);
            let patch = slice.clone().slice([0..1, 0..1, top..top + 50, left..left + 50]);
            let alone = network.forward(patch).reshape([2]);
            let there = dense.clone().slice([0..1, 0..2, row..row + 1, column..column + 1]);
            let difference = (alone - there.reshape([2])).abs().max().into_scalar::<f32>();
            worst = worst.max(difference);
        }
        assert!(worst < 1e-5, "{kind:?}: dense and patch by patch differ by {worst}");
    }
}
