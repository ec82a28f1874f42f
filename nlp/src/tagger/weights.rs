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

/// Places in a bucket: a bucket is one cache line.
const BUCKET: usize = 8;

/// Upper bits of keys, and indexes of their rows from 1; 0 is a free place.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Bucket {
    checks: [u32; BUCKET],
    rows: [u32; BUCKET],
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// A key is in the bucket its lower bits say, or after it if that is full.
    buckets: Vec<Bucket>,
    rows: Vec<[i8; ROW]>,
}

impl Weights {
    fn insert(&mut self, key: u64, row: usize) {
        let mask = self.buckets.len() - 1;
        let mut at = key as usize & mask;
        loop {
            let bucket = &mut self.buckets[at];
            if let Some(free) = bucket.rows.iter().position(|row| *row == 0) {
                bucket.checks[free] = (key >> 8) as u32;
                bucket.rows[free] = row as u32 + 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// The row of a feature from 1, or 0.
    fn find(&self, feature: u64) -> u32 {
        let key = key(feature);
        let check = (key >> 8) as u32;
        let mask = self.buckets.len() - 1;
        let mut at = key as usize & mask;
        loop {
            let bucket = &self.buckets[at];
            let mut found = 0;
            for place in 0..BUCKET {
                // Without a branch: most features have no row, and which do is hard to guess.
                let same = u32::from(bucket.checks[place] == check).wrapping_neg();
                found |= bucket.rows[place] & same;
            }
            if found != 0 || bucket.rows[BUCKET - 1] == 0 {
                return found;
            }
            at = (at + 1) & mask;
        }
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no feature.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the weights of those features that have any.
    pub fn add(&self, features: &[u64], scores: &mut Scores) {
        if self.buckets.is_empty() {
            return;
        }
        // All look-ups first, so that they wait for memory together.
        for features in features.chunks(64) {
            let mut found = [0u32; 64];
            let mut count = 0;
            for feature in features {
                let row = self.find(*feature);
                found[count] = row;
                count += usize::from(row != 0);
            }
            for row in &found[..count] {
                let row = &self.rows[*row as usize - 1];
                for label in 0..ROW {
                    scores[label] = scores[label].wrapping_add(i16::from(row[label]));
                }
            }
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
        let buckets = vec![Bucket::default(); (count / 4).next_power_of_two().max(256)];
        let mut weights = Self { buckets, rows: vec![[0; ROW]; count] };
        let mut key = 0u64;
        for row in 0..count {
            key = key.saturating_add(reader.varint()?);
            if key >> KEY_BITS != 0 {
                return Err(ModelError::Malformed("feature key"));
            }
            weights.insert(key, row);
        }
        for label in 0..labels {
            for (row, weight) in weights.rows.iter_mut().zip(reader.bytes(count)?) {
                row[label] = *weight as i8;
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
            weights.add(&[feature], &mut scores);
            assert_eq!(scores[..3], [5 + at as i16, 4, 5]);
        }
        let mut scores = [0; ROW];
        weights.add(&[4 << 24], &mut scores);
        assert_eq!(scores, [0; ROW]);
        for length in 0..bytes.len() {
            assert!(Weights::parse(&bytes[..length]).is_err(), "{length} bytes");
        }
    }
}
