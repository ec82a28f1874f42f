//! How a clinician writes: habits that stay with them from note to note.

use crate::random::Random;

/// How headers look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// `CHIEF COMPLAINT:`
    Upper,
    /// `Chief Complaint:`
    Title,
    /// `CC:`
    Short,
    /// `** Chief Complaint **`
    Starred,
    /// `Chief complaint`, underlined by the empty line above.
    Plain,
}

/// How dates look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// `03/07/2025`
    Padded,
    /// `3/7/25`
    Brief,
    /// `7 Mar 2025`
    Named,
    /// `March 7, 2025`
    Long,
    /// `2025-03-07`
    Iso,
}

/// How lists look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bullets {
    /// `- a`
    Dash,
    /// `1. a`
    Numbers,
    /// `1) a`
    Brackets,
    /// `• a`
    Dots,
    /// `a; b; c`
    Prose,
}

/// A clinician's habits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub header: Header,
    pub date: DateStyle,
    pub bullets: Bullets,
    /// Sections stand apart by an empty line.
    pub airy: bool,
    /// Headers stand on lines of their own, also for short sections.
    pub own_line: bool,
    /// How often a short form is taken, 0 to 1.
    pub short: f64,
    /// Fragments instead of sentences.
    pub terse: bool,
    /// Sentences begin with capitals.
    pub capitals: bool,
    /// ROS by system instead of one line.
    pub ros_by_system: bool,
    /// Exam in one paragraph instead of a line per system.
    pub exam_block: bool,
    /// `500mg` instead of `500 mg`.
    pub tight_units: bool,
    /// Brand names beside generic ones now and then.
    pub brands: bool,
    /// Form of vital signs.
    pub vitals: u8,
    /// Form of the signature.
    pub signature: u8,
    /// Form of "x 3 days".
    pub cross: &'static str,
    /// Plan by problem.
    pub by_problem: bool,
}

impl Style {
    /// The habits of a practitioner.
    pub(super) fn of(seed: u64, practitioner: u32) -> Self {
        let mut random = Random::new(seed, u64::from(practitioner), "notes: style");
        let terse = random.chance(0.45);
        Self {
            header: *random.pick(&[
                Header::Upper,
                Header::Upper,
                Header::Title,
                Header::Title,
                Header::Short,
                Header::Short,
                Header::Starred,
                Header::Plain,
            ]),
            date: *random.pick(&[
                DateStyle::Padded,
                DateStyle::Padded,
                DateStyle::Brief,
                DateStyle::Named,
                DateStyle::Long,
                DateStyle::Iso,
            ]),
            bullets: *random.pick(&[
                Bullets::Dash,
                Bullets::Dash,
                Bullets::Numbers,
                Bullets::Brackets,
                Bullets::Dots,
                Bullets::Prose,
                Bullets::Prose,
            ]),
            airy: random.chance(0.6),
            own_line: random.chance(0.4),
            short: if terse { random.between(0.6, 0.95) } else { random.between(0.1, 0.6) },
            terse,
            capitals: !(terse && random.chance(0.35)),
            ros_by_system: random.chance(0.45),
            exam_block: random.chance(0.25),
            tight_units: random.chance(0.3),
            brands: random.chance(0.25),
            vitals: random.whole(0, 5) as u8,
            signature: random.whole(0, 4) as u8,
            cross: *random.pick(&["x ", "x", "× ", "for "]),
            by_problem: random.chance(0.6),
        }
    }
}
