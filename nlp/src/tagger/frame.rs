//! A document as the taggers see it: its distinct words described once, the phrases the lexicon
//! knows, and what its abbreviations stand for.

use std::collections::HashMap;

use super::abbreviation;
use super::words::{WordCodes, Words, word_hash};
use crate::lexicon::{CLASS_COUNT, Lexicon, Match, normal};
use crate::text::{Analysis, TokenKind};

/// Words longer than this are described by their beginning and end only.
const WORD_BYTES_MAX: usize = 64;

/// A distinct word of a document.
#[derive(Clone, Debug)]
pub struct Word {
    /// Hash of the word as written.
    pub exact: u64,
    /// Hash of the word in lower case, digits flattened.
    pub lower: u64,
    /// What the lexicon compares.
    pub normal: u64,
    /// Hash of its shape, runs kept (`Xxxx-dd`).
    pub shape: u64,
    /// Hash of its shape, runs folded (`Xx-d`).
    pub short_shape: u64,
    /// Hashes of its first 2 to 5 characters; 0 where it is shorter.
    pub prefixes: [u64; 4],
    /// Hashes of its last 2 to 5 characters; 0 where it is shorter.
    pub suffixes: [u64; 4],
    /// Hashes of the runs of four characters inside it, at most 12.
    pub grams: Vec<u64>,
    /// What is known of it.
    pub codes: WordCodes,
}

/// What a short form stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Lower-case hash of the last word of the long form.
    pub head: u64,
    /// Suffix of that word.
    pub suffix: u64,
    /// Classes the lexicon knows within the long form.
    pub classes: u16,
}

/// Where a token stands in a known phrase.
pub mod place {
    /// In none.
    pub const OUT: u32 = 0;
    /// First of several.
    pub const FIRST: u32 = 1;
    /// Between first and last.
    pub const INNER: u32 = 2;
    /// Last of several.
    pub const LAST: u32 = 3;
    /// The only one.
    pub const ONLY: u32 = 4;
}

/// The document.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Distinct words.
    pub words: Vec<Word>,
    /// Index into `words` for each token.
    pub word_of: Vec<u32>,
    /// For each token three bits for each lexicon class: see [`place`].
    pub places: Vec<u32>,
    /// For each token what it stands for, if it is an abbreviation this document explains.
    pub expansions: Vec<Option<Expansion>>,
    /// Explained abbreviations, as token ranges: long form, short form.
    pub pairs: Vec<abbreviation::Pair>,
}

impl Frame {
    /// Looks at a document.
    pub fn new(analysis: &Analysis<'_>, lexicon: &Lexicon, words: &Words) -> Self {
        let text = analysis.text;
        let mut frame = Self::default();
        let mut index: HashMap<&str, u32> = HashMap::new();
        for token in &analysis.tokens {
            let written = token.span.of(text);
            let at = *index.entry(written).or_insert_with(|| {
                frame.words.push(Word::new(written, token.kind, words));
                frame.words.len() as u32 - 1
            });
            frame.word_of.push(at);
        }
        frame.places = vec![0; analysis.tokens.len()];
        let mut normals = Vec::new();
        let mut found: Vec<Match> = Vec::new();
        for sentence in &analysis.sentences {
            let range = sentence.tokens.start as usize..sentence.tokens.end as usize;
            let Some(tokens) = frame.word_of.get(range.clone()) else { continue };
            normals.clear();
            normals.extend(tokens.iter().map(|word| frame.words[*word as usize].normal));
            lexicon.matches(&normals, &mut found);
            for one in &found {
                for at in one.start..one.end {
                    let place = match (at == one.start, at + 1 == one.end) {
                        (true, true) => place::ONLY,
                        (true, false) => place::FIRST,
                        (false, false) => place::INNER,
                        (false, true) => place::LAST,
                    };
                    frame.places[range.start + at as usize] |= place << (3 * u32::from(one.class));
                }
            }
        }
        frame.pairs = abbreviation::pairs(analysis);
        frame.expansions = vec![None; analysis.tokens.len()];
        let mut known: HashMap<u32, Expansion> = HashMap::new();
        for pair in &frame.pairs {
            if pair.short.len() == 1 {
                let head = &frame.words[frame.word_of[pair.long.end as usize - 1] as usize];
                let mut classes = 0;
                for at in pair.long.clone() {
                    for class in 0..CLASS_COUNT {
                        if frame.places[at as usize] >> (3 * class) & 7 != 0 {
                            classes |= 1 << class;
                        }
                    }
                }
                let expansion = Expansion { head: head.lower, suffix: head.suffixes[2], classes };
                known.entry(frame.word_of[pair.short.start as usize]).or_insert(expansion);
            }
        }
        if !known.is_empty() {
            for (at, word) in frame.word_of.iter().enumerate() {
                frame.expansions[at] = known.get(word).copied();
            }
        }
        frame
    }

    /// The word of a token.
    pub fn word(&self, token: usize) -> &Word {
        &self.words[self.word_of[token] as usize]
    }
}

impl Word {
    fn new(written: &str, kind: TokenKind, words: &Words) -> Self {
        let lowered = if written.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            written.to_lowercase()
        } else {
            written.to_owned()
        };
        let lower = word_hash(&lowered);
        let (mut shape, mut short_shape) = (0u64, 0u64);
        let mut last = None;
        for (count, character) in written.chars().enumerate() {
            let class = match character {
                'a'..='z' => 'x',
                'A'..='Z' => 'X',
                '0'..='9' => 'd',
                other if other.is_lowercase() => 'x',
                other if other.is_uppercase() => 'X',
                other if other.is_alphabetic() => 'x',
                other => other,
            };
            if last != Some(class) {
                short_shape = step(short_shape, class as u64);
                last = Some(class);
            }
            if count < 12 {
                shape = step(shape, class as u64);
            }
        }
        let mut word = Self {
            exact: xxhash_rust::xxh3::xxh3_64(written.as_bytes()),
            lower,
            normal: normal(&lowered),
            shape,
            short_shape,
            prefixes: [0; 4],
            suffixes: [0; 4],
            grams: Vec::new(),
            codes: words.get(lower),
        };
        if kind == TokenKind::Word {
            let mut hash = 0;
            for (count, character) in lowered.chars().take(5).enumerate() {
                hash = step(hash, character as u64);
                if count > 0 {
                    word.prefixes[count - 1] = hash;
                }
            }
            hash = 0;
            for (count, character) in lowered.chars().rev().take(5).enumerate() {
                hash = step(hash, character as u64);
                if count > 0 {
                    word.suffixes[count - 1] = hash;
                }
            }
            if lowered.len() <= WORD_BYTES_MAX {
                let letters: Vec<u64> = lowered.chars().map(|c| c as u64).collect();
                if letters.len() > 5 {
                    for gram in letters[1..letters.len() - 1].windows(4).take(12) {
                        word.grams.push(gram.iter().fold(7, |hash, c| step(hash, *c)));
                    }
                }
            }
        }
        word
    }
}

/// One step of a cheap hash.
pub(crate) fn step(hash: u64, value: u64) -> u64 {
    let mixed =
        (hash.rotate_left(19) ^ value ^ 0x51_7cc1_b727_220a).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 31)
}
