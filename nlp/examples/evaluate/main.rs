//! Says how good the crate is on annotated corpora, with the models it carries.
//!
//! ```text
//! cargo run --release -p nlp --example evaluate -- CORPUS FILE... [--json]
//! ```
//!
//! CORPUS is one of `bc5cdr`, `ncbi`, `maccrobat`, `chia`, `anatem`: a mention is right if it covers
//! exactly the same text and has the same type, and all documents count together (conventions in
//! `corpora.rs`); or `negex`, `asq-phi`, `ade-dose`, `mts-dialog`, each by the rule in its file; or
//! `speed`, which times the whole pipeline on the text of any files.

mod ade_dose;
mod asq_phi;
mod corpora;
#[allow(dead_code)]
mod measure;
mod mts_dialog;
mod negex;
mod report;
mod speed;

use std::time::Instant;

use corpora::{Failure, analyse};
use measure::Tally;
use nlp::models::Models;
use nlp::tagger::Scheme;
use serde_json::json;

/// What one corpus says.
pub struct Outcome {
    /// Right among found.
    pub precision: f64,
    /// Found among wanted.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// More numbers, by type.
    pub by_type: serde_json::Value,
    /// Time spent on finding.
    pub seconds: f64,
    /// Bytes of text.
    pub bytes: usize,
}

fn main() -> Result<(), Failure> {
    let mut files = Vec::new();
    let mut as_json = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => as_json = true,
            _ => files.push(argument),
        }
    }
    if files.len() < 2 {
        return Err("usage: evaluate CORPUS FILE... [--json]".into());
    }
    let corpus = files.remove(0);
    let paths: Vec<std::path::PathBuf> = files.iter().map(Into::into).collect();
    let by_rules = match corpus.as_str() {
        "ade-dose" => Some(ade_dose::run(&paths)?),
        "asq-phi" => Some(asq_phi::run(&paths)?),
        "mts-dialog" => Some(mts_dialog::run(&paths)?),
        "negex" => Some(negex::run(&paths)?),
        "speed" => Some(speed::run(&paths)?),
        _ => None,
    };
    if let Some(report) = by_rules {
        if as_json {
            println!("{}", report.json());
        } else {
            println!("{:#}", report.json());
        }
        return Ok(());
    }
    let outcome = match corpus.as_str() {
        "anatem" => tagged(Scheme::Anatem, &files)?,
        "bc5cdr" => tagged(Scheme::Bc5cdr, &files)?,
        "chia" => tagged(Scheme::Chia, &files)?,
        "maccrobat" => tagged(Scheme::Maccrobat, &files)?,
        "ncbi" => tagged(Scheme::Ncbi, &files)?,
        other => return Err(format!("unknown corpus `{other}`").into()),
    };
    let Outcome { precision, recall, f1, by_type, seconds, bytes } = outcome;
    let result = json!({
        "corpus": corpus, "precision": precision, "recall": recall, "f1": f1,
        "by_type": by_type, "seconds": seconds, "bytes": bytes,
    });
    if as_json {
        println!("{result}");
    } else {
        println!("{corpus}: precision {precision:.4}, recall {recall:.4}, F1 {f1:.4}");
        println!("{by_type:#}");
        println!("{bytes} bytes in {seconds:.3} s: {:.2} MB/s", bytes as f64 / seconds / 1e6);
    }
    Ok(())
}

/// Judges the taggers under one scheme.
fn tagged(scheme: Scheme, files: &[String]) -> Result<Outcome, Failure> {
    let documents = corpora::read(scheme, files)?;
    if documents.is_empty() {
        return Err("no documents in these files".into());
    }
    let models = Models::embedded();
    let mut tally = Tally::new(scheme.types());
    let bytes = documents.iter().map(|document| document.text.len()).sum();
    let started = Instant::now();
    let found: Vec<_> = documents
        .iter()
        .map(|document| models.tag(&analyse(&document.text)).mentions(scheme).to_vec())
        .collect();
    let seconds = started.elapsed().as_secs_f64();
    for (document, found) in documents.iter().zip(&found) {
        tally.add(scheme, document, found);
    }
    let by_type: serde_json::Map<_, _> = tally
        .types
        .iter()
        .zip(&tally.counts)
        .map(|(name, count)| {
            let value = json!({
                "precision": count.precision(), "recall": count.recall(), "f1": count.f1(),
                "right": count.right, "found": count.found, "wanted": count.wanted,
            });
            ((*name).to_owned(), value)
        })
        .collect();
    let total = tally.total();
    Ok(Outcome {
        precision: total.precision(),
        recall: total.recall(),
        f1: total.f1(),
        by_type: by_type.into(),
        seconds,
        bytes,
    })
}
