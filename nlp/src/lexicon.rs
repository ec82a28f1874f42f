//! Known phrases (drugs, diseases, findings, body parts, tests), found in a text by the hashes of
//! its tokens.
//!
//! Matching works on tokens, so a phrase never starts or ends inside a word. Tokens are compared
//! without case, plural endings and hyphens. Only hashes are kept, no strings: the lexicon says
//! *that* a phrase names a drug, which is what a tagger needs; which drug is for [`crate::models`]'
//! neighbours to say.
//!
//! Always true: looking up costs at most [`PHRASE_TOKENS_MAX`] probes per token, whatever the text.
//!
//! File, little endian, inside one zstd frame: `TLX1`; number of phrases; their 48-bit hashes in
//! ascending order as variable-length differences; their classes as `u16`, low bytes then high
//! bytes; the same again for first tokens, with the length of the longest phrase as one byte.

use crate::codec::{Reader, Writer};
use crate::models::ModelError;

/// Longer phrases are not kept.
pub const PHRASE_TOKENS_MAX: usize = 10;

/// Number of classes.
pub const CLASS_COUNT: usize = 9;

/// What a phrase may name, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(pub u16);

impl Classes {
    /// Medicines: ingredients and brands.
    pub const DRUG: Self = Self(1);
    /// Other chemicals and biological substances.
    pub const CHEMICAL: Self = Self(1 << 1);
    /// Diseases.
    pub const DISEASE: Self = Self(1 << 2);
    /// Signs and symptoms.
    pub const SYMPTOM: Self = Self(1 << 3);
    /// Phenotypes, in the words of the Human Phenotype Ontology.
    pub const PHENOTYPE: Self = Self(1 << 4);
    /// Diagnoses, in the words of ICD-10-CM.
    pub const DIAGNOSIS: Self = Self(1 << 5);
    /// Body parts and fluids.
    pub const ANATOMY: Self = Self(1 << 6);
    /// Treatments that are not drugs.
    pub const PROCEDURE: Self = Self(1 << 7);
    /// Examinations and what is measured.
    pub const TEST: Self = Self(1 << 8);

    /// All of either.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are here.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A known phrase in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// First token.
    pub start: u32,
    /// One past the last token.
    pub end: u32,
    /// Index of the one class it was matched for: bit number in [`Classes`].
    pub class: u8,
}

/// A token as the lexicon compares it; [`HYPHEN`] is skipped.
pub type Normal = u64;

/// The [`Normal`] of hyphens and dashes.
pub const HYPHEN: Normal = 0;

/// What the lexicon compares of a lower-cased token: plural endings fall off, hyphens vanish.
pub fn normal(lower: &str) -> Normal {
    if matches!(lower, "-" | "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}" | "\u{2014}") {
        return HYPHEN;
    }
    let bytes = lower.as_bytes();
    let stem = match bytes {
        [stem @ .., b'i', b'e', b's'] if stem.len() >= 3 => {
            return xxhash_rust::xxh3::xxh3_64_with_seed(stem, u64::from(b'y')).max(1);
        }
        [stem @ .., b'y'] if stem.len() >= 3 => {
            return xxhash_rust::xxh3::xxh3_64_with_seed(stem, u64::from(b'y')).max(1);
        }
        [stem @ .., b's']
            if stem.len() >= 3 && !matches!(stem.last(), Some(b's' | b'u' | b'i')) =>
        {
            stem
        }
        _ => bytes,
    };
    xxhash_rust::xxh3::xxh3_64(stem).max(1)
}

/// Hash of a phrase so far, with one more token.
fn extend(phrase: u64, token: Normal) -> u64 {
    let mixed = (phrase.rotate_left(23) ^ token).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

const HASH_BITS: u32 = 48;
const HASH_MASK: u64 = (1 << HASH_BITS) - 1;

/// The phrases.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    phrases: HashTable,
    first_tokens: HashTable,
}

impl Lexicon {
    /// Builds one from phrases, each as the [`Normal`]s of its tokens.
    pub fn build(phrases: impl IntoIterator<Item = (Vec<Normal>, Classes)>) -> Self {
        let mut all = std::collections::BTreeMap::<u64, u16>::new();
        let mut first = std::collections::BTreeMap::<u64, u16>::new();
        for (mut tokens, classes) in phrases {
            tokens.retain(|token| *token != HYPHEN);
            if classes.is_empty() || tokens.is_empty() || tokens.len() > PHRASE_TOKENS_MAX {
                continue;
            }
            let hash = tokens.iter().fold(0, |hash, token| extend(hash, *token)) & HASH_MASK;
            *all.entry(hash).or_default() |= classes.0;
            let longest = first.entry(extend(0, tokens[0]) & HASH_MASK).or_default();
            *longest = (*longest).max(tokens.len() as u16);
        }
        Self { phrases: HashTable::new(&all), first_tokens: HashTable::new(&first) }
    }

    /// Number of phrases.
    pub fn len(&self) -> usize {
        self.phrases.count
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The phrases in a row of tokens, in order of their start: for each class the longest from
    /// the left, not overlapping within the class.
    pub fn matches(&self, tokens: &[Normal], found: &mut Vec<Match>) {
        found.clear();
        let mut free = [0usize; CLASS_COUNT];
        for start in 0..tokens.len() {
            if tokens[start] == HYPHEN {
                continue;
            }
            let mut hash = extend(0, tokens[start]);
            let Some(longest) = self.first_tokens.get(hash & HASH_MASK) else { continue };
            let mut best = [0usize; CLASS_COUNT];
            let mut length = 1;
            let mut at = start;
            // Hyphens cost no length, so they are bounded apart.
            let end = tokens.len().min(start + 2 * PHRASE_TOKENS_MAX);
            loop {
                if let Some(classes) = self.phrases.get(hash & HASH_MASK) {
                    let mut bits = classes;
                    while bits != 0 {
                        let class = bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        if let Some(best) = best.get_mut(class) {
                            *best = at + 1;
                        }
                    }
                }
                if length == usize::from(longest) {
                    break;
                }
                at += 1;
                while at < end && tokens[at] == HYPHEN {
                    at += 1;
                }
                if at >= end {
                    break;
                }
                hash = extend(hash, tokens[at]);
                length += 1;
            }
            for class in 0..CLASS_COUNT {
                if best[class] > 0 && free[class] <= start {
                    free[class] = best[class];
                    found.push(Match {
                        start: start as u32,
                        end: best[class] as u32,
                        class: class as u8,
                    });
                }
            }
        }
    }

    /// Reads what [`Self::render`] wrote.
    ///
    /// # Errors
    /// [`ModelError`] if the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader::new(bytes, b"TLX1")?;
        let phrases = HashTable::parse(&mut reader, true)?;
        let first_tokens = HashTable::parse(&mut reader, false)?;
        reader.finish()?;
        Ok(Self { phrases, first_tokens })
    }

    /// As a file, uncompressed; [`crate::models`] compresses it with its neighbours.
    pub fn render(&self) -> Vec<u8> {
        let mut writer = Writer::new(b"TLX1");
        self.phrases.render(&mut writer, true);
        self.first_tokens.render(&mut writer, false);
        writer.into_bytes()
    }
}

/// Open addressing: 48 bits of hash above 16 bits of value; zero is an empty slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct HashTable {
    count: usize,
    slots: Vec<u64>,
}

impl HashTable {
    pub(crate) fn new(entries: &std::collections::BTreeMap<u64, u16>) -> Self {
        let mut table = Self::sized(entries.len());
        for (&hash, &value) in entries {
            table.insert(hash, value);
        }
        table
    }

    fn sized(count: usize) -> Self {
        Self { count, slots: vec![0; (count * 2).next_power_of_two().max(2)] }
    }

    fn insert(&mut self, hash: u64, value: u16) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = (hash << 16) | u64::from(value);
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, hash: u64) -> Option<u16> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        // Half the slots are empty, so this ends.
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if slot >> 16 == hash {
                return Some(slot as u16);
            }
            at = (at + 1) & mask;
        }
    }

    pub(crate) fn render(&self, writer: &mut Writer, wide: bool) {
        let mut entries: Vec<u64> = self.slots.iter().copied().filter(|slot| *slot != 0).collect();
        entries.sort_unstable();
        writer.count(entries.len());
        let mut last = 0;
        for entry in &entries {
            writer.varint((entry >> 16) - last);
            last = entry >> 16;
        }
        for entry in &entries {
            writer.byte(*entry as u8);
        }
        if wide {
            for entry in &entries {
                writer.byte((*entry >> 8) as u8);
            }
        }
    }

    pub(crate) fn parse(reader: &mut Reader<'_>, wide: bool) -> Result<Self, ModelError> {
        let count = reader.count(2)?;
        let mut table = Self::sized(count);
        let mut hashes = Vec::with_capacity(count);
        let mut last = 0u64;
        for _ in 0..count {
            last = last.saturating_add(reader.varint()?);
            if last > HASH_MASK {
                return Err(ModelError::Malformed("phrase hash"));
            }
            hashes.push(last);
        }
        let low = reader.bytes(count)?;
        let high = if wide { reader.bytes(count)? } else { &[] };
        for (at, hash) in hashes.into_iter().enumerate() {
            let value = u16::from(low[at]) | u16::from(high.get(at).copied().unwrap_or(0)) << 8;
            if value == 0 {
                return Err(ModelError::Malformed("phrase class"));
            }
            table.insert(hash, value);
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokenise;
    use proptest::prelude::*;

    fn normals(text: &str) -> Vec<Normal> {
        let lower = text.to_lowercase();
        tokenise(&lower).iter().map(|token| normal(token.span.of(&lower))).collect()
    }

    fn sample() -> Lexicon {
        Lexicon::build([
            (normals("heart failure"), Classes::DISEASE),
            (normals("congestive heart failure"), Classes::DISEASE.union(Classes::DIAGNOSIS)),
            (normals("failure"), Classes::SYMPTOM),
            (normals("beta-blocker"), Classes::DRUG),
            (normals("allergy"), Classes::DISEASE),
        ])
    }

    #[track_caller]
    fn check(lexicon: &Lexicon, text: &str, expected: &[(u32, u32, Classes)]) {
        let mut found = Vec::new();
        lexicon.matches(&normals(text), &mut found);
        let found: Vec<_> = found.iter().map(|m| (m.start, m.end, Classes(1 << m.class))).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn the_longest_phrase_of_each_class_wins() {
        let lexicon = sample();
        check(
            &lexicon,
            "Congestive Heart Failures.",
            &[(0, 3, Classes::DISEASE), (0, 3, Classes::DIAGNOSIS), (2, 3, Classes::SYMPTOM)],
        );
        check(&lexicon, "no heart, failure", &[(3, 4, Classes::SYMPTOM)]);
    }

    #[test]
    fn hyphens_and_plurals_do_not_matter() {
        let lexicon = sample();
        check(&lexicon, "beta blockers", &[(0, 2, Classes::DRUG)]);
        check(&lexicon, "beta\u{2013}blocker", &[(0, 3, Classes::DRUG)]);
        check(&lexicon, "allergies", &[(0, 1, Classes::DISEASE)]);
        check(&lexicon, "-", &[]);
    }

    #[test]
    fn what_is_rendered_is_read_back() {
        let lexicon = sample();
        let read = Lexicon::parse(&lexicon.render()).expect("what was rendered");
        assert_eq!(read.render(), lexicon.render());
        assert_eq!(read.len(), 5);
        check(&read, "heart failure", &[(0, 2, Classes::DISEASE), (1, 2, Classes::SYMPTOM)]);
    }

    #[test]
    fn a_cut_file_is_refused() {
        let whole = sample().render();
        for length in 0..whole.len() {
            assert!(Lexicon::parse(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    proptest! {
        #[test]
        fn other_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut file = b"TLX1".to_vec();
            file.extend(bytes);
            let _ = Lexicon::parse(&file);
        }

        #[test]
        fn matches_lie_inside_any_row(tokens in proptest::collection::vec(0u64..6, 0..60)) {
            let lexicon = Lexicon::build([
                (vec![1, 2], Classes::DRUG), (vec![1, 2, 3], Classes::DRUG), (vec![4], Classes::TEST),
            ]);
            let mut found = Vec::new();
            lexicon.matches(&tokens, &mut found);
            for one in found {
                prop_assert!(one.start < one.end && one.end as usize <= tokens.len());
            }
        }
    }
}
