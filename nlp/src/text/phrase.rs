//! Phrases to look for, matched on whole tokens without regard to case.
//!
//! A trie over [`fold`]ed tokens in one hash table: a look-up costs one probe per token that
//! begins no phrase, and at most the longest phrase's length otherwise.

use super::{fold, tokenise};

/// A set of phrases, each with what it stands for.
#[derive(Debug)]
pub(crate) struct Phrases<V> {
    /// Key of (node, token) to the next node; 0 is an empty slot. Length is a power of two.
    slots: Vec<(u64, u32)>,
    /// What the phrase that ends at a node stands for.
    values: Vec<Option<V>>,
    longest: usize,
}

impl<V: Copy> Phrases<V> {
    /// Builds the table; of two equal phrases the later one counts.
    pub(crate) fn new<'p>(phrases: impl IntoIterator<Item = (&'p str, V)>) -> Self {
        let mut table = Self { slots: vec![(0, 0); 64], values: vec![None], longest: 0 };
        for (phrase, value) in phrases {
            let tokens = tokenise(phrase);
            let mut node = 0;
            for token in &tokens {
                let key = key(node, fold(token.span.of(phrase)));
                node = match table.get(key) {
                    Some(next) => next,
                    None => {
                        let next = table.values.len() as u32;
                        table.values.push(None);
                        table.insert(key, next);
                        next
                    }
                };
            }
            table.longest = table.longest.max(tokens.len());
            if let Some(slot) = table.values.get_mut(node as usize).filter(|_| node > 0) {
                *slot = Some(value);
            }
        }
        table
    }

    /// The longest phrase that begins `words`, with its length in tokens.
    pub(crate) fn longest_at(&self, words: &[u64]) -> Option<(usize, V)> {
        let mut node = 0;
        let mut best = None;
        for (at, &word) in words.iter().take(self.longest).enumerate() {
            match self.get(key(node, word)) {
                Some(next) => node = next,
                None => break,
            }
            if let Some(Some(value)) = self.values.get(node as usize) {
                best = Some((at + 1, *value));
            }
        }
        best
    }

    /// What a single word stands for.
    pub(crate) fn word(&self, word: u64) -> Option<V> {
        let node = self.get(key(0, word))?;
        self.values.get(node as usize).copied().flatten()
    }

    fn get(&self, key: u64) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = key as usize & mask;
        loop {
            let (found, next) = self.slots[at];
            if found == key {
                return Some(next);
            }
            if found == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    fn insert(&mut self, key: u64, next: u32) {
        if self.values.len() * 4 > self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![(0, 0); old.len() * 2];
            old.into_iter().filter(|slot| slot.0 != 0).for_each(|slot| self.place(slot));
        }
        self.place((key, next));
    }

    fn place(&mut self, slot: (u64, u32)) {
        let mask = self.slots.len() - 1;
        let mut at = slot.0 as usize & mask;
        while self.slots[at].0 != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

/// One number for a node and the word that leaves it; never 0.
fn key(node: u32, word: u64) -> u64 {
    let mixed = (word ^ u64::from(node).wrapping_mul(0xff51_afd7_ed55_8ccd))
        .wrapping_mul(if node == 0 { 1 } else { 0xc4ce_b9fe_1a85_ec53 });
    (mixed ^ (mixed >> 31)) | 1 << 63
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_wins_whatever_the_case() {
        let phrases = Phrases::new([("no", 1), ("no evidence of", 2), ("h/o", 3)]);
        let check = |text: &str, expected: Option<(usize, i32)>| {
            let words: Vec<u64> = tokenise(text).iter().map(|t| fold(t.span.of(text))).collect();
            assert_eq!(phrases.longest_at(&words), expected, "{text}");
        };
        check("No evidence OF disease", Some((3, 2)));
        check("no evidence for", Some((1, 1)));
        check("H/O", Some((3, 3)));
        check("evidence of", None);
        check("", None);
    }
}
