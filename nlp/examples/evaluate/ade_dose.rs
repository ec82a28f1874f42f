//! The ADE corpus's drug and dose pairs.
//!
//! Measured, given the drugs of a sentence: the doses attached to each, a pair being right when
//! the dose overlaps the annotated one (the total; `exact` asks for the same span). `dose_spans`
//! asks only for the doses, without the drugs: what is left for the drug recogniser to find.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use nlp::attribute;
use nlp::entity::{Category, EntityType};
use nlp::{Analysis, Entity, Span};

use super::report::{Counts, Failure, Report, text_of};

/// Reads the pairs of `files` and scores them.
pub fn run(files: &[PathBuf]) -> Result<Report, Failure> {
    let mut report = Report { corpus: "ade-dose", ..Report::default() };
    let [mut exact, mut spans] = [Counts::default(); 2];
    let show = std::env::var("SHOW").is_ok();
    for file in files {
        let text = text_of(file)?;
        let mut sentences: BTreeMap<&str, Vec<(Span, Span)>> = BTreeMap::new();
        for row in text.lines() {
            let columns: Vec<&str> = row.split('|').collect();
            let [_, sentence, dose, dose_at, _, drug, drug_at, _] = columns[..] else { continue };
            let apart = dose_at.parse::<i64>()? - drug_at.parse::<i64>()?;
            if let Some(pair) = pair_of(sentence, dose, drug, apart) {
                let pairs = sentences.entry(sentence).or_default();
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
        }
        for (sentence, pairs) in sentences {
            let mut drugs: Vec<Span> = pairs.iter().map(|(_, drug)| *drug).collect();
            drugs.sort_unstable();
            drugs.dedup();
            let mut mentions: Vec<Entity> = drugs.iter().map(|span| mention(*span)).collect();
            report.bytes += sentence.len();
            let start = Instant::now();
            let analysis = Analysis::of(sentence);
            let raw = attribute::find(&analysis);
            attribute::attach(&analysis, &raw, &mut mentions);
            report.seconds += start.elapsed().as_secs_f64();
            let mut found: Vec<(Span, Span)> = Vec::new();
            for mention in &mentions {
                for a in mention.attributes.iter().filter(|a| is_dose(a.entity_type)) {
                    found.push((a.span, mention.span));
                }
            }
            let loose = |a: &(Span, Span), b: &(Span, Span)| a.1 == b.1 && a.0.overlaps(&b.0);
            count(&mut report.total, &found, &pairs, loose);
            count(&mut exact, &found, &pairs, |a, b| a == b);
            let doses: Vec<(Span, Span)> = raw
                .iter()
                .filter(|raw| is_dose(raw.entity_type) && raw.score >= 0.5)
                .map(|raw| (raw.span, raw.span))
                .collect();
            count(&mut spans, &doses, &pairs, |a, b| a.0.overlaps(&b.0));
            let agree = |a: &[(Span, Span)], b: &[(Span, Span)]| {
                a.iter().all(|a| b.iter().any(|b| loose(a, b)))
            };
            if show && !(agree(&found, &pairs) && agree(&pairs, &found)) {
                let words = |pairs: &[(Span, Span)]| -> Vec<String> {
                    pairs
                        .iter()
                        .map(|(dose, drug)| format!("{} {}", drug.of(sentence), dose.of(sentence)))
                        .collect()
                };
                eprintln!("expected {:?} found {:?}: {sentence}", words(&pairs), words(&found));
            }
        }
    }
    report.part("exact", exact);
    report.part("dose_spans", spans);
    Ok(report)
}

fn is_dose(entity_type: EntityType) -> bool {
    matches!(entity_type, EntityType::Dosage | EntityType::Strength)
}

fn count(
    counts: &mut Counts,
    found: &[(Span, Span)],
    expected: &[(Span, Span)],
    same: impl Fn(&(Span, Span), &(Span, Span)) -> bool,
) {
    for pair in expected {
        counts.note(found.iter().any(|other| same(other, pair)), true);
    }
    for pair in found {
        if !expected.iter().any(|other| same(pair, other)) {
            counts.note(true, false);
        }
    }
}

/// Where a dose and its drug stand in their sentence; the corpus gives only how far apart.
fn pair_of(sentence: &str, dose: &str, drug: &str, apart: i64) -> Option<(Span, Span)> {
    let span =
        |start: usize, text: &str| Span { start: start as u32, end: (start + text.len()) as u32 };
    let mut best: Option<(i64, Span, Span)> = None;
    for (dose_at, _) in sentence.match_indices(dose) {
        for (drug_at, _) in sentence.match_indices(drug) {
            let off = (dose_at as i64 - drug_at as i64 - apart).abs();
            if best.as_ref().is_none_or(|(least, ..)| off < *least) {
                best = Some((off, span(dose_at, dose), span(drug_at, drug)));
            }
        }
    }
    best.map(|(_, dose, drug)| (dose, drug))
}

fn mention(span: Span) -> Entity {
    Entity {
        id: 0,
        span,
        category: Category::Medication,
        entity_type: EntityType::GenericName,
        score: 1.0,
        traits: Vec::new(),
        attributes: Vec::new(),
        concepts: Vec::new(),
        section: 0,
    }
}
