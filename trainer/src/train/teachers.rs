//! What other networks say of the patches of a step (distillation).

use crate::train::draw::Drawn;
use anyhow::{Context, Result, anyhow, bail};
use nodulens::constants::{CLASS_NODULE, CLASSES, PATCH_SAMPLES, VIEW_SAMPLES};
use nodulens::model::NetworkKind;
use nodulens::on_engine::OnEngine;
use nodulens::weights::{WeightsFile, read_weights};
use nodulens_imaging::hash::hex;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Weights files on our own engine, several times as fast as on the device that trains.
#[derive(Debug)]
pub struct Teachers {
    engines: Vec<(NetworkKind, OnEngine)>,
    /// Values of a patch, or of a view, as the student sees it.
    samples: usize,
    /// One thread: they answer for the steps to come beside the step that is computed, and more
    /// threads would only take turns with its own.
    alone: ThreadPool,
    /// What they have answered for views that come again.
    known: Mutex<HashMap<u64, [f32; CLASSES]>>,
}

impl Teachers {
    /// Read the weights files.
    ///
    /// # Errors
    /// A file that is missing or cannot be used; the message names it.
    pub fn read(files: &[PathBuf], student: NetworkKind) -> Result<Self> {
        let read = |path: &PathBuf| {
            let WeightsFile { kind, parameters, .. } =
                read_weights(&bytes(path)?).with_context(|| named(path))?;
            let engine = OnEngine::new(kind, parameters).with_context(|| named(path))?;
            Ok((kind, engine))
        };
        Ok(Self {
            engines: files.iter().map(read).collect::<Result<_>>()?,
            samples: student.samples(),
            alone: ThreadPoolBuilder::new().num_threads(1).build()?,
            known: Mutex::default(),
        })
    }

    /// Return their answers for the patches of a step, as [`Self::answers`]; a view that they have
    /// answered for is not asked again.
    ///
    /// # Errors
    /// As [`Self::answers`].
    pub fn of_step(&self, drawn: &[Drawn]) -> Result<Vec<f32>> {
        if self.engines.is_empty() {
            return Ok(Vec::new());
        }
        // The lock guards against nobody but the compiler: one thread makes the steps ready.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |one: &&Drawn| one.view.is_some_and(|view| known.contains_key(&view));
        let asked: Vec<&Drawn> = drawn.iter().filter(|one| !is_known(one)).collect();
        let values: Vec<f32> = asked.iter().flat_map(|one| one.values.iter().copied()).collect();
        let answers = self.answers(&values)?;
        let (answers, _) = answers.as_chunks::<CLASSES>();
        let mut fresh = answers.iter();
        let of_each: Vec<Option<[f32; CLASSES]>> = drawn
            .iter()
            .map(|one| if is_known(&one) { None } else { fresh.next().copied() })
            .collect();
        known.extend(
            drawn.iter().zip(&of_each).filter_map(|(one, answer)| Some((one.view?, (*answer)?))),
        );
        let mut all = Vec::with_capacity(drawn.len() * CLASSES);
        for (one, answer) in drawn.iter().zip(of_each) {
            let known = || known.get(&one.view?).copied();
            all.extend(answer.or_else(known).context("a teacher gave too few answers")?);
        }
        Ok(all)
    }

    /// Return their mean probabilities of each patch or view, `[B, 2]`; nothing where there is no teacher.
    /// A teacher sees the surroundings where it looks at them and the student does, too.
    /// Each is asked once: patches come turned at random, so over a run a teacher that is not
    /// symmetric by itself teaches its mean over the symmetries all the same.
    ///
    /// # Errors
    /// A teacher whose answer is not a number.
    pub fn answers(&self, values: &[f32]) -> Result<Vec<f32>> {
        let mut sums: Vec<f32> = Vec::new();
        let patches = || -> Vec<f32> {
            values
                .chunks_exact(self.samples)
                .flat_map(|one| &one[..PATCH_SAMPLES])
                .copied()
                .collect()
        };
        for (kind, engine) in &self.engines {
            let logits = self.alone.install(|| match kind.context() {
                Some(_) if self.samples == VIEW_SAMPLES => engine.views(values),
                _ if self.samples == PATCH_SAMPLES => engine.patches(values),
                _ => engine.patches(&patches()),
            });
            let logits = logits.map_err(|error| anyhow!("teacher: {error}"))?;
            sums.resize(logits.len(), 0.0);
            for (sums, pair) in sums.chunks_exact_mut(CLASSES).zip(logits.chunks_exact(CLASSES)) {
                let nodule = 1.0 / (1.0 + (pair[1 - CLASS_NODULE] - pair[CLASS_NODULE]).exp());
                if !nodule.is_finite() {
                    bail!("a teacher's answer is not a number: train or export it again");
                }
                sums[CLASS_NODULE] += nodule;
                sums[1 - CLASS_NODULE] += 1.0 - nodule;
            }
        }
        sums.iter_mut().for_each(|sum| *sum /= self.engines.len() as f32);
        Ok(sums)
    }
}

/// Return the SHA-256 of each teacher's file, hex.
///
/// # Errors
/// A file that cannot be read.
pub fn hashes(files: &[PathBuf]) -> Result<Vec<String>> {
    files.iter().map(|path| Ok(hex(&Sha256::digest(bytes(path)?)))).collect()
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| named(path))
}

fn named(path: &Path) -> String {
    format!("teacher {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use burn::tensor::activation::softmax;
    use nodulens::on_burn::{Network, batch_tensor};
    use nodulens::weights::{Card, Parameters, WeightsHeader, write_weights};
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    /// A weights file of random numbers, rounded as files are.
    fn file(folder: &Path, kind: NetworkKind) -> PathBuf {
        let header = WeightsHeader::uncalibrated(kind, Card::default());
        let parameters = Parameters::random(kind, &mut Pcg64Mcg::seed_from_u64(kind as u64));
        let path = folder.join(kind.name());
        fs::write(&path, write_weights(&header, &parameters).unwrap()).unwrap();
        path
    }

    #[test]
    fn they_answer_on_our_engine_what_burn_answers() {
        let folder = tempfile::tempdir().unwrap();
        let files = NetworkKind::ALL.map(|kind| file(folder.path(), kind));
        let patches = 7;
        let value = |i: usize| ((i * i + 7 * (i / 50)) % 101) as f32 / 101.0;
        let values: Vec<f32> = (0..patches * PATCH_SAMPLES).map(value).collect();
        let mut expected = vec![0.0; patches * CLASSES];
        for path in &files {
            let file = read_weights(&fs::read(path).unwrap()).unwrap();
            let network = Network::new(file.kind, file.parameters, &Device::flex()).unwrap();
            let answer = softmax(network.forward(batch_tensor(values.clone(), &Device::flex())), 1);
            let answer = answer.into_data().try_to_vec::<f32>().unwrap();
            expected.iter_mut().zip(answer).for_each(|(sum, one)| *sum += one / files.len() as f32);
        }
        let found = Teachers::read(&files, NetworkKind::Paper).unwrap().answers(&values).unwrap();
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(found.len() == expected.len() && worst < 1e-4, "off by {worst}");
        assert!(expected.iter().any(|one| (one - expected[0]).abs() > 1e-3), "{expected:?}");
    }

    /// What a run that goes on relies on: the answer for a patch does not hang on its neighbours.
    #[test]
    fn a_patch_has_the_same_answer_alone_and_in_a_batch() {
        let folder = tempfile::tempdir().unwrap();
        let files = [NetworkKind::Wide, NetworkKind::Paper].map(|kind| file(folder.path(), kind));
        let teachers = Teachers::read(&files, NetworkKind::Paper).unwrap();
        let value = |i: usize| ((i * i + 7 * (i / 50)) % 101) as f32 / 101.0;
        let values: Vec<f32> = (0..37 * PATCH_SAMPLES).map(value).collect();
        let together = teachers.answers(&values).unwrap();
        let alone = |patch: &[f32]| teachers.answers(patch).unwrap();
        let alone: Vec<f32> = values.chunks(PATCH_SAMPLES).flat_map(alone).collect();
        assert!(together == alone, "batches change answers");
    }

    #[test]
    fn a_view_that_was_answered_for_is_not_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let teachers =
            Teachers::read(&[file(folder.path(), NetworkKind::Small)], NetworkKind::Small).unwrap();
        let one = |grey: f32, view: Option<u64>| Drawn {
            index: 0,
            values: (0..PATCH_SAMPLES).map(|i| grey * (i % 9) as f32 / 9.0).collect(),
            hollowed: false,
            other: None,
            view,
        };
        let answers = |drawn: &[Drawn]| teachers.of_step(drawn).unwrap();
        let first = answers(&[one(0.2, Some(7)), one(0.9, Some(8)), one(0.2, Some(7))]);
        let plain = answers(&[one(0.2, None), one(0.9, None), one(0.2, None)]);
        assert_eq!(first, plain);
        assert_ne!(first[..2], first[2..4]);
        // Other pixels under a known name: what was answered before shows that nobody was asked.
        assert_eq!(
            answers(&[one(0.9, Some(7)), one(0.9, None)]),
            [&plain[..2], &plain[2..4]].concat()
        );
    }

    #[test]
    fn no_teacher_has_no_answer_and_a_missing_one_is_named() {
        assert!(
            Teachers::read(&[], NetworkKind::Paper)
                .unwrap()
                .answers(&[0.5; PATCH_SAMPLES])
                .unwrap()
                .is_empty()
        );
        let error = format!(
            "{:#}",
            Teachers::read(&["gone.nodulens".into()], NetworkKind::Paper).unwrap_err()
        );
        assert!(error.contains("teacher gone.nodulens"), "{error}");
    }
}
