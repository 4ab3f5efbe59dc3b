//! Training on a handful of patches, as the page does it.

use nodulens::classifier::Classifier;
use nodulens::constants::PATCH_SAMPLES;
use nodulens::lab::training::{Epoch, Examples, Settings, Training, TrainingError};
use nodulens::model::NetworkKind;
use nodulens::phantom;
use nodulens::preprocess::model_values;
use nodulens::weights::{Card, Parameters, WeightsFile, WeightsHeader, read_weights};
use nodulens_imaging::UserError;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use std::path::Path;

const SETTINGS: Settings =
    Settings { epochs: 15, batch: 16, learning_rate: 2e-3, hold_out: 0.25, seed: 1, augment: true };

fn phantoms(seed: u64, count: usize) -> Examples {
    let made = phantom::patches(seed, count);
    Examples {
        values: made.iter().flat_map(|phantom| model_values(&phantom.patch)).collect(),
        nodule: made.iter().map(|phantom| phantom.nodule).collect(),
        patients: Vec::new(),
    }
}

fn run(training: &mut Training) -> Vec<Epoch> {
    let mut epochs = Vec::new();
    while !training.done() {
        epochs.extend(training.step().unwrap().epoch);
    }
    epochs
}

#[test]
fn a_small_network_learns_two_hundred_phantoms() {
    let mut training = Training::begin(SETTINGS, phantoms(1000, 200), None).unwrap();
    assert_eq!((training.held().len(), training.steps_per_epoch()), (50, 10));
    let before = training.kernels().unwrap();
    assert_eq!((before.0.len(), before.1), (8 * 49, 8));
    let epochs = run(&mut training);
    let last = epochs.last().unwrap();
    println!("{last:?}");
    assert_eq!(last.epoch, SETTINGS.epochs);
    assert!(last.held_accuracy >= 0.9, "{last:?}");
    assert!(last.train_loss < epochs[0].train_loss / 2.0, "{:?} {last:?}", epochs[0]);
    assert_ne!(training.kernels().unwrap().0, before.0, "the kernels have not moved");

    // The file gives what the network in training gives, and its card says what it is.
    let file = training.weights("synthetic patches", "2026-11-23").unwrap();
    let classifier = Classifier::on_engine(&file).unwrap();
    assert_eq!(classifier.header().network, "small");
    let card = &classifier.header().card.read().unwrap();
    let metrics = card.metrics.as_ref().unwrap();
    assert!((metrics.accuracy - last.held_accuracy).abs() < 1e-9);
    assert_eq!((metrics.n, card.history.len()), (50, SETTINGS.epochs));
    let held: Vec<f32> = {
        let all = phantoms(1000, 200).values;
        let patch = |i: &usize| all[i * PATCH_SAMPLES..][..PATCH_SAMPLES].to_vec();
        training.held().iter().flat_map(patch).collect()
    };
    let answers = pollster::block_on(classifier.classify_values(held)).unwrap();
    let ours = training.held_probabilities().unwrap();
    for (answer, ours) in answers.iter().zip(ours) {
        // Half precision in the file.
        assert!((answer.probability - ours).abs() < 5e-3, "{answer:?} {ours}");
    }
    // Patches that nobody has seen.
    let fresh = phantoms(5000, 200);
    let answers = pollster::block_on(classifier.classify_values(fresh.values)).unwrap();
    let right =
        answers.iter().zip(fresh.nodule).filter(|(a, nodule)| (a.probability >= 0.5) == *nodule);
    assert!(right.count() >= 170, "fewer than 170 of 200 fresh patches are right");
}

#[test]
fn the_same_seed_learns_the_same() {
    let settings = Settings { epochs: 2, ..SETTINGS };
    let one = run(&mut Training::begin(settings, phantoms(7, 40), None).unwrap());
    let two = run(&mut Training::begin(settings, phantoms(7, 40), None).unwrap());
    let other = Settings { seed: 2, ..settings };
    let other = run(&mut Training::begin(other, phantoms(7, 40), None).unwrap());
    assert_eq!(one, two);
    assert_ne!(one, other);
}

#[test]
fn a_network_that_is_there_goes_on_from_where_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/models/compact.nodulens");
    let opened = read_weights(&std::fs::read(path).unwrap()).unwrap();
    let settings = Settings { epochs: 3, batch: 8, learning_rate: 1e-4, ..SETTINGS };
    let mut training = Training::begin(settings, phantoms(3, 40), Some(&opened)).unwrap();
    let epochs = run(&mut training);
    println!("{epochs:?}");
    assert!(epochs[2].train_loss < epochs[0].train_loss, "{epochs:?}");
    let file = training.weights("synthetic patches", "2026-11-23").unwrap();
    let classifier = Classifier::on_engine(&file).unwrap();
    assert_eq!(classifier.header().network, "compact");
    assert!(classifier.header().card.read().unwrap().recipe.contains("compact-"));
}

#[test]
fn what_cannot_be_learnt_is_refused() {
    let begin = |settings, examples| Training::begin(settings, examples, None).err().unwrap();
    let good = phantoms(1, 20);
    let few = Examples { nodule: vec![true; 20], ..good.clone() };
    assert_eq!(begin(SETTINGS, few), TrainingError::TooFew { nodules: 20, others: 0 });
    let short = Examples { values: vec![0.0; 7], ..good.clone() };
    assert_eq!(begin(SETTINGS, short), TrainingError::Size { values: 7, patches: 20 });
    let alone = Examples { patients: vec![4; 20], ..good.clone() };
    assert_eq!(begin(SETTINGS, alone), TrainingError::OnePatient);
    for settings in [
        Settings { epochs: 0, ..SETTINGS },
        Settings { batch: 0, ..SETTINGS },
        Settings { learning_rate: f64::NAN, ..SETTINGS },
        Settings { hold_out: 1.0, ..SETTINGS },
    ] {
        assert!(matches!(begin(settings, good.clone()), TrainingError::Setting(_)), "{settings:?}");
    }
    // What diverges is told, and is no panic.
    let wild = Settings { learning_rate: 0.99, epochs: 50, ..SETTINGS };
    let mut training = Training::begin(wild, phantoms(1, 40), None).unwrap();
    for _ in 0..100 {
        if let Err(error) = training.step() {
            assert!(matches!(error, TrainingError::Diverged(_)), "{error}");
            break;
        }
    }
}

#[test]
fn a_network_that_looks_at_surroundings_is_not_trained_on_patches_alone() {
    let kind = NetworkKind::Context;
    let opened = WeightsFile {
        header: WeightsHeader::uncalibrated(kind, Card::default()),
        kind,
        parameters: Parameters::random(kind, &mut Pcg64Mcg::seed_from_u64(1)),
        sha256: "0".repeat(64),
    };
    let refused = Training::begin(SETTINGS, phantoms(1, 40), Some(&opened)).err().unwrap();
    assert_eq!(refused.code(), "training-settings");
}

#[test]
fn patients_stay_together() {
    let mut examples = phantoms(1, 40);
    // Four patches a patient, two of each class.
    examples.patients = (0..40).map(|i| i / 4).collect();
    let training = Training::begin(SETTINGS, examples.clone(), None);
    assert!(training.is_ok(), "patients with patches of both classes can be divided");
    let mut by_class = examples;
    by_class.patients = (0..40).map(|i| 2 * (i / 8) + i % 2).collect();
    let training = Training::begin(SETTINGS, by_class.clone(), None).unwrap();
    let held = training.held();
    for i in 0..40 {
        let together = (0..40).filter(|other| by_class.patients[*other] == by_class.patients[i]);
        let inside = together.filter(|other| held.contains(other)).count();
        assert!(inside == 0 || inside == 4, "a patient is on both sides");
    }
}
