//! The mathematics of a row of labels: which is best, and how sure each part of it is.
//!
//! Labels are 0 for outside, then for each type `k` a beginning `1 + 2k` and an inside `2 + 2k`. An
//! inside follows only a beginning or inside of its own type.

use std::ops::Range;

/// Weights of one label after another.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Number of labels.
    labels: usize,
    /// `labels`, rounded up so that rows fill vector registers.
    width: usize,
    /// Weight of `next` after `last`, at `last * width + next`; row `labels` is the start.
    weights: Vec<f32>,
    /// Their exponentials; zero where not allowed.
    factors: Vec<f32>,
}

/// Whether label `next` may follow `last`; `None` is the start of a row.
pub fn allowed(last: Option<usize>, next: usize) -> bool {
    let inside = next > 0 && next.is_multiple_of(2);
    !inside || last.is_some_and(|last| last == next || last + 1 == next)
}

impl Chain {
    /// A chain of `labels` labels; `weights` has a row of `labels` for each label and one for the
    /// start.
    pub fn new(labels: usize, weights: &[f32]) -> Self {
        let width = labels.next_multiple_of(8);
        let mut chain = Self {
            labels,
            width,
            weights: vec![f32::MIN; (labels + 1) * width],
            factors: vec![0.0; (labels + 1) * width],
        };
        for last in 0..=labels {
            for next in 0..labels {
                if allowed((last < labels).then_some(last), next) {
                    let weight = weights.get(last * labels + next).copied().unwrap_or(0.0);
                    chain.weights[last * width + next] = weight;
                    chain.factors[last * width + next] = weight.exp();
                }
            }
        }
        chain
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Weight of `next` after `last`; `labels` is the start. Zero where not allowed.
    pub fn weight(&self, last: usize, next: usize) -> f32 {
        let weight = self.weights[last * self.width + next];
        if weight > f32::MIN { weight } else { 0.0 }
    }

    /// Length of a row of scores.
    pub fn width(&self) -> usize {
        self.width
    }
}

/// Scores further below the best of a token than this count as this: products of such chances
/// stay within what a float can hold, even where the chain forbids the best.
const FAR: f32 = -30.0;

/// Working space for one row of tokens at a time.
#[derive(Clone, Debug, Default)]
pub struct Lattice {
    /// Scores of labels, a row of [`Chain::width`] per token; the caller fills it.
    pub scores: Vec<f32>,
    emissions: Vec<f32>,
    forward: Vec<f32>,
    backward: Vec<f32>,
    scale: Vec<f32>,
    back_scale: Vec<f32>,
    /// Sum over labels of forward times backward, for each token.
    both: Vec<f32>,
    length: usize,
}

impl Lattice {
    /// Makes room for `length` tokens, all scores zero.
    pub fn reset(&mut self, chain: &Chain, length: usize) {
        self.length = length;
        self.scores.clear();
        self.scores.resize(length * chain.width, 0.0);
    }

    /// The best row of labels.
    pub fn best(&mut self, chain: &Chain, labels: &mut Vec<u8>) {
        let (width, count) = (chain.width, chain.labels);
        labels.clear();
        labels.resize(self.length, 0);
        if self.length == 0 {
            return;
        }
        self.forward.clear();
        self.forward.resize(self.length * width, f32::MIN);
        for next in 0..count {
            self.forward[next] = self.scores[next] + chain.weights[count * width + next];
        }
        for at in 1..self.length {
            let (done, rest) = self.forward.split_at_mut(at * width);
            let (last, row) = (&done[(at - 1) * width..], &mut rest[..width]);
            for before in 0..count {
                let base = last[before];
                let weights = &chain.weights[before * width..][..width];
                for (value, weight) in row.iter_mut().zip(weights) {
                    *value = value.max(base + weight);
                }
            }
            let scores = &self.scores[at * width..][..width];
            for (value, score) in row.iter_mut().zip(scores) {
                *value = (*value + score).max(f32::MIN);
            }
        }
        // The path is traced back by asking again which step gave each value.
        let end = &self.forward[(self.length - 1) * width..];
        let mut label = largest((0..count).map(|label| end[label]));
        labels[self.length - 1] = label as u8;
        for at in (1..self.length).rev() {
            let last = &self.forward[(at - 1) * width..];
            label =
                largest((0..count).map(|before| last[before] + chain.weights[before * width + label]));
            labels[at - 1] = label as u8;
        }
    }

    /// Prepares [`Self::marginal`] and [`Self::sureness`]; returns the logarithm of the sum over
    /// all rows of labels.
    pub fn sum(&mut self, chain: &Chain) -> f32 {
        let (width, count) = (chain.width, chain.labels);
        let size = self.length * width;
        for buffer in [&mut self.emissions, &mut self.forward, &mut self.backward] {
            buffer.clear();
            buffer.resize(size, 0.0);
        }
        self.scale.clear();
        self.scale.resize(self.length, 1.0);
        self.back_scale.clear();
        self.back_scale.resize(self.length, 1.0);
        self.both.clear();
        self.both.resize(self.length, 1.0);
        let mut total = 0.0;
        for at in 0..self.length {
            let scores = &self.scores[at * width..][..count];
            let top = scores.iter().copied().fold(f32::MIN, f32::max);
            let emissions = &mut self.emissions[at * width..][..count];
            for (emission, score) in emissions.iter_mut().zip(scores) {
                *emission = (score - top).max(FAR).exp();
            }
            total += top;
        }
        for at in 0..self.length {
            let (done, rest) = self.forward.split_at_mut(at * width);
            let row = &mut rest[..width];
            if at == 0 {
                row.copy_from_slice(&chain.factors[count * width..][..width]);
            } else {
                for before in 0..count {
                    let base = done[(at - 1) * width + before];
                    let factors = &chain.factors[before * width..][..width];
                    for (value, factor) in row.iter_mut().zip(factors) {
                        *value += base * factor;
                    }
                }
            }
            let emissions = &self.emissions[at * width..][..width];
            for (value, emission) in row.iter_mut().zip(emissions) {
                *value *= emission;
            }
            let scale = row.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            for value in row.iter_mut() {
                *value /= scale;
            }
            self.scale[at] = scale;
            total += scale.ln();
        }
        let mut ahead = vec![0.0f32; width];
        for at in (0..self.length).rev() {
            if at + 1 == self.length {
                self.backward[at * width..][..count].fill(1.0);
                continue;
            }
            let (row, next) = self.backward[at * width..].split_at_mut(width);
            let emissions = &self.emissions[(at + 1) * width..][..width];
            for ((ahead, emission), next) in ahead.iter_mut().zip(emissions).zip(next.iter()) {
                *ahead = emission * next;
            }
            for (before, value) in row.iter_mut().enumerate().take(count) {
                let factors = &chain.factors[before * width..][..width];
                *value = factors.iter().zip(&ahead).map(|(factor, ahead)| factor * ahead).sum();
            }
            // Each row has a scale of its own: tied to that of the way forward it could overflow.
            let scale = row.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            for value in row.iter_mut() {
                *value /= scale;
            }
            self.back_scale[at] = scale;
        }
        for at in 0..self.length {
            let forward = &self.forward[at * width..][..width];
            let backward = &self.backward[at * width..][..width];
            let both: f32 = forward.iter().zip(backward).map(|(f, b)| f * b).sum();
            self.both[at] = both.max(f32::MIN_POSITIVE);
        }
        total
    }

    /// How likely a token has a label.
    pub fn marginal(&self, chain: &Chain, at: usize, label: usize) -> f32 {
        self.forward[at * chain.width + label] * self.backward[at * chain.width + label]
            / self.both[at]
    }

    /// Adds to `sums` (a row of `labels` for each label before) how likely token `at` and the next
    /// have each pair of labels, times `times`.
    pub fn pairs(&self, chain: &Chain, at: usize, times: f32, sums: &mut [f32]) {
        let (width, count) = (chain.width, chain.labels);
        let next = (at + 1) * width;
        let (emissions, backward) = (&self.emissions[next..], &self.backward[next..]);
        for (last, sums) in sums.chunks_exact_mut(count).take(count).enumerate() {
            let base =
                self.forward[at * width + last] * times / (self.scale[at + 1] * self.both[at + 1]);
            if base.abs() < 1e-9 {
                continue;
            }
            let factors = &chain.factors[last * width..][..count];
            let ahead = emissions.iter().zip(backward);
            for ((sum, factor), (emission, backward)) in sums.iter_mut().zip(factors).zip(ahead) {
                *sum += base * factor * emission * backward;
            }
        }
    }

    /// How likely exactly these tokens are a mention of type `kind`.
    pub fn sureness(&self, chain: &Chain, tokens: Range<usize>, kind: usize) -> f32 {
        let width = chain.width;
        let inside = 2 + 2 * kind;
        let mut label = 1 + 2 * kind;
        let mut value = self.forward[tokens.start * width + label];
        for at in tokens.start + 1..tokens.end {
            value *= chain.factors[label * width + inside]
                * self.emissions[at * width + inside]
                / self.scale[at];
            label = inside;
        }
        if tokens.end < self.length {
            let at = tokens.end;
            let ahead: f32 = (0..chain.labels)
                .filter(|next| *next != inside)
                .map(|next| {
                    chain.factors[label * width + next]
                        * self.emissions[at * width + next]
                        * self.backward[at * width + next]
                })
                .sum();
            value *= ahead / self.back_scale[at - 1];
        }
        value /= self.both[tokens.end - 1];
        if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn largest(values: impl Iterator<Item = f32>) -> usize {
    let mut best = (0, f32::MIN);
    for (at, value) in values.enumerate() {
        if value > best.1 {
            best = (at, value);
        }
    }
    best.0
}

/// The mentions a row of labels says: tokens and type.
pub fn mentions(labels: &[u8]) -> Vec<(Range<usize>, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < labels.len() {
        let label = labels[at];
        if label == 0 {
            at += 1;
            continue;
        }
        let kind = usize::from(label - 1) / 2;
        let inside = (2 + 2 * kind) as u8;
        let start = at;
        at += 1;
        while at < labels.len() && labels[at] == inside {
            at += 1;
        }
        found.push((start..at, kind));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of five labels over three tokens, by brute force.
    #[test]
    fn sums_and_best_agree_with_trying_everything() {
        let labels = 5;
        let weights: Vec<f32> = (0..30).map(|at| ((at * 7 % 11) as f32 - 5.0) / 4.0).collect();
        let chain = Chain::new(labels, &weights);
        let mut lattice = Lattice::default();
        lattice.reset(&chain, 3);
        for at in 0..3 {
            for label in 0..labels {
                lattice.scores[at * chain.width() + label] =
                    ((at * 5 + label * 3) % 7) as f32 / 2.0 - 1.0;
            }
        }
        let score = |row: [usize; 3]| -> Option<f32> {
            let mut sum = 0.0;
            let mut last = None;
            for (at, label) in row.into_iter().enumerate() {
                if !allowed(last, label) {
                    return None;
                }
                sum += weights[last.unwrap_or(labels) * labels + label]
                    + lattice.scores[at * chain.width() + label];
                last = Some(label);
            }
            Some(sum)
        };
        let mut rows = Vec::new();
        for a in 0..labels {
            for b in 0..labels {
                for c in 0..labels {
                    if let Some(score) = score([a, b, c]) {
                        rows.push(([a, b, c], score));
                    }
                }
            }
        }
        let total: f32 = rows.iter().map(|(_, score)| score.exp()).sum();
        let best = rows.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("rows").0;
        let chance = |wanted: &dyn Fn(&[usize; 3]) -> bool| -> f32 {
            rows.iter().filter(|(row, _)| wanted(row)).map(|(_, s)| s.exp()).sum::<f32>() / total
        };
        let mut found = Vec::new();
        lattice.best(&chain, &mut found);
        assert_eq!(found, best.map(|label| label as u8));
        assert!((lattice.sum(&chain) - total.ln()).abs() < 1e-4);
        assert!((lattice.marginal(&chain, 1, 3) - chance(&|row| row[1] == 3)).abs() < 1e-5);
        let mut pairs = vec![0.0; labels * labels];
        lattice.pairs(&chain, 0, 1.0, &mut pairs);
        let expected = chance(&|row| row[0] == 1 && row[1] == 2);
        assert!((pairs[labels + 2] - expected).abs() < 1e-5);
        let expected = chance(&|row| row[0] == 1 && row[1] == 2 && row[2] != 2);
        assert!((lattice.sureness(&chain, 0..2, 0) - expected).abs() < 1e-5);
        let expected = chance(&|row| row[1] == 3 && row[2] == 4);
        assert!((lattice.sureness(&chain, 1..3, 1) - expected).abs() < 1e-5);
    }

    #[test]
    fn rows_of_labels_become_mentions() {
        assert_eq!(mentions(&[0, 1, 2, 1, 4, 0, 3]), [(1..3, 0), (3..4, 0), (4..5, 1), (6..7, 1)]);
    }
}
