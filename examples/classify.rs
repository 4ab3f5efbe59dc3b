//! Prints how probable a nodule is in a picture of 50 x 50 pixels, or in the middle of a larger one.
//!
//!     cargo run --example classify -- www/models/compact.nodulens PICTURE

use nodulens::classifier::Classifier;
use nodulens::patch::{PatchFile, SizePolicy};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let [weights, picture] = env::args_os()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "give a weights file and a picture")?;
    let classifier = Classifier::on_engine(&fs::read(weights)?)?;
    let PatchFile { patch, notes, .. } =
        PatchFile::read(&fs::read(picture)?, SizePolicy::CenterCrop)?;
    for note in notes {
        println!("{note}");
    }
    for prediction in pollster::block_on(classifier.classify(&[patch]))? {
        let (probability, model) = (prediction.probability, classifier.model_id());
        println!("nodule: {:.1} % ({model})", probability * 100.0);
    }
    Ok(())
}
