//! What is known of single words from text without labels: which words keep the same company, and
//! in which kinds of terms they occur.
//!
//! File: `TWD1`; number of words; a hash table from word to row; five planes of one byte per row.

use std::collections::BTreeMap;

use crate::codec::{Reader, Writer};
use crate::lexicon::HashTable;
use crate::models::ModelError;

const HASH_MASK: u64 = (1 << 48) - 1;

/// Bytes known of each word.
const PLANES: usize = 5;

/// What is known of a word; all zero for a word never seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordCodes {
    /// Its cluster among some hundreds, from 1.
    pub fine: u16,
    /// Its cluster among a hundred, from 1.
    pub middle: u8,
    /// Its cluster among some dozens, from 1.
    pub coarse: u8,
    /// In which kinds of terms it occurs, and how, as the trainer numbers them; 0 for none.
    pub profile: u8,
}

/// Codes of known words.
#[derive(Clone, Debug, Default)]
pub struct Words {
    table: HashTable,
    rows: Vec<WordCodes>,
}

impl Words {
    /// At most this many words are kept.
    pub const COUNT_MAX: usize = u16::MAX as usize - 1;

    /// Builds the table from lower-cased words and their codes; words beyond
    /// [`Self::COUNT_MAX`] are dropped.
    pub fn build<'w>(words: impl IntoIterator<Item = (&'w str, WordCodes)>) -> Self {
        let mut index = BTreeMap::new();
        let mut rows = Vec::new();
        for (word, codes) in words.into_iter().take(Self::COUNT_MAX) {
            if let std::collections::btree_map::Entry::Vacant(entry) =
                index.entry(word_hash(word) & HASH_MASK)
            {
                rows.push(codes);
                entry.insert(rows.len() as u16);
            }
        }
        // Rows follow the order of hashes, so the same words give the same bytes.
        let ordered = index.values().map(|row| rows[usize::from(*row) - 1]).collect();
        for (row, (_, value)) in index.iter_mut().enumerate() {
            *value = row as u16 + 1;
        }
        Self { table: HashTable::new(&index), rows: ordered }
    }

    /// What is known of the word with this [`word_hash`].
    pub fn get(&self, hash: u64) -> WordCodes {
        match self.table.get(hash & HASH_MASK) {
            Some(row) => self.rows.get(usize::from(row) - 1).copied().unwrap_or_default(),
            None => WordCodes::default(),
        }
    }

    pub(crate) fn render(&self) -> Vec<u8> {
        let mut writer = Writer::new(b"TWD1");
        self.table.render(&mut writer, true);
        for plane in 0..PLANES {
            for row in &self.rows {
                writer.byte(match plane {
                    0 => row.fine as u8,
                    1 => (row.fine >> 8) as u8,
                    2 => row.middle,
                    3 => row.coarse,
                    _ => row.profile,
                });
            }
        }
        writer.into_bytes()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader::new(bytes, b"TWD1")?;
        let table = HashTable::parse(&mut reader, true)?;
        let count = table.len();
        let mut planes = [&[][..]; PLANES];
        for plane in &mut planes {
            *plane = reader.bytes(count)?;
        }
        reader.finish()?;
        let rows = (0..count)
            .map(|row| WordCodes {
                fine: u16::from(planes[0][row]) | u16::from(planes[1][row]) << 8,
                middle: planes[2][row],
                coarse: planes[3][row],
                profile: planes[4][row],
            })
            .collect();
        Ok(Self { table, rows })
    }
}

/// The hash words are known by: of the lower-cased word, its digits all `0`.
pub fn word_hash(lower: &str) -> u64 {
    if !lower.bytes().any(|byte| byte.is_ascii_digit()) {
        return xxhash_rust::xxh3::xxh3_64(lower.as_bytes());
    }
    let flat: String = lower.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    xxhash_rust::xxh3::xxh3_64(flat.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rendered_is_read_back() {
        let codes = WordCodes { fine: 700, middle: 3, coarse: 2, profile: 9 };
        let words = Words::build([("fever", codes), ("mg", WordCodes::default())]);
        let bytes = words.render();
        let read = Words::parse(&bytes).expect("what was rendered");
        assert_eq!(read.get(word_hash("fever")), codes);
        assert_eq!(read.get(word_hash("cough")), WordCodes::default());
        assert_eq!(read.render(), bytes);
        for length in 0..bytes.len() {
            assert!(Words::parse(&bytes[..length]).is_err(), "{length} bytes");
        }
    }
}
