//! Counting right and wrong mentions: same stretch and same type, all documents together.

use std::collections::HashMap;

use nlp::tagger::{Mention, Scheme};

use crate::corpora::Document;

/// Right, found and wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Found and wanted.
    pub right: usize,
    /// Found.
    pub found: usize,
    /// Wanted.
    pub wanted: usize,
}

impl Count {
    /// Share of what was found that is right.
    pub fn precision(&self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    /// Share of what was wanted that was found.
    pub fn recall(&self) -> f64 {
        self.right as f64 / self.wanted.max(1) as f64
    }

    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.wanted).max(1) as f64
    }
}

/// Counts by type.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Names of types.
    pub types: &'static [&'static str],
    /// One for each type.
    pub counts: Vec<Count>,
    /// Scores of what was found, and whether it is right.
    pub scores: Vec<(f32, bool)>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(types: &'static [&'static str]) -> Self {
        Self { types, counts: vec![Count::default(); types.len()], scores: Vec::new() }
    }

    /// Counts a document.
    pub fn add(&mut self, scheme: Scheme, document: &Document, found: &[Mention]) {
        let mut gold = HashMap::new();
        for (span, kind) in &document.mentions {
            self.counts[*kind].wanted += 1;
            gold.insert((*span, *kind), ());
        }
        for mention in found {
            let Some(kind) = scheme.types().iter().position(|name| *name == mention.label) else {
                continue;
            };
            let right = gold.remove(&(mention.span, kind)).is_some();
            self.counts[kind].found += 1;
            self.counts[kind].right += usize::from(right);
            self.scores.push((mention.score, right));
        }
    }

    /// All types together.
    pub fn total(&self) -> Count {
        self.counts.iter().fold(Count::default(), |sum, one| Count {
            right: sum.right + one.right,
            found: sum.found + one.found,
            wanted: sum.wanted + one.wanted,
        })
    }
}
