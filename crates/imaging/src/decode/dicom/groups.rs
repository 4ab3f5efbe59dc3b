//! Attributes of a frame, which a multi-frame file keeps in functional groups.

use super::dataset::DataSet;
use crate::tags::{self, Tag};

/// Where a frame's attributes are looked for.
pub(super) struct Groups<'a, 's> {
    pub set: &'s DataSet<'a>,
    pub frame: usize,
}

impl<'a, 's> Groups<'a, 's> {
    pub fn find(&self, sequence: Tag) -> Group<'a, 's> {
        let own = self.set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(self.frame);
        let shared = self.set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
        let within = |group: Option<&'s DataSet<'a>>| group?.items(sequence).first();
        Group { own: within(own), shared: within(shared), file: self.set }
    }
}

/// One functional group: each attribute is taken from the frame's own, from that which all frames
/// share, or from the file itself, in this order (PS3.3, C.7.6.16). Files split one between them.
#[derive(Clone, Copy)]
pub(super) struct Group<'a, 's> {
    pub own: Option<&'s DataSet<'a>>,
    shared: Option<&'s DataSet<'a>>,
    file: &'s DataSet<'a>,
}

impl<'a, 's> Group<'a, 's> {
    fn first<T>(&self, read: impl Fn(&'s DataSet<'a>) -> Option<T>) -> Option<T> {
        [self.own, self.shared, Some(self.file)].into_iter().flatten().find_map(read)
    }

    pub fn decimal(&self, tag: Tag) -> Option<f64> {
        self.first(|set| set.decimal(tag))
    }

    pub fn vector<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.first(|set| set.vector(tag))
    }

    /// A whole number that is binary, whatever type the file gives it.
    pub fn unsigned(&self, tag: Tag) -> Option<u32> {
        self.first(|set| set.unsigned(tag))
    }

    pub fn text(&self, tag: Tag) -> Option<String> {
        self.first(|set| set.text(tag))
    }
}
