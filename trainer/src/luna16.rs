//! LUNA16 as it is downloaded, and the way from there to a folder of patches.
//!
//! | step | module |
//! |---|---|
//! | `candidates.csv`, `annotations.csv` -> rows | [`tables`] |
//! | folder -> where each scan's header lies | [`layout`] |
//! | candidates -> those that are kept | [`sample`] |
//! | what is to be done, and under which options | [`plan`] |
//! | one scan -> pictures and a record of them | [`scan`] |
//! | all records -> manifest, `dataset.json`, summary | [`summary`] |

pub mod layout;
pub mod plan;
pub mod sample;
pub mod scan;
pub mod summary;
pub mod tables;
