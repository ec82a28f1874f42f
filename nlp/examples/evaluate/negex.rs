//! The NegEx and ConText test kit: one phrase in one sentence per row, with what is said of it.
//!
//! Measured: negation over rows (the total), and historical, hypothetical and other experiencer
//! as parts. The phrase is given; the row's sentence is all there is to see.

use std::path::PathBuf;
use std::time::Instant;

use nlp::assertion::{self, CERTAIN};
use nlp::{Analysis, Span};

use super::report::{Counts, Failure, Report, text_of};

/// Reads the rows of `files` and scores them.
pub fn run(files: &[PathBuf]) -> Result<Report, Failure> {
    let mut report = Report { corpus: "negex", ..Report::default() };
    let [mut historical, mut hypothetical, mut other] = [Counts::default(); 3];
    let show = std::env::var("SHOW").unwrap_or_default();
    for file in files {
        for row in text_of(file)?.lines().skip(1) {
            let columns: Vec<&str> = row.split('\t').collect();
            let [_, phrase, sentence, negation, time, experiencer, ..] = columns[..] else {
                continue;
            };
            let Some(target) = target_of(sentence, phrase) else { continue };
            report.bytes += sentence.len();
            let start = Instant::now();
            let analysis = Analysis::of(sentence);
            let found = assertion::assess_all(&analysis, &[target])[0];
            report.seconds += start.elapsed().as_secs_f64();
            let note = |counts: &mut Counts, name: &str, score: f32, expected: bool| {
                counts.note(score >= CERTAIN, expected);
                if show.contains(name) && (score >= CERTAIN) != expected {
                    eprintln!("{name} {score} expected {expected}: {phrase} | {sentence}");
                }
            };
            note(&mut report.total, "negated", found.negated, negation == "Negated");
            note(&mut historical, "historical", found.historical, time == "Historical");
            note(&mut hypothetical, "hypothetical", found.hypothetical, time.starts_with("Not"));
            note(&mut other, "family", found.family, experiencer != "Patient");
        }
    }
    report.part("negation", report.total);
    report.part("historical", historical);
    report.part("hypothetical", hypothetical);
    report.part("experiencer", other);
    Ok(report)
}

/// Where the phrase stands: in capitals, if that singles it out.
fn target_of(sentence: &str, phrase: &str) -> Option<Span> {
    let phrase = phrase.trim();
    let capitals = phrase.to_uppercase();
    let whole = |start: &usize| {
        let inside =
            |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '\'');
        let start = *start;
        !inside(sentence[..start].chars().next_back())
            && !inside(sentence[start + capitals.len()..].chars().next())
    };
    let start = sentence
        .match_indices(&capitals)
        .map(|(start, _)| start)
        .find(whole)
        .or_else(|| sentence.find(&capitals))?;
    Some(Span { start: start as u32, end: (start + capitals.len()) as u32 })
}
