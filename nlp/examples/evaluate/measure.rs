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

    /// Mean distance between how sure mentions are and how often such mentions are right.
    pub fn calibration_error(&self) -> f64 {
        let mut bins = [(0.0f64, 0usize, 0usize); 10];
        for (score, right) in &self.scores {
            let bin = &mut bins[((score * 10.0) as usize).min(9)];
            bin.0 += f64::from(*score);
            bin.1 += usize::from(*right);
            bin.2 += 1;
        }
        bins.iter().map(|(sum, right, _)| (sum - *right as f64).abs()).sum::<f64>()
            / self.scores.len().max(1) as f64
    }
}

impl Tally {
    /// The totals in one line.
    pub fn line(&self) -> String {
        let total = self.total();
        format!(
            "P {:.4} R {:.4} F {:.4} calibration {:.3}",
            total.precision(),
            total.recall(),
            total.f1(),
            self.calibration_error()
        )
    }

    /// F1 by type in one line.
    pub fn types_line(&self) -> String {
        let each = self.types.iter().zip(&self.counts);
        each.map(|(name, count)| format!("{name} {:.3}", count.f1())).collect::<Vec<_>>().join(", ")
    }

    /// Slope and intercept from the odds of a raw score to how often it is right: a logistic fit
    /// by Newton's method.
    pub fn sureness(&self) -> [f32; 2] {
        let (mut slope, mut intercept) = (1.0f64, 0.0f64);
        for _ in 0..30 {
            let mut g = [0.0f64; 2];
            let mut h = [1e-6f64, 0.0, 1e-6];
            for (score, right) in &self.scores {
                let score = f64::from(*score).clamp(1e-4, 1.0 - 1e-4);
                let odds = (score / (1.0 - score)).ln();
                let chance = 1.0 / (1.0 + (-(slope * odds + intercept)).exp());
                let miss = f64::from(u8::from(*right)) - chance;
                let weight = chance * (1.0 - chance);
                g[0] += miss * odds;
                g[1] += miss;
                h[0] += weight * odds * odds;
                h[1] += weight * odds;
                h[2] += weight;
            }
            let determinant = h[0] * h[2] - h[1] * h[1];
            if determinant.abs() < 1e-9 {
                break;
            }
            slope += (h[2] * g[0] - h[1] * g[1]) / determinant;
            intercept += (h[0] * g[1] - h[1] * g[0]) / determinant;
        }
        [slope as f32, intercept as f32]
    }
}
