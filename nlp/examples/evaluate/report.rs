//! How well a corpus was read, in the words every corpus shares.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// What may go wrong while reading a corpus.
pub type Failure = Box<dyn std::error::Error>;

/// Right, wrong and missed findings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Found and expected.
    pub right: usize,
    /// Found, not expected.
    pub wrong: usize,
    /// Expected, not found.
    pub missed: usize,
}

impl Counts {
    /// Notes one decision.
    pub fn note(&mut self, found: bool, expected: bool) {
        self.right += usize::from(found && expected);
        self.wrong += usize::from(found && !expected);
        self.missed += usize::from(!found && expected);
    }

    /// Precision, recall and their harmonic mean.
    pub fn scores(&self) -> (f64, f64, f64) {
        let share = |part: usize, whole: usize| {
            if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
        };
        let precision = share(self.right, self.right + self.wrong);
        let recall = share(self.right, self.right + self.missed);
        let f1 = share(2 * self.right, 2 * self.right + self.wrong + self.missed);
        (precision, recall, f1)
    }
}

/// A corpus's scores.
#[derive(Debug, Default)]
pub struct Report {
    /// Its name.
    pub corpus: &'static str,
    /// What the corpus is judged by.
    pub total: Counts,
    /// Parts of it, and measures beside it.
    pub by_type: BTreeMap<String, serde_json::Value>,
    /// Time spent in the library.
    pub seconds: f64,
    /// Text read.
    pub bytes: usize,
}

impl Report {
    /// Adds a part.
    pub fn part(&mut self, name: &str, counts: Counts) {
        let (precision, recall, f1) = counts.scores();
        self.by_type.insert(
            name.to_owned(),
            serde_json::json!({
                "precision": rounded(precision), "recall": rounded(recall), "f1": rounded(f1),
                "right": counts.right, "wrong": counts.wrong, "missed": counts.missed,
            }),
        );
    }

    /// Adds a plain number.
    pub fn number(&mut self, name: &str, value: f64) {
        self.by_type.insert(name.to_owned(), serde_json::json!(rounded(value)));
    }

    /// As one JSON object.
    pub fn json(&self) -> serde_json::Value {
        let (precision, recall, f1) = self.total.scores();
        serde_json::json!({
            "corpus": self.corpus,
            "precision": rounded(precision), "recall": rounded(recall), "f1": rounded(f1),
            "by_type": self.by_type, "seconds": self.seconds, "bytes": self.bytes,
        })
    }
}

fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// A file's text, unpacked if its name ends in `.gz`.
pub fn text_of(file: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(file)?;
    let bytes = if file.extension().is_some_and(|extension| extension == "gz") {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked)?;
        unpacked
    } else {
        bytes
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
