//! Training one tagger: a conditional random field by stochastic gradient descent.
//!
//! The objective is the usual one, mean log likelihood less a square penalty; steps shrink as
//! L. Bottou proposes. One thread and a fixed order of sentences: the same data give the same
//! weights.

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
    /// Weight of the penalty, relative to one sentence.
    pub penalty: f32,
    /// First step.
    pub step: f32,
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
    // The weights are `scale * weights`, so that the penalty shrinks all of them at once.
    let mut weights = vec![0.0f32; size + (labels + 1) * labels];
    let mut scale = 1.0f64;
    let lambda = f64::from(recipe.penalty) / sentences.len().max(1) as f64;
    let start = 1.0 / (lambda * f64::from(recipe.step));
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut lattice = Lattice::default();
    let mut steps = 0u64;
    let mut gradient = vec![0.0f32; labels];
    for _ in 0..recipe.passes {
        for at in (1..order.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(at, (seed >> 33) as usize % (at + 1));
        }
        for &which in &order {
            let sentence = &sentences[which];
            let length = sentence.gold.len();
            let rate = 1.0 / (lambda * (start + steps as f64));
            steps += 1;
            let transitions: Vec<f32> =
                weights[size..].iter().map(|weight| weight * scale as f32).collect();
            let chain = Chain::new(labels, &transitions);
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
                for score in scores.iter_mut() {
                    *score *= scale as f32;
                }
                from = end;
            }
            lattice.sum(&chain);
            scale *= 1.0 - rate * lambda;
            let push = (rate / scale) as f32;
            from = 0;
            for at in 0..length {
                let end = sentence.ends[at] as usize;
                let gold = usize::from(sentence.gold[at]);
                let mut moved = 0.0f32;
                for (label, slope) in gradient.iter_mut().enumerate() {
                    let wanted = f32::from(u8::from(label == gold));
                    let difference = wanted - lattice.marginal(&chain, at, label);
                    moved = moved.max(difference.abs());
                    *slope = push * difference;
                }
                if moved > 1e-4 {
                    for feature in &sentence.features[from..end] {
                        let row = &mut weights[*feature as usize * labels..][..labels];
                        for (weight, slope) in row.iter_mut().zip(&gradient) {
                            *weight += slope;
                        }
                    }
                }
                let moves = &mut weights[size..];
                if at == 0 {
                    for (label, slope) in gradient.iter().enumerate() {
                        moves[labels * labels + label] += slope;
                    }
                } else if moved > 1e-4 {
                    let before = usize::from(sentence.gold[at - 1]);
                    moves[before * labels + gold] += push;
                    lattice.pairs(&chain, at - 1, -push, moves);
                }
                from = end;
            }
            if scale < 1e-6 {
                for weight in &mut weights {
                    *weight *= scale as f32;
                }
                scale = 1.0;
            }
        }
    }
    for weight in &mut weights {
        *weight *= scale as f32;
    }
    let transitions = weights.split_off(size);
    Field { labels, index, weights, transitions }
}

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
