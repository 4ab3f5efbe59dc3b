//! What stands behind the page's explanations: a network that can be looked into.
//!
//! | question | module |
//! |---|---|
//! | which pixels speak for a nodule? | [`explain`] |
//! | are these weights of a user's own sound? | [`own_weights`] |
//! | how does a network learn? | [`training`] |
//! | what if the patch were a little different? | [`variant`] |
//! | what does every layer make of the patch, and from which numbers? | [`inside`] |

pub mod explain;
pub mod inside;
pub mod own_weights;
pub mod training;
pub mod variant;
