//! Training one tagger: a conditional random field by stochastic gradient descent.
//!
//! The objective is the usual one, log likelihood less a square penalty; each weight's steps shrink
//! with what it moved before (AdaGrad). One thread and a fixed order of sentences: the same data
//! give the same weights.

use std::collections::HashMap;
use std::ops::Range;

use nlp::tagger::chain::{Chain, Lattice};

/// A document ready for training: features as keys, gold labels per token.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Rows of tokens read together.
    pub rows: Vec<Range<usize>>,
    /// Keys of all tokens' features, one token after another.
    pub keys: Vec<u64>,
    /// Where each token's keys end.
    pub ends: Vec<usize>,
    /// Gold labels.
    pub gold: Vec<u8>,
}

impl Example {
    /// Keys of one token.
    pub fn keys_of(&self, token: usize) -> &[u64] {
        let start = if token == 0 { 0 } else { self.ends[token - 1] };
        &self.keys[start..self.ends[token]]
    }
}

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Passes over the data.
    pub passes: usize,
    /// Weight of the square penalty on each weight, spread over the tokens that have it.
    pub penalty: f32,
    /// Size of steps.
    pub step: f32,
    /// Slows first steps: larger is slower.
    pub damping: f32,
    /// Features seen fewer times are dropped.
    pub count_min: u32,
}

/// A trained tagger, its features by key.
#[derive(Clone, Debug)]
pub struct Field {
    /// Number of labels.
    pub labels: usize,
    /// Row of each feature in `weights`.
    pub index: HashMap<u64, u32>,
    /// A row of labels per feature.
    pub weights: Vec<f32>,
    /// A row of labels per label before, and one for the start.
    pub transitions: Vec<f32>,
}

/// Trains a tagger of `labels` labels.
pub fn train(examples: &[&Example], labels: usize, recipe: Recipe) -> Field {
    let mut counts: HashMap<u64, u32> = HashMap::new();
    for example in examples {
        for key in &example.keys {
            *counts.entry(*key).or_default() += 1;
        }
    }
    let mut kept: Vec<u64> = counts
        .iter()
        .filter(|(_, count)| **count >= recipe.count_min)
        .map(|(key, _)| *key)
        .collect();
    kept.sort_unstable();
    drop(counts);
    let index: HashMap<u64, u32> =
        kept.iter().enumerate().map(|(at, key)| (*key, at as u32)).collect();

    struct Sentence {
        features: Vec<u32>,
        ends: Vec<u32>,
        gold: Vec<u8>,
    }
    let mut sentences = Vec::new();
    for example in examples {
        for row in &example.rows {
            let mut sentence = Sentence { features: vec![], ends: vec![], gold: vec![] };
            for at in row.clone() {
                sentence.features.extend(example.keys_of(at).iter().filter_map(|k| index.get(k)));
                sentence.ends.push(sentence.features.len() as u32);
                sentence.gold.push(example.gold[at]);
            }
            sentences.push(sentence);
        }
    }

    let size = kept.len() * labels;
    let mut weights = vec![0.0f32; size + (labels + 1) * labels];
    // Squares of past slopes: what moved a lot moves less.
    let mut past = vec![recipe.damping; weights.len()];
    let penalties: Vec<f32> = {
        let mut seen = vec![0u32; kept.len()];
        for feature in sentences.iter().flat_map(|sentence| &sentence.features) {
            seen[*feature as usize] += 1;
        }
        seen.iter().map(|seen| recipe.penalty / (*seen).max(1) as f32).collect()
    };
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut lattice = Lattice::default();
    let mut gradient = vec![0.0f32; labels];
    let mut active = Vec::new();
    let mut moves = vec![0.0f32; (labels + 1) * labels];
    for pass in 0..recipe.passes {
        // Half speed in the end settles what still swings.
        let rate = if 4 * pass >= 3 * recipe.passes { recipe.step / 2.0 } else { recipe.step };
        for at in (1..order.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(at, (seed >> 33) as usize % (at + 1));
        }
        for &which in &order {
            let sentence = &sentences[which];
            let length = sentence.gold.len();
            let chain = Chain::new(labels, &weights[size..]);
            let width = chain.width();
            lattice.reset(&chain, length);
            let mut from = 0usize;
            for at in 0..length {
                let end = sentence.ends[at] as usize;
                let scores = &mut lattice.scores[at * width..][..labels];
                for feature in &sentence.features[from..end] {
                    let row = &weights[*feature as usize * labels..][..labels];
                    for (score, weight) in scores.iter_mut().zip(row) {
                        *score += weight;
                    }
                }
                from = end;
            }
            lattice.sum(&chain);
            moves.fill(0.0);
            from = 0;
            for at in 0..length {
                let end = sentence.ends[at] as usize;
                let gold = usize::from(sentence.gold[at]);
                // Most labels are out of the question at most tokens: only the others move.
                active.clear();
                for (label, slope) in gradient.iter_mut().enumerate() {
                    let wanted = f32::from(u8::from(label == gold));
                    *slope = wanted - lattice.marginal(&chain, at, label);
                    if slope.abs() > SLOPE_MIN {
                        active.push(label);
                    }
                }
                if !active.is_empty() {
                    for feature in &sentence.features[from..end] {
                        let penalty = penalties[*feature as usize];
                        let range = *feature as usize * labels..(*feature as usize + 1) * labels;
                        let weights = &mut weights[range.clone()];
                        let past = &mut past[range];
                        for &label in &active {
                            let slope = gradient[label] - penalty * weights[label];
                            past[label] += slope * slope;
                            weights[label] += rate * slope / past[label].sqrt();
                        }
                    }
                }
                if at == 0 {
                    for (label, slope) in gradient.iter().enumerate() {
                        moves[labels * labels + label] += slope;
                    }
                } else if !active.is_empty() {
                    let before = usize::from(sentence.gold[at - 1]);
                    moves[before * labels + gold] += 1.0;
                    lattice.pairs(&chain, at - 1, -1.0, &mut moves);
                }
                from = end;
            }
            let weights = weights[size..].iter_mut().zip(&mut past[size..]);
            for ((weight, past), slope) in weights.zip(&moves) {
                *past += slope * slope;
                *weight += rate * slope / past.sqrt();
            }
        }
    }
    let transitions = weights.split_off(size);
    Field { labels, index, weights, transitions }
}

/// Labels this sure teach nothing.
const SLOPE_MIN: f32 = 1e-3;

impl Field {
    /// The labels this tagger gives a document.
    pub fn labels_of(&self, example: &Example) -> Vec<u8> {
        let chain = Chain::new(self.labels, &self.transitions);
        let mut lattice = Lattice::default();
        let mut labels = vec![0; example.gold.len()];
        let mut best = Vec::new();
        for row in &example.rows {
            lattice.reset(&chain, row.len());
            for at in row.clone() {
                let scores = &mut lattice.scores[(at - row.start) * chain.width()..][..self.labels];
                for key in example.keys_of(at) {
                    if let Some(feature) = self.index.get(key) {
                        let row = &self.weights[*feature as usize * self.labels..][..self.labels];
                        for (score, weight) in scores.iter_mut().zip(row) {
                            *score += weight;
                        }
                    }
                }
            }
            lattice.best(&chain, &mut best);
            labels[row.clone()].copy_from_slice(&best);
        }
        labels
    }
}
