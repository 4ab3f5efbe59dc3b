//! Figures from probabilities and labels, for trainer and page alike. Pure: no files, no networks.
//!
//! | module | what |
//! |---|---|
//! | [`counts`] | counts at a threshold, rates, Wilson intervals, PPV and NPV |
//! | [`curves`] | ROC, precision-recall, their areas, operating point |
//! | [`operating`] | a threshold on a curve that was kept, other shares of nodules |
//! | [`reliability`] | Brier score, log loss, calibration error, reliability bins |
//! | [`calibration`] | temperature scaling, cross-fitted |
//! | [`bootstrap`] | intervals and bands over resampled patients, paired differences |
//! | [`evaluation`] | all of it for a labelled set |
//!
//! Tests compare them with scikit-learn's figures (`tests/reference/metrics.py`) and with cases
//! worked by hand.

pub mod bootstrap;
pub mod calibration;
pub mod counts;
pub mod curves;
pub mod evaluation;
mod labelled;
pub mod operating;
pub mod reliability;

pub use bootstrap::roc_auc_interval;
pub use counts::{Rates, confusion, rates};
pub use curves::{average_precision, operating_point, roc_auc};
pub use labelled::Labelled;
