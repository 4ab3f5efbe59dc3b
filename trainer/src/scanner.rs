//! Pictures as another scanner would have made them, or as they are seen from another place: for
//! training, which is to hold against both, and for the stress table, which says how far it does.

pub mod changes;
pub mod physics;
pub mod transform;
