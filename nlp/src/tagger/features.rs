//! What a token looks like to the taggers, as hashed features: once per token for all of them.
//!
//! Features of one word alone ([`own`]) are kept apart from those of several words together
//! ([`joint`]), so that a document's repeated words are looked up once.

use std::ops::Range;

use super::frame::{Frame, Word, step};
use crate::lexicon::CLASS_COUNT;

/// How far around a token [`own`] looks.
pub const REACH: usize = 2;

/// Emits the features a word gives to the token `offset` places before it: 0 is the word itself,
/// -1 the word before a token, 1 the word after it.
pub fn own(word: &Word, offset: isize, mut emit: impl FnMut(u64)) {
    let base = 100 * (offset + REACH as isize + 1) as u64;
    let mut add = |template: u64, value: u64| emit(step(base + template, value));
    add(0, word.lower);
    let codes = &word.codes;
    if codes.fine > 0 {
        add(1, u64::from(codes.fine));
        add(2, u64::from(codes.middle));
    }
    if codes.profile > 0 {
        add(4, u64::from(codes.profile));
    }
    if offset.unsigned_abs() > 1 {
        return;
    }
    add(5, word.short_shape);
    if word.suffixes[1] != 0 {
        add(6, word.suffixes[1]);
    }
    if offset != 0 {
        if word.suffixes[2] != 0 {
            add(7, word.suffixes[2]);
        }
        return;
    }
    if codes.coarse > 0 {
        add(3, u64::from(codes.coarse));
    }
    add(8, word.exact);
    add(9, word.shape);
    for (at, hash) in word.prefixes.iter().enumerate() {
        if *hash != 0 {
            add(10 + at as u64, *hash);
        }
    }
    for (at, hash) in word.suffixes.iter().enumerate() {
        if *hash != 0 && at != 1 {
            add(20 + at as u64, *hash);
        }
    }
    for gram in &word.grams {
        add(30, *gram);
    }
}

/// Emits the features of a token that several words make together, or its place in the document.
/// `range` is the row of tokens read together; `at` lies inside it.
pub fn joint(frame: &Frame, range: Range<usize>, at: usize, mut emit: impl FnMut(u64)) {
    let mut add = |template: u64, value: u64| emit(step(1000 + template, value));
    let word = |offset: isize| -> Option<&Word> {
        let index = at.checked_add_signed(offset)?;
        range.contains(&index).then(|| frame.word(index))
    };
    let pick = |offset: isize, of: &dyn Fn(&Word) -> u64| word(offset).map_or(1, of);
    let lower = |word: &Word| word.lower;
    let middle = |word: &Word| u64::from(word.codes.middle);
    let fine = |word: &Word| u64::from(word.codes.fine);
    let profile = |word: &Word| u64::from(word.codes.profile);
    let shape = |word: &Word| word.short_shape;
    let (before, here, after) = (pick(-1, &lower), pick(0, &lower), pick(1, &lower));
    add(0, step(before, here));
    add(1, step(here, after));
    add(2, step(before, after));
    add(3, step(step(before, here), after));
    add(4, step(pick(-2, &lower), before));
    add(5, step(after, pick(2, &lower)));
    add(6, step(step(pick(-1, &shape), pick(0, &shape)), pick(1, &shape)));
    let (m0, m1, m2) = (pick(-1, &middle), pick(0, &middle), pick(1, &middle));
    add(7, step(m0, m1));
    add(8, step(m1, m2));
    add(9, step(step(m0, m1), m2));
    add(10, step(before, m1));
    add(11, step(m1, after));
    add(12, step(pick(-1, &fine), pick(1, &fine)));
    let (p0, p1, p2) = (pick(-1, &profile), pick(0, &profile), pick(1, &profile));
    if p0 | p1 > 1 {
        add(13, step(p0, p1));
    }
    if p1 | p2 > 1 {
        add(14, step(p1, p2));
    }
    add(15, step(step(p0, p1), p2));
    if at == range.start {
        add(16, pick(0, &shape));
    }
    if at + 1 == range.end {
        add(17, 0);
    }

    let places = |offset: isize| -> u64 {
        match at.checked_add_signed(offset) {
            Some(index) if range.contains(&index) => u64::from(frame.places[index]),
            _ => u64::from(u32::MAX),
        }
    };
    let (l0, l1, l2) = (places(-1), places(0), places(1));
    add(18, l1);
    add(19, step(l0, l1));
    add(20, step(l1, l2));
    for class in 0..CLASS_COUNT {
        let tag = |places: u64| if places > 1 << 31 { 0 } else { places >> (3 * class) & 7 };
        let id = 40 + 10 * class as u64;
        let (t0, t1, t2) = (tag(l0), tag(l1), tag(l2));
        if t1 != 0 {
            add(id, t1);
            add(id + 1, step(t1, word(0).map_or(0, |word| word.suffixes[1])));
            add(id + 2, step(t1, here));
        }
        if t0 != 0 {
            add(id + 3, t0);
        }
        if t2 != 0 {
            add(id + 4, t2);
            add(id + 5, step(t2, here));
        }
    }
    if let Some(expansion) = &frame.expansions[at] {
        add(21, 0);
        add(22, expansion.head);
        add(23, expansion.suffix);
        add(24, u64::from(expansion.classes));
        for class in 0..CLASS_COUNT {
            if expansion.classes >> class & 1 != 0 {
                add(25, class as u64);
            }
        }
    }
}

/// Emits what an earlier tagger's labels (before, at and after a token) tell a later one.
pub fn stacked(tagger: usize, labels: [u8; 3], here: &Word, mut emit: impl FnMut(u64)) {
    if labels == [0; 3] {
        return;
    }
    let base = 10_000 + 10 * tagger as u64;
    let [l0, l1, l2] = labels.map(u64::from);
    emit(step(base, l1));
    emit(step(base + 1, step(l0, l1)));
    emit(step(base + 2, step(l1, l2)));
    emit(step(base + 3, step(l1, here.lower)));
    emit(step(base + 4, step(l1, here.suffixes[1])));
}
