//! A document names the same thing alike: what is found in one place is looked for in the others,
//! and so is the short form of what is found.

use std::collections::HashMap;
use std::ops::Range;

use super::frame::{Frame, step};

/// Longer mentions are not looked for again.
const TOKENS_MAX: usize = 6;

/// A mention found, of one scheme.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where.
    pub tokens: Range<usize>,
    /// Which type.
    pub kind: usize,
    /// How sure.
    pub score: f32,
}

#[derive(Clone, Copy)]
struct Known {
    kind: usize,
    /// Times it was found; nothing if of different types.
    found: u32,
    /// Times it stands where nothing was found.
    missed: u32,
    score: f32,
    explained: bool,
}

/// Adds to `found`, which is in order, where the same words stand again and nothing was found.
pub fn spread(frame: &Frame, rows: &[Range<usize>], found: &mut Vec<Found>) {
    if found.is_empty() {
        return;
    }
    let hash = |tokens: Range<usize>| -> u64 {
        tokens.fold(0, |hash, at| step(hash, frame.word(at).lower))
    };
    let mut known: HashMap<u64, Known> = HashMap::new();
    let mut longest: HashMap<u64, usize> = HashMap::new();
    let mut taken = vec![false; frame.word_of.len()];
    for one in found.iter() {
        taken[one.tokens.clone()].fill(true);
        // Words of one or two letters mean too many things, unless the document explains them.
        if one.tokens.len() > TOKENS_MAX
            || !one.tokens.clone().any(|at| frame.word(at).prefixes[1] != 0)
        {
            continue;
        }
        let fresh = Known { kind: one.kind, found: 0, missed: 0, score: 0.0, explained: false };
        let entry = known.entry(hash(one.tokens.clone())).or_insert(fresh);
        if entry.kind == one.kind {
            entry.found += 1;
            entry.score += one.score;
        } else {
            entry.score = f32::MIN;
        }
        let most = longest.entry(frame.word(one.tokens.start).lower).or_default();
        *most = (*most).max(one.tokens.len());
    }
    for pair in &frame.pairs {
        let (long, short) = (token_range(&pair.long), token_range(&pair.short));
        let at = found.partition_point(|one| one.tokens.start < long.start);
        if let Some(one) = found.get(at)
            && one.tokens == long
            && short.len() <= TOKENS_MAX
        {
            let fresh =
                Known { kind: one.kind, found: 1, missed: 0, score: one.score, explained: true };
            let entry = known.entry(hash(short.clone())).or_insert(fresh);
            if entry.kind == one.kind {
                entry.explained = true;
            }
            let most = longest.entry(frame.word(short.start).lower).or_default();
            *most = (*most).max(short.len());
        }
    }
    let mut missed: Vec<(Range<usize>, u64)> = Vec::new();
    for row in rows {
        let mut at = row.start;
        while at < row.end {
            let mut next = at + 1;
            if !taken[at]
                && let Some(most) = longest.get(&frame.word(at).lower)
            {
                let free = (at..row.end.min(at + most)).take_while(|at| !taken[*at]).count();
                for length in (1..=free).rev() {
                    let key = hash(at..at + length);
                    if let Some(entry) = known.get_mut(&key) {
                        entry.missed += 1;
                        missed.push((at..at + length, key));
                        next = at + length;
                        break;
                    }
                }
            }
            at = next;
        }
    }
    let before = found.len();
    for (tokens, key) in missed {
        let entry = known[&key];
        let score = entry.score / entry.found as f32;
        let often = entry.found >= entry.missed && (entry.found > 1 || score > SURE);
        if score > 0.0 && (entry.explained || often) {
            found.push(Found { tokens, kind: entry.kind, score: score * DOUBT });
        }
    }
    if found.len() > before {
        found.sort_by_key(|one| one.tokens.start);
    }
}

/// A mention found once must be this sure to be looked for elsewhere.
const SURE: f32 = 0.7;

/// What is found only by its likeness is less sure.
const DOUBT: f32 = 0.8;

fn token_range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Lexicon;
    use crate::tagger::rows;
    use crate::tagger::tests::plain;
    use crate::tagger::words::Words;

    #[test]
    fn what_was_found_is_found_again_and_so_is_its_short_form() {
        let analysis = plain("atrial fibrillation (AF), AF, then atrial fibrillation");
        let frame = Frame::new(&analysis, &Lexicon::default(), &Words::default());
        let mut found = vec![Found { tokens: 0..2, kind: 1, score: 0.9 }];
        spread(&frame, &rows(&analysis), &mut found);
        let places: Vec<_> = found.iter().map(|one| one.tokens.clone()).collect();
        assert_eq!(places, [0..2, 3..4, 6..7, 9..11]);
        assert!(found.iter().all(|one| one.kind == 1));
    }
}
