//! Tells a visit in prose, the way clinicians do, and lists what it said: the gold.
//!
//! Drugs, results, procedures and diagnoses come from the record; the words around them are picked
//! by the patient's own stream of randomness and by habits that stay with each clinician.
//!
//! Always true:
//! - a note states only facts dated up to its [`Note::time`];
//! - numbers equal the observations recorded, to the last decimal;
//! - nothing is denied that the patient has, and nothing said twice in two ways that disagree;
//! - the same seed gives the same text, whatever the threads.

mod drugs;
mod facts;
mod findings;
mod labs;
mod reports;
mod scribe;
mod sections;
mod stays;
mod style;
mod topics;
mod visits;
mod writer;

#[cfg(test)]
mod tests;

use crate::beds::Leg;
use crate::person::Person;
use crate::random::Random;
use crate::record::{Class, EncounterIndex};
use crate::simulate::Simulation;
use crate::time::{DAY, HOUR, MINUTE, Time};
use facts::Facts;
use reports::Specimen;
use scribe::Scribe;
use std::fmt::Write as _;

/// Notes of the days within a stay, at most.
const DAYS_MAX: i64 = 8;
/// Pathology reports of one encounter, at most.
const SPECIMENS_MAX: usize = 2;
/// Radiology reports of one encounter, at most.
const STUDIES_MAX: usize = 6;

/// The kinds of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// LOINC 11506-3.
    Progress,
    /// LOINC 34111-5.
    Emergency,
    /// LOINC 34117-2.
    HistoryAndPhysical,
    /// LOINC 18842-5.
    DischargeSummary,
    /// LOINC 18748-4.
    Radiology,
    /// LOINC 11502-2 / 11526-1.
    Pathology,
}

/// One note.
#[derive(Clone, Debug)]
pub struct Note {
    /// What kind.
    pub kind: NoteKind,
    /// When it was written.
    pub time: crate::Time,
    /// The imaging study it reports (radiology), in the record.
    pub imaging: Option<u32>,
    /// Plain text.
    pub text: String,
    /// What it says, in order of begin.
    pub gold: Vec<Gold>,
}

/// One entity of a note.
#[derive(Clone, Debug, PartialEq)]
pub struct Gold {
    /// First character (Unicode scalar values, as Comprehend Medical counts).
    pub begin: u32,
    /// After the last character.
    pub end: u32,
    /// Comprehend Medical's category, such as `MEDICAL_CONDITION`.
    pub category: &'static str,
    /// Comprehend Medical's type, such as `DX_NAME`.
    pub kind: &'static str,
    /// Traits: `NEGATION`, `DIAGNOSIS`, `SIGN`, `SYMPTOM`, `PERTAINS_TO_FAMILY`, `HYPOTHETICAL`,
    /// `PAST_HISTORY`, `LOW_CONFIDENCE`, `FUTURE`.
    pub traits: Vec<&'static str>,
    /// System URI and code, best first.
    pub codes: Vec<(String, String)>,
    /// For attributes (dosage, value): the place in `Note::gold` of what they belong to.
    pub of: Option<u32>,
}

/// The notes of one encounter, in order of time. None for encounters nobody writes about.
///
/// `legs` tell where the patient lay; without them the wards the modules asked for are told.
pub fn write(
    simulation: &Simulation,
    person: &Person,
    encounter: EncounterIndex,
    legs: &[Leg],
) -> Vec<Note> {
    let Some(visit) = person.record.encounters.get(encounter as usize) else { return Vec::new() };
    // The last moment anything can be written: the visit's end, death, or the end of the plan.
    let end = simulation.plan.end.plus(-1);
    let alive = person.death.map_or(end, |death| death.time.min(end));
    if visit.start > alive {
        return Vec::new();
    }
    let last = visit.stop.unwrap_or(alive).min(alive);
    let finished = visit.stop.is_some_and(|stop| stop <= end)
        || person.death.is_some_and(|death| death.time <= end && visit.stop.is_none());
    let mut random =
        Random::new(simulation.plan.seed, person.index, &format!("notes: {encounter}"));
    let mut notes = Vec::new();
    let mut note = |kind: NoteKind,
                    at: Time,
                    imaging: Option<u32>,
                    number: u32,
                    fill: &dyn Fn(&mut Scribe<'_>)| {
        let facts = Facts::at(simulation, person, encounter, at);
        let purpose = format!("notes: {encounter} {kind:?} {number}");
        let mut scribe = Scribe::new(simulation, person, facts, visit.practitioner, &purpose);
        fill(&mut scribe);
        notes.push(scribe.text.finish(kind, at, imaging));
    };
    match visit.class {
        Class::Emergency => {
            note(NoteKind::Emergency, last, None, 0, &|scribe| scribe.emergency(last));
        }
        Class::Inpatient => {
            let at = visit.start.plus(random.whole(45, 200) * MINUTE).min(last);
            note(NoteKind::HistoryAndPhysical, at, None, 0, &|scribe| scribe.admission(at, legs));
            let step = random.whole(2, 3);
            for number in 1..=DAYS_MAX {
                let morning = visit
                    .start
                    .midnight()
                    .plus(number * step * DAY + 8 * HOUR + random.whole(0, 150) * MINUTE);
                if morning.plus(18 * HOUR) > last {
                    break;
                }
                note(NoteKind::Progress, morning, None, number as u32, &|scribe| {
                    scribe.day(morning, legs)
                });
            }
            if finished {
                note(NoteKind::DischargeSummary, last, None, 0, &|scribe| {
                    scribe.discharge(last, legs)
                });
            }
        }
        _ => {
            // Long stays elsewhere are told once, near their beginning.
            let at = if last.since(visit.start) > DAY { visit.start.plus(3 * HOUR) } else { last };
            let at =
                if visit.stop.is_none() { visit.start.plus(30 * MINUTE).min(last) } else { at };
            note(NoteKind::Progress, at, None, 0, &|scribe| scribe.progress(at));
        }
    }
    let record = &person.record;
    let first = record.imaging.partition_point(|study| study.time < visit.start);
    let studies = record.imaging[first..]
        .iter()
        .enumerate()
        .take_while(|(_, study)| study.time <= last)
        .filter(|(_, study)| study.encounter == encounter)
        .take(STUDIES_MAX);
    for (place, study) in studies {
        let minutes = random.whole(15, 90);
        let known = Facts::at(simulation, person, encounter, last);
        let at = reports::radiology_time(&known, study, last, minutes);
        let place = (first + place) as u32;
        note(NoteKind::Radiology, at, Some(place), place, &|scribe| scribe.radiology(study, at));
    }
    let first = record.procedures.partition_point(|done| done.start < visit.start);
    let mut seen: Vec<Specimen> = Vec::new();
    for procedure in &record.procedures[first..] {
        if procedure.start > last || seen.len() == SPECIMENS_MAX {
            break;
        }
        let display = &simulation.vocabulary.first(procedure.codes).display;
        if procedure.encounter != encounter || procedure.stop > last {
            continue;
        }
        let Some(specimen) = Specimen::of(display).filter(|s| !seen.contains(s)) else { continue };
        let at = procedure.stop.plus(random.whole(1, 3) * DAY + random.whole(0, 8) * HOUR);
        if at > alive {
            continue;
        }
        let number = seen.len() as u32;
        seen.push(specimen);
        note(NoteKind::Pathology, at, None, number, &|scribe| {
            scribe.pathology(procedure, specimen, at)
        });
    }
    notes.sort_by_key(|note| note.time);
    notes
}

impl NoteKind {
    /// How gold files name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Emergency => "emergency",
            Self::HistoryAndPhysical => "history-and-physical",
            Self::DischargeSummary => "discharge-summary",
            Self::Radiology => "radiology",
            Self::Pathology => "pathology",
        }
    }
}

/// One line of a gold file, without its end: the note's text and everything it says, in the shape
/// of Comprehend Medical's answers. `document_id` names the DocumentReference.
pub fn gold_line(note: &Note, document_id: &str) -> String {
    let mut out = String::with_capacity(note.text.len() * 4);
    out.push_str("{\"document\":");
    json_text(&mut out, document_id);
    // Writing into a String cannot fail, here and below.
    let _ = write!(out, ",\"kind\":\"{}\",\"time\":\"{}\",\"text\":", note.kind.name(), note.time);
    json_text(&mut out, &note.text);
    out.push_str(",\"entities\":[");
    // Entities come in order of begin, so one walk finds all bytes.
    let (mut char_at, mut byte_at) = (0u32, 0usize);
    let mut seek = |to: u32| {
        let text = &note.text[byte_at..];
        let step = (to - char_at) as usize;
        byte_at += text.char_indices().nth(step).map_or(text.len(), |(byte, _)| byte);
        char_at = to;
        byte_at
    };
    for (place, gold) in note.gold.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        let begin = seek(gold.begin);
        let end = seek(gold.end);
        let _ =
            write!(out, "{{\"BeginOffset\":{},\"EndOffset\":{},\"Text\":", gold.begin, gold.end);
        json_text(&mut out, &note.text[begin..end]);
        let _ = write!(
            out,
            ",\"Category\":\"{}\",\"Type\":\"{}\",\"Traits\":[",
            gold.category, gold.kind
        );
        for (place, name) in gold.traits.iter().enumerate() {
            let _ = write!(out, "{}\"{name}\"", if place > 0 { "," } else { "" });
        }
        out.push_str("],\"Codes\":[");
        for (place, (system, code)) in gold.codes.iter().enumerate() {
            out.push_str(if place > 0 { ",{\"system\":" } else { "{\"system\":" });
            json_text(&mut out, system);
            out.push_str(",\"code\":");
            json_text(&mut out, code);
            out.push('}');
        }
        out.push(']');
        if let Some(of) = gold.of {
            let _ = write!(out, ",\"Of\":{of}");
        }
        out.push('}');
    }
    out.push_str("]}");
    out
}

/// A JSON string.
fn json_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if (control as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
