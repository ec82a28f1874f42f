//! Notes as DocumentReference, and their gold beside them, never inside.

use super::id::{Id, Kind};
use super::{Lines, Subject, period, tables, term, terms};
use crate::beds::BedBook;
use crate::notes::{self, Note, NoteKind, gold_line};
use crate::record::EncounterIndex;
use crate::time::Time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A note that was written, as others refer to it.
pub(super) struct Written {
    pub id: Id,
    pub time: Time,
    /// The study it reports.
    pub imaging: Option<u32>,
    /// What a radiologist concludes.
    pub conclusion: Option<String>,
}

/// Writes the notes of the dense history.
pub(super) fn write(subject: &Subject<'_>, beds: &BedBook, out: &mut Lines) -> Vec<Written> {
    let simulation = subject.writer.simulation;
    let mut written = Vec::new();
    if !simulation.plan.notes {
        return written;
    }
    for (at, encounter) in (0u32..).zip(&subject.record.encounters) {
        if !subject.kept.encounter(at) || encounter.start < subject.kept.dense_start {
            continue;
        }
        let legs = beds.legs(subject.person.index, at);
        let notes = notes::write(simulation, subject.person, at, legs);
        for (place, note) in (0u64..).zip(&notes) {
            if note.time <= subject.limit {
                let id = subject.id(Kind::DocumentReference, u64::from(at) << 16 | place);
                document(subject, at, &id, note, out);
                if subject.writer.gold {
                    let document = format!("DocumentReference/{}", id.as_str());
                    out.gold.extend_from_slice(gold_line(note, &document).as_bytes());
                    out.gold.push(b'\n');
                }
                written.push(Written {
                    id,
                    time: note.time,
                    imaging: note.imaging,
                    conclusion: note.imaging.and_then(|_| conclusion(&note.text)),
                });
            }
        }
    }
    written
}

/// LOINC code and title.
fn kind(kind: NoteKind) -> (&'static str, &'static str) {
    match kind {
        NoteKind::Progress => ("11506-3", "Progress note"),
        NoteKind::Emergency => ("34111-5", "Emergency department note"),
        NoteKind::HistoryAndPhysical => ("34117-2", "History and physical note"),
        NoteKind::DischargeSummary => ("18842-5", "Discharge summary"),
        NoteKind::Radiology => ("18748-4", "Diagnostic imaging study"),
        NoteKind::Pathology => ("11526-1", "Pathology study"),
    }
}

fn document(
    subject: &Subject<'_>,
    encounter: EncounterIndex,
    id: &Id,
    note: &Note,
    out: &mut Lines,
) {
    let (code, title) = kind(note.kind);
    let visit = &subject.record.encounters[encounter as usize];
    let profile = "us-core-documentreference";
    out.resource(Kind::DocumentReference, id, &[profile], |object| {
        object.one("identifier", |identifier| {
            identifier.text("system", tables::DOCUMENT_SYSTEM);
            identifier.text("value", id.as_str());
        });
        object.text("status", "current");
        object.text("docStatus", "final");
        term(object, "type", tables::LOINC, code, title);
        let category = "Clinical Note";
        terms(object, "category", tables::US_CORE_NOTE_CATEGORY, "clinical-note", category);
        subject.patient(object, "subject");
        object.time("date", note.time);
        object.array("author", |authors| {
            if let Some(json) = subject.writer.practitioners.get(visit.practitioner as usize) {
                authors.raw(json);
            }
        });
        subject.organization(object, "custodian", encounter);
        object.text("description", title);
        object.one("content", |content| {
            content.object("attachment", |attachment| {
                attachment.text("contentType", "text/plain");
                attachment.text("language", "en-US");
                attachment.plain("data", |out| {
                    let start = out.len();
                    let text = note.text.as_bytes();
                    out.resize(start + text.len().div_ceil(3) * 4, 0);
                    let wrote = STANDARD.encode_slice(text, &mut out[start..]);
                    out.truncate(start + wrote.expect("four bytes for three were made room for"));
                });
                attachment.text("title", title);
                attachment.time("creation", note.time);
            });
            content.object("format", |format| {
                format.text("system", "http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem");
                format.text("code", "urn:ihe:iti:xds:2017:mimeTypeSufficient");
                format.text("display", "mimeType Sufficient");
            });
        });
        object.object("context", |context| {
            context.array("encounter", |encounters| {
                let id = subject.id(Kind::Encounter, encounter);
                encounters.object(|reference| reference.target(Kind::Encounter, &id));
            });
            period(context, "period", visit.start, subject.encounter_stop(visit));
            let study = note.imaging.filter(|study| {
                subject.kept.imaging.get(*study as usize).copied().unwrap_or(false)
            });
            if let Some(study) = study {
                context.array("related", |related| {
                    let id = subject.id(Kind::ImagingStudy, study);
                    related.object(|reference| reference.target(Kind::ImagingStudy, &id));
                });
            }
        });
    });
}

/// The words below the heading `IMPRESSION`, up to the next heading.
fn conclusion(text: &str) -> Option<String> {
    let at = text.find("IMPRESSION").or_else(|| text.find("Impression"))?;
    let below = text[at + "IMPRESSION".len()..].trim_start_matches(':').trim_start();
    let end = below.match_indices("\n\n").map(|(end, _)| end).next().unwrap_or(below.len());
    let found = below[..end].trim();
    (!found.is_empty()).then(|| found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conclusion_is_what_the_impression_says() {
        let text = "FINDINGS: clear.\n\nIMPRESSION:\nNo acute disease.\n\nSigned: Dr. X";
        assert_eq!(conclusion(text).as_deref(), Some("No acute disease."));
        assert_eq!(conclusion("FINDINGS: clear."), None);
    }
}
