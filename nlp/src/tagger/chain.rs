//! The mathematics of a row of labels: which is best, and how sure each part of it is.
//!
//! Labels are 0 for outside, then for each type `k` a beginning `1 + 2k` and an inside `2 + 2k`. An
//! inside follows only a beginning or inside of its own type.

use std::ops::Range;

/// Weights of one label after another.
///
/// Rows of numbers over labels are kept in two halves, outside and beginnings first, insides
/// second, each type at the same place of both: any label may come before the first half, only two
/// before each of the second.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Number of labels.
    labels: usize,
    /// Length of a half.
    half: usize,
    /// Logarithms.
    weights: Steps,
    /// Their exponentials.
    factors: Steps,
}

/// What each step from label to label counts.
#[derive(Clone, Debug)]
struct Steps {
    /// To the first half: a row of `half` for each label, and one for the start.
    starts: Vec<f32>,
    /// From beginning to inside, by type.
    enter: Vec<f32>,
    /// From inside to inside, by type.
    stay: Vec<f32>,
}

/// Whether label `next` may follow `last`; `None` is the start of a row.
pub fn allowed(last: Option<usize>, next: usize) -> bool {
    let inside = next > 0 && next.is_multiple_of(2);
    !inside || last.is_some_and(|last| last == next || last + 1 == next)
}

impl Chain {
    /// A chain of `labels` labels; `weights` has a row of `labels` for each label and one for the
    /// start. What is missing counts as zero.
    pub fn new(labels: usize, weights: &[f32]) -> Self {
        let kinds = labels / 2;
        let half = (1 + kinds).next_multiple_of(8);
        let weight =
            |last: usize, next: usize| weights.get(last * labels + next).copied().unwrap_or(0.0);
        let mut steps = Steps {
            starts: vec![f32::MIN; (labels + 1) * half],
            enter: vec![f32::MIN; half],
            stay: vec![f32::MIN; half],
        };
        for last in 0..=labels {
            steps.starts[last * half] = weight(last, 0);
            for kind in 0..kinds {
                steps.starts[last * half + 1 + kind] = weight(last, 1 + 2 * kind);
            }
        }
        for kind in 0..kinds {
            steps.enter[1 + kind] = weight(1 + 2 * kind, 2 + 2 * kind);
            steps.stay[1 + kind] = weight(2 + 2 * kind, 2 + 2 * kind);
        }
        let exp = |values: &[f32]| values.iter().map(|value| value.exp()).collect();
        let factors =
            Steps { starts: exp(&steps.starts), enter: exp(&steps.enter), stay: exp(&steps.stay) };
        Self { labels, half, weights: steps, factors }
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Weight of `next` after `last`; `labels` is the start. Zero where not allowed.
    pub fn weight(&self, last: usize, next: usize) -> f32 {
        if !allowed((last < self.labels).then_some(last), next) {
            return 0.0;
        }
        self.weights.of(self.half, last, next)
    }

    /// Length of a row of scores.
    pub fn width(&self) -> usize {
        self.labels.next_multiple_of(8)
    }

    /// Where a label stands in two halves.
    fn place(&self, label: usize) -> usize {
        place(self.half, label)
    }
}

#[inline(always)]
fn place(half: usize, label: usize) -> usize {
    if label > 0 && label.is_multiple_of(2) { half + label / 2 } else { label.div_ceil(2) }
}

impl Steps {
    /// An allowed step.
    fn of(&self, half: usize, last: usize, next: usize) -> f32 {
        if next > 0 && next.is_multiple_of(2) {
            let steps = if last == next { &self.stay } else { &self.enter };
            steps[next / 2]
        } else {
            self.starts[last * half + next.div_ceil(2)]
        }
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
        self.scores.resize(length * chain.width(), 0.0);
    }

    /// The best row of labels.
    pub fn best(&mut self, chain: &Chain, labels: &mut Vec<u8>) {
        let (half, count, steps) = (chain.half, chain.labels, &chain.weights);
        labels.clear();
        labels.resize(self.length, 0);
        if self.length == 0 {
            return;
        }
        self.split_scores(chain);
        let width = 2 * half;
        self.forward.clear();
        self.forward.resize(self.length * width, f32::MIN);
        for at in 0..self.length {
            let (done, rest) = self.forward.split_at_mut(at * width);
            let row = &mut rest[..width];
            if at == 0 {
                row[..half].copy_from_slice(&steps.starts[count * half..]);
            } else {
                let last = &done[(at - 1) * width..];
                let (starts, insides) = row.split_at_mut(half);
                for before in 0..count {
                    let base = last[chain.place(before)];
                    raise(starts, base, &steps.starts[before * half..]);
                }
                let (begun, inner) = last[..width].split_at(half);
                let (enters, stays) = (&steps.enter[..half], &steps.stay[..half]);
                for kind in 0..half {
                    let enter = begun[kind] + enters[kind];
                    let stay = inner[kind] + stays[kind];
                    insides[kind] = if enter > stay { enter } else { stay };
                }
            }
            let scores = &self.emissions[at * width..][..width];
            for place in 0..width {
                let sum = row[place] + scores[place];
                row[place] = if sum > f32::MIN { sum } else { f32::MIN };
            }
        }
        // The path is traced back by asking again which step gave each value.
        let end = &self.forward[(self.length - 1) * width..];
        let mut label = largest((0..count).map(|label| (label, end[chain.place(label)])));
        labels[self.length - 1] = label as u8;
        for at in (1..self.length).rev() {
            let last = &self.forward[(at - 1) * width..];
            let before = (0..count)
                .filter(|before| allowed(Some(*before), label))
                .map(|before| (before, last[chain.place(before)] + steps.of(half, before, label)));
            label = largest(before);
            labels[at - 1] = label as u8;
        }
    }

    /// Scores in two halves; labels that are none get the lowest.
    fn split_scores(&mut self, chain: &Chain) {
        let (half, width) = (chain.half, 2 * chain.half);
        self.emissions.clear();
        self.emissions.resize(self.length * width, f32::MIN);
        let rows = self.emissions.chunks_exact_mut(width);
        for (to, from) in rows.zip(self.scores.chunks_exact(chain.width())) {
            to[0] = from[0];
            for kind in 0..chain.labels / 2 {
                to[1 + kind] = from[1 + 2 * kind];
                to[half + 1 + kind] = from[2 + 2 * kind];
            }
        }
    }

    /// Prepares [`Self::marginal`] and [`Self::sureness`]; returns the logarithm of the sum over
    /// all rows of labels.
    pub fn sum(&mut self, chain: &Chain) -> f32 {
        let (half, count, steps) = (chain.half, chain.labels, &chain.factors);
        let width = 2 * half;
        self.split_scores(chain);
        for buffer in [&mut self.forward, &mut self.backward] {
            buffer.clear();
            buffer.resize(self.length * width, 0.0);
        }
        for buffer in [&mut self.scale, &mut self.back_scale, &mut self.both] {
            buffer.clear();
            buffer.resize(self.length, 1.0);
        }
        let mut total = 0.0;
        for emissions in self.emissions.chunks_exact_mut(width) {
            let mut top = f32::MIN;
            for emission in &*emissions {
                top = if *emission > top { *emission } else { top };
            }
            for emission in emissions.iter_mut() {
                let score = *emission - top;
                *emission = fast_exp(if score > FAR { score } else { FAR });
            }
            total += top;
        }
        for at in 0..self.length {
            let (done, rest) = self.forward.split_at_mut(at * width);
            let row = &mut rest[..width];
            if at == 0 {
                row[..half].copy_from_slice(&steps.starts[count * half..]);
            } else {
                let last = &done[(at - 1) * width..];
                let (starts, insides) = row.split_at_mut(half);
                for before in 0..count {
                    add(starts, last[chain.place(before)], &steps.starts[before * half..]);
                }
                let (begun, inner) = last[..width].split_at(half);
                let (enter, stay) = (&steps.enter[..half], &steps.stay[..half]);
                for kind in 0..half {
                    insides[kind] = begun[kind] * enter[kind] + inner[kind] * stay[kind];
                }
            }
            let emissions = &self.emissions[at * width..][..width];
            for place in 0..width {
                row[place] *= emissions[place];
            }
            self.scale[at] = normalise(row);
            total += self.scale[at].ln();
        }
        let mut ahead = vec![0.0f32; width];
        for at in (0..self.length).rev() {
            let (row, next) = self.backward[at * width..].split_at_mut(width);
            if at + 1 == self.length {
                row.fill(1.0);
                continue;
            }
            let emissions = &self.emissions[(at + 1) * width..][..width];
            for place in 0..width {
                ahead[place] = emissions[place] * next[place];
            }
            let (starts, insides) = ahead.split_at(half);
            for kind in 0..half {
                row[kind] = steps.enter[kind] * insides[kind];
                row[half + kind] = steps.stay[kind] * insides[kind];
            }
            for before in 0..count {
                row[chain.place(before)] += dot(starts, &steps.starts[before * half..]);
            }
            // Each row has a scale of its own: tied to that of the way forward it could overflow.
            self.back_scale[at] = normalise(row);
        }
        for at in 0..self.length {
            let forward = &self.forward[at * width..][..width];
            let both = dot(forward, &self.backward[at * width..]);
            self.both[at] = both.max(f32::MIN_POSITIVE);
        }
        total
    }

    /// How likely a token has a label.
    pub fn marginal(&self, chain: &Chain, at: usize, label: usize) -> f32 {
        let place = at * 2 * chain.half + chain.place(label);
        self.forward[place] * self.backward[place] / self.both[at]
    }

    /// Adds to `sums` (a row of `labels` for each label before) how likely token `at` and the next
    /// have each pair of labels, times `times`.
    pub fn pairs(&self, chain: &Chain, at: usize, times: f32, sums: &mut [f32]) {
        let (half, count, width) = (chain.half, chain.labels, 2 * chain.half);
        let next = (at + 1) * width;
        let (emissions, backward) = (&self.emissions[next..], &self.backward[next..]);
        for (last, sums) in sums.chunks_exact_mut(count).take(count).enumerate() {
            let base = self.forward[at * width + chain.place(last)] * times
                / (self.scale[at + 1] * self.both[at + 1]);
            if base.abs() < 1e-9 {
                continue;
            }
            let starts = &chain.factors.starts[last * half..][..half];
            sums[0] += base * starts[0] * emissions[0] * backward[0];
            for kind in 1..=count / 2 {
                sums[2 * kind - 1] += base * starts[kind] * emissions[kind] * backward[kind];
            }
            if last > 0 {
                let inside = last.next_multiple_of(2);
                let place = chain.place(inside);
                sums[inside] += base
                    * chain.factors.of(half, last, inside)
                    * emissions[place]
                    * backward[place];
            }
        }
    }

    /// How likely exactly these tokens are a mention of type `kind`.
    pub fn sureness(&self, chain: &Chain, tokens: Range<usize>, kind: usize) -> f32 {
        let (half, width, steps) = (chain.half, 2 * chain.half, &chain.factors);
        let inside = 2 + 2 * kind;
        let mut label = 1 + 2 * kind;
        let mut value = self.forward[tokens.start * width + chain.place(label)];
        for at in tokens.start + 1..tokens.end {
            value *= steps.of(half, label, inside)
                * self.emissions[at * width + chain.place(inside)]
                / self.scale[at];
            label = inside;
        }
        if tokens.end < self.length {
            let next = tokens.end * width;
            let starts = &steps.starts[label * half..][..half];
            let mut ahead = 0.0;
            for (place, factor) in starts.iter().enumerate() {
                ahead += factor * self.emissions[next + place] * self.backward[next + place];
            }
            // An inside of another type cannot follow, and one of this type is not the end.
            value *= ahead / self.back_scale[tokens.end - 1];
        }
        value /= self.both[tokens.end - 1];
        if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// Adds `times` a row.
#[inline(always)]
fn add(to: &mut [f32], times: f32, from: &[f32]) {
    let from = &from[..to.len()];
    for place in 0..to.len() {
        to[place] += times * from[place];
    }
}

/// Raises each value to `base` plus that of a row, if that is more.
#[inline(always)]
fn raise(to: &mut [f32], base: f32, from: &[f32]) {
    let from = &from[..to.len()];
    for place in 0..to.len() {
        let other = base + from[place];
        to[place] = if other > to[place] { other } else { to[place] };
    }
}

/// Sum of products, eight at a time: rows are of whole eights.
#[inline(always)]
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let (left, _) = left.as_chunks::<8>();
    let (right, _) = right.as_chunks::<8>();
    let right = &right[..left.len()];
    let mut sums = [0.0f32; 8];
    for at in 0..left.len() {
        for place in 0..8 {
            sums[place] += left[at][place] * right[at][place];
        }
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// Divides a row by its sum, and returns that.
#[inline(always)]
fn normalise(row: &mut [f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (eights, _) = row.as_chunks::<8>();
    for eight in eights {
        for place in 0..8 {
            sums[place] += eight[place];
        }
    }
    let scale = sums.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let times = 1.0 / scale;
    if times.is_finite() {
        for value in row.iter_mut() {
            *value *= times;
        }
    }
    scale
}

/// The exponential of a number between [`FAR`] and zero, within a millionth of its value: without
/// calls, so that a row of them is worked on at once.
#[inline(always)]
fn fast_exp(x: f32) -> f32 {
    // Adding this leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let power = x * std::f32::consts::LOG2_E;
    let whole = power + ROUND;
    let rest = (power - (whole - ROUND)) * std::f32::consts::LN_2;
    let series =
        1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest / 120.0))));
    let exponent = whole.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
    f32::from_bits(exponent << 23) * series
}

fn largest(values: impl Iterator<Item = (usize, f32)>) -> usize {
    let mut best = (0, f32::MIN);
    for (label, value) in values {
        if value > best.1 {
            best = (label, value);
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
    fn the_fast_exponential_is_close() {
        for step in 0..3000 {
            let x = -step as f32 / 100.0;
            assert!((fast_exp(x) / x.exp() - 1.0).abs() < 1e-5, "{x}");
        }
    }

    #[test]
    fn rows_of_labels_become_mentions() {
        assert_eq!(mentions(&[0, 1, 2, 1, 4, 0, 3]), [(1..3, 0), (3..4, 0), (4..5, 1), (6..7, 1)]);
    }
}
