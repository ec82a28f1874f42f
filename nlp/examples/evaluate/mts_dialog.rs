//! MTS-Dialog: passages of notes, each with what it is about in twenty classes.
//!
//! Measured: the share of passages whose class is told from their text alone (the total, where
//! every passage gets one class, so precision and recall are that share), and each class.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use nlp::text::{SectionKind, classify};

use super::report::{Counts, Failure, Report, text_of};

/// Reads the passages of `files` and scores them.
pub fn run(files: &[PathBuf]) -> Result<Report, Failure> {
    let mut report = Report { corpus: "mts-dialog", ..Report::default() };
    let mut parts: BTreeMap<String, Counts> = BTreeMap::new();
    for file in files {
        for (label, text) in passages(&text_of(file)?) {
            report.bytes += text.len();
            let start = Instant::now();
            let kind = classify::classify(&text);
            report.seconds += start.elapsed().as_secs_f64();
            let found = label_of(kind);
            if found == label {
                report.total.right += 1;
                parts.entry(label).or_default().right += 1;
            } else {
                report.total.wrong += 1;
                report.total.missed += 1;
                parts.entry(label).or_default().missed += 1;
                parts.entry(found.to_owned()).or_default().wrong += 1;
            }
        }
    }
    for (label, counts) in parts {
        report.part(&label, counts);
    }
    Ok(report)
}

/// The corpus's name for a class.
pub fn label_of(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::PresentIllness => "GENHX",
        SectionKind::Family | SectionKind::Social => "FAM/SOCHX",
        SectionKind::PastMedical => "PASTMEDICALHX",
        SectionKind::ChiefComplaint => "CC",
        SectionKind::PastSurgical => "PASTSURGICAL",
        SectionKind::Allergies => "ALLERGY",
        SectionKind::ReviewOfSystems => "ROS",
        SectionKind::Medications => "MEDICATIONS",
        SectionKind::Assessment | SectionKind::AssessmentPlan => "ASSESSMENT",
        SectionKind::Exam | SectionKind::Vitals => "EXAM",
        SectionKind::Diagnosis => "DIAGNOSIS",
        SectionKind::Disposition => "DISPOSITION",
        SectionKind::Plan | SectionKind::Instructions => "PLAN",
        SectionKind::Course => "EDCOURSE",
        SectionKind::Immunizations => "IMMUNIZATIONS",
        SectionKind::Imaging => "IMAGING",
        SectionKind::Gynecological => "GYNHX",
        SectionKind::Procedures => "PROCEDURES",
        SectionKind::Labs => "LABS",
        _ => "OTHER_HISTORY",
    }
}

/// The label and the text of every row of `ID,section_header,section_text,dialogue`.
pub fn passages(table: &str) -> Vec<(String, String)> {
    let mut rows = records(table.trim_start_matches('\u{feff}'));
    if rows.is_empty() {
        return Vec::new();
    }
    let head = rows.remove(0);
    let column = |name: &str| head.iter().position(|title| title == name);
    let (Some(label), Some(text)) = (column("section_header"), column("section_text")) else {
        return Vec::new();
    };
    rows.into_iter()
        .filter_map(|row| Some((row.get(label)?.trim().to_owned(), row.get(text)?.clone())))
        .collect()
}

/// Splits comma-separated values, with quotes around fields and doubled inside them.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let field = record.last_mut().expect("a record has a field");
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => records.push(std::mem::replace(&mut record, vec![String::new()])),
            other => field.push(other),
        }
    }
    if record.len() > 1 {
        records.push(record);
    }
    records
}
