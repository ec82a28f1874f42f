//! ASQ-PHI: clinical queries with tagged identifiers, and queries without any.
//!
//! Measured: of the tagged strings, those a finding overlaps (recall); of the findings, those that
//! overlap a tagged string (precision); and the share of identifier-free queries in which anything
//! is flagged. Ages below 90 are no identifiers under HIPAA and are not counted as flags; with
//! them counted too the share is `free_flagged_with_ages`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use nlp::entity::EntityType;
use nlp::{Analysis, Entity, Span, phi};

use super::report::{Counts, Failure, Report, text_of};

/// Reads the queries of `files` and scores them.
pub fn run(files: &[PathBuf]) -> Result<Report, Failure> {
    let mut report = Report { corpus: "asq-phi", ..Report::default() };
    let mut parts: BTreeMap<String, Counts> = BTreeMap::new();
    let (mut free, mut flagged, mut flagged_ages) = (0_usize, 0_usize, 0_usize);
    let show = std::env::var("SHOW").unwrap_or_default();
    for file in files {
        for block in text_of(file)?.split("===QUERY===").skip(1) {
            let (query, tags) = block.split_once("===PHI_TAGS===").unwrap_or((block, ""));
            let query = query.trim();
            let mut tagged: Vec<(String, Span, String)> = Vec::new();
            let mut from: BTreeMap<String, usize> = BTreeMap::new();
            for line in tags.lines().filter(|line| line.starts_with('{')) {
                let tag: serde_json::Value = serde_json::from_str(line)?;
                let kind = tag["identifier_type"].as_str().unwrap_or_default().to_owned();
                let value = tag["value"].as_str().unwrap_or_default().to_owned();
                // The same string twice means its next occurrence.
                let searched = from.entry(value.clone()).or_default();
                let Some(start) = query[*searched..].find(&value).map(|at| at + *searched) else {
                    continue;
                };
                *searched = start + value.len();
                let span = Span { start: start as u32, end: (start + value.len()) as u32 };
                tagged.push((kind, span, value));
            }
            report.bytes += query.len();
            let start = Instant::now();
            let found = phi::find(&Analysis::of(query), None);
            report.seconds += start.elapsed().as_secs_f64();
            let flags: Vec<&Entity> =
                found.iter().filter(|entity| !is_plain_age(query, entity)).collect();
            if tagged.is_empty() {
                free += 1;
                flagged += usize::from(!flags.is_empty());
                flagged_ages += usize::from(!found.is_empty());
                if show.contains("free") && !flags.is_empty() {
                    let words: Vec<&str> = flags.iter().map(|flag| flag.span.of(query)).collect();
                    eprintln!("free {words:?}: {query}");
                }
                continue;
            }
            for (kind, span, value) in &tagged {
                let hit = flags.iter().any(|flag| flag.span.overlaps(span));
                parts.entry(kind.to_lowercase()).or_default().note(hit, true);
                report.total.note(hit, true);
                if show.contains("missed") && !hit {
                    eprintln!("missed {kind} {value}: {query}");
                }
            }
            for flag in flags {
                if !tagged.iter().any(|(_, span, _)| span.overlaps(&flag.span)) {
                    report.total.note(true, false);
                    if show.contains("wrong") {
                        eprintln!("wrong {:?} {}: {query}", flag.entity_type, flag.span.of(query));
                    }
                }
            }
        }
    }
    for (kind, counts) in parts {
        report.part(&kind, counts);
    }
    let share = |count: usize| if free == 0 { 0.0 } else { count as f64 / free as f64 };
    report.number("free_queries", free as f64);
    report.number("free_flagged", share(flagged));
    report.number("free_flagged_with_ages", share(flagged_ages));
    Ok(report)
}

/// An age below 90.
fn is_plain_age(query: &str, entity: &Entity) -> bool {
    let digits: String = entity.span.of(query).chars().take_while(char::is_ascii_digit).collect();
    entity.entity_type == EntityType::Age && digits.parse::<u32>().is_ok_and(|age| age < 90)
}
