//! SHA-256 of files, in lower-case hexadecimal.

use crate::weights;
use sha2::{Digest, Sha256};

/// Of a file's bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    weights::hex(&Sha256::digest(bytes))
}

/// Of several files: of their sorted hashes, one after another as text; of one file, its own.
pub(crate) fn of_files<'a>(hashes: impl Iterator<Item = &'a str>) -> String {
    let mut hashes: Vec<&str> = hashes.collect();
    hashes.sort_unstable();
    hashes.dedup();
    match hashes.as_slice() {
        [one] => (*one).to_owned(),
        many => of_bytes(many.concat().as_bytes()),
    }
}
