//! The weights of all taggers in one table: a feature's row holds one small integer for each label
//! of each tagger, so one look-up serves all.
//!
//! File: `TWT1`; number of labels; number of features; their 40-bit keys in ascending order as
//! variable-length differences; then one plane of bytes per label.

use std::collections::BTreeMap;

use crate::codec::{Reader, Writer};
use crate::models::ModelError;

/// Length of a row; labels beyond it do not fit.
pub const ROW: usize = 72;

/// Scores of one token, of all labels of all taggers.
pub type Scores = [i16; ROW];

const KEY_BITS: u32 = 40;

/// The key a feature's hash is kept under.
pub fn key(feature: u64) -> u64 {
    feature >> (64 - KEY_BITS)
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// Upper bits of the key and index of the row from 1, at the place the lower bits say or after.
    slots: Vec<(u32, u32)>,
    rows: Vec<i8>,
}

impl Weights {
    fn insert(&mut self, key: u64, row: usize) {
        let mask = self.slots.len() - 1;
        let mut at = key as usize & mask;
        while self.slots[at].1 != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = ((key >> 8) as u32, row as u32 + 1);
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.rows.len() / ROW
    }

    /// Whether it has no feature.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a feature's weights, if it has any.
    pub fn add(&self, feature: u64, scores: &mut Scores) {
        if self.slots.is_empty() {
            return;
        }
        let key = key(feature);
        let mask = self.slots.len() - 1;
        let mut at = key as usize & mask;
        loop {
            let (check, row) = self.slots[at];
            if row == 0 {
                return;
            }
            if check == (key >> 8) as u32 {
                let row = &self.rows[(row as usize - 1) * ROW..][..ROW];
                for (score, weight) in scores.iter_mut().zip(row) {
                    *score = score.wrapping_add(i16::from(*weight));
                }
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// The file of a table of `labels` columns with rows by [`key`]; rows are cut or filled up to
    /// `labels`.
    pub fn render(labels: usize, rows: &BTreeMap<u64, Vec<i8>>) -> Vec<u8> {
        let labels = labels.min(ROW);
        let mut writer = Writer::new(b"TWT1");
        writer.count(labels);
        writer.count(rows.len());
        let mut last = 0;
        for key in rows.keys() {
            writer.varint(key - last);
            last = *key;
        }
        for label in 0..labels {
            for row in rows.values() {
                writer.byte(row.get(label).copied().unwrap_or(0) as u8);
            }
        }
        writer.into_bytes()
    }

    /// Reads what [`Self::render`] wrote.
    ///
    /// # Errors
    /// [`ModelError`] if the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader::new(bytes, b"TWT1")?;
        let labels = reader.count(0)?;
        if labels == 0 || labels > ROW {
            return Err(ModelError::Malformed("number of labels"));
        }
        let count = reader.count(1 + labels)?;
        let slots = vec![(0, 0); (count + count / 2).next_power_of_two().max(256)];
        let mut weights = Self { slots, rows: vec![0; count * ROW] };
        let mut key = 0u64;
        for row in 0..count {
            key = key.saturating_add(reader.varint()?);
            if key >> KEY_BITS != 0 {
                return Err(ModelError::Malformed("feature key"));
            }
            weights.insert(key, row);
        }
        for label in 0..labels {
            for (row, weight) in reader.bytes(count)?.iter().enumerate() {
                weights.rows[row * ROW + label] = *weight as i8;
            }
        }
        reader.finish()?;
        Ok(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_feature() {
        let features = [3u64 << 24, 77 << 30, u64::MAX];
        let rows: BTreeMap<u64, Vec<i8>> =
            features.iter().enumerate().map(|(at, f)| (key(*f), vec![at as i8, -1])).collect();
        let bytes = Weights::render(2, &rows);
        let weights = Weights::parse(&bytes).expect("what was rendered");
        assert_eq!(weights.len(), 3);
        for (at, feature) in features.into_iter().enumerate() {
            let mut scores = [5; ROW];
            weights.add(feature, &mut scores);
            assert_eq!(scores[..3], [5 + at as i16, 4, 5]);
        }
        let mut scores = [0; ROW];
        weights.add(4 << 24, &mut scores);
        assert_eq!(scores, [0; ROW]);
        for length in 0..bytes.len() {
            assert!(Weights::parse(&bytes[..length]).is_err(), "{length} bytes");
        }
    }
}
