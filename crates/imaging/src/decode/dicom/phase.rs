//! What tells slices at one place apart: moments, and whatever else the files say.

use super::groups::{Group, Groups};
use super::header;
use crate::tags::{self, Tag};

/// One thing that may differ between two slices at one place.
pub(super) struct Kind {
    /// How it is called.
    pub reason: &'static str,
    /// How a value is said; `None` where only its number among the others is.
    pub said: fn(&str) -> Option<String>,
    /// When what differs is a phase though no two slices lie at one place.
    pub elsewhere: Elsewhere,
}

/// When slices at different places are of different phases.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Elsewhere {
    Always,
    /// Where one part does not follow the other evenly: scanners count on while the table moves.
    Apart,
    /// Where slices of one lie between those of another: a clock runs on within a scan.
    Between,
}

/// By what phases are told apart, the surest first.
pub(super) const KINDS: [Kind; 17] = [
    kind(
        "temporal position",
        |value| Some(format!("temporal position {value}")),
        Elsewhere::Always,
    ),
    kind(
        "phase of the heart",
        |value| Some(format!("{value} % of the heart's cycle")),
        Elsewhere::Always,
    ),
    kind("trigger time", |value| Some(format!("trigger time {value} ms")), Elsewhere::Between),
    kind("acquisition", |value| Some(format!("acquisition {value}")), Elsewhere::Apart),
    kind("stack", |_| None, Elsewhere::Always),
    kind("echo", |value| Some(format!("echo {value}")), Elsewhere::Always),
    kind("tube voltage", |value| Some(format!("{value} kV")), Elsewhere::Always),
    kind("contrast agent", |_| None, Elsewhere::Always),
    kind("slice thickness", |value| Some(format!("{value} mm thick")), Elsewhere::Always),
    kind("protocol", |_| None, Elsewhere::Always),
    kind("description", |_| None, Elsewhere::Always),
    kind("series number", |_| None, Elsewhere::Always),
    kind("patient's name", |_| None, Elsewhere::Always),
    kind(TIME, |_| None, Elsewhere::Between),
    kind("birth date", |_| None, Elsewhere::Always),
    kind(
        "patient position",
        |value| Some(value.to_owned()).filter(|v| v.len() < 5),
        Elsewhere::Always,
    ),
    kind("content time", |_| None, Elsewhere::Between),
];

/// When it was measured.
pub(super) const TIME: &str = "time";
/// How many of the kinds name a moment, or a part of the scan: two images that differ in one are no
/// copies of each other.
const MOMENTS: usize = 6;

const fn kind(
    reason: &'static str,
    said: fn(&str) -> Option<String>,
    elsewhere: Elsewhere,
) -> Kind {
    Kind { reason, said, elsewhere }
}

/// The values of a slice, in the order of [`KINDS`]; `None` where the file does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Phase([Option<String>; KINDS.len()]);

impl Phase {
    pub fn value(&self, kind: usize) -> Option<&str> {
        self.0.get(kind)?.as_deref()
    }

    /// When it was measured, as digits.
    pub fn time(&self) -> Option<&str> {
        self.value(KINDS.iter().position(|kind| kind.reason == TIME)?)
    }

    /// Its acquisition's number.
    pub fn acquisition(&self) -> Option<&str> {
        self.value(KINDS.iter().position(|kind| kind.reason == "acquisition")?)
    }

    /// Whether both are of the same moment.
    pub fn same_moment(&self, other: &Self) -> bool {
        self.0.get(..MOMENTS) == other.0.get(..MOMENTS)
    }

    pub(super) fn read(groups: &Groups<'_, '_>) -> Self {
        let content = groups.find(tags::FRAME_CONTENT_SEQUENCE);
        let heart = groups.find(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE);
        let moment = groups.find(tags::TEMPORAL_POSITION_SEQUENCE);
        let set = groups.set;
        let decimal =
            |group: &Group<'_, '_>, tag| group.decimal(tag).map(|number| number.to_string());
        let binary = |tag| content.unsigned(tag).map(|number: u32| number.to_string());
        let text = |tag: Tag| header::text(set, tag);
        let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let day = set.text(tags::ACQUISITION_DATE).unwrap_or_default();
        let time = content.text(tags::FRAME_ACQUISITION_DATE_TIME);
        let time = time.or_else(|| set.text(tags::ACQUISITION_DATE_TIME));
        let time = time.or_else(|| Some(day + &set.text(tags::ACQUISITION_TIME)?));
        Self([
            binary(tags::TEMPORAL_POSITION_INDEX)
                .or_else(|| decimal(&moment, tags::TEMPORAL_POSITION_TIME_OFFSET))
                .or_else(|| decimal(&content, tags::TEMPORAL_POSITION_IDENTIFIER)),
            decimal(&heart, tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE),
            decimal(&heart, tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME)
                .or_else(|| decimal(&heart, tags::TRIGGER_TIME)),
            binary(tags::FRAME_ACQUISITION_NUMBER)
                .or_else(|| decimal(&content, tags::ACQUISITION_NUMBER)),
            content.text(tags::STACK_ID),
            text(tags::ECHO_NUMBERS),
            groups.find(tags::CT_X_RAY_DETAILS_SEQUENCE).text(tags::KVP),
            text(tags::CONTRAST_BOLUS_AGENT),
            groups.find(tags::PIXEL_MEASURES_SEQUENCE).text(tags::SLICE_THICKNESS),
            text(tags::PROTOCOL_NAME),
            text(tags::SERIES_DESCRIPTION),
            text(tags::SERIES_NUMBER),
            text(tags::PATIENT_NAME).map(spelled),
            time.map(digits),
            text(tags::PATIENT_BIRTH_DATE),
            text(tags::PATIENT_POSITION),
            text(tags::CONTENT_TIME).map(digits),
        ])
    }
}

/// A name however it is spelled: capitals, spaces and marks say nothing.
fn spelled(name: String) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}
