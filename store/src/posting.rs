//! Sets of ordinals: how they lie on disk, and how they unite.
//!
//! A stored set holds the low halves of the ordinals of one container: a kind byte, then the
//! shortest of a sorted array, runs, or a bitmap. Payloads are laid out as the Roaring format has
//! them, so whole bitmaps are put together by copying.
//!
//! Always true:
//! - a stored set is never empty;
//! - union is associative, commutative and idempotent: the engine may merge in any grouping.
//!
//! Spec: <https://github.com/RoaringBitmap/RoaringFormatSpec>

use roaring::RoaringBitmap;
use std::collections::BTreeMap;

const ARRAY: u8 = 0;
const RUNS: u8 = 1;
const BITMAP: u8 = 2;
const BITMAP_BYTES: usize = 8192;

/// Stores ascending, distinct low halves.
pub(crate) fn encode(lows: &[u16]) -> Vec<u8> {
    let runs = 1 + lows.windows(2).filter(|pair| pair[1] != pair[0].wrapping_add(1)).count();
    let (array_bytes, run_bytes) = (lows.len() * 2, runs * 4);
    if run_bytes < array_bytes && run_bytes < BITMAP_BYTES {
        let mut out = Vec::with_capacity(1 + run_bytes);
        out.push(RUNS);
        let mut start = lows[0];
        let mut last = start;
        for &low in &lows[1..] {
            if low != last.wrapping_add(1) {
                push_run(&mut out, start, last);
                start = low;
            }
            last = low;
        }
        push_run(&mut out, start, last);
        out
    } else if array_bytes <= BITMAP_BYTES {
        let mut out = Vec::with_capacity(1 + array_bytes);
        out.push(ARRAY);
        for low in lows {
            out.extend_from_slice(&low.to_le_bytes());
        }
        out
    } else {
        let mut words = vec![0u64; 1024];
        for &low in lows {
            words[low as usize >> 6] |= 1 << (low & 63);
        }
        encode_words(&words)
    }
}

/// Stores one low half.
pub(crate) fn encode_one(low: u16) -> [u8; 3] {
    let [a, b] = low.to_le_bytes();
    [ARRAY, a, b]
}

fn push_run(out: &mut Vec<u8>, start: u16, last: u16) {
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&(last - start).to_le_bytes());
}

fn encode_words(words: &[u64]) -> Vec<u8> {
    let count: u32 = words.iter().map(|word| word.count_ones()).sum();
    // A run starts where a bit is set and the one below is not.
    let mut runs = 0;
    let mut carry = 0;
    for &word in words {
        runs += (word & !((word << 1) | carry)).count_ones();
        carry = word >> 63;
    }
    if (runs as usize) * 4 < BITMAP_BYTES || (count as usize) * 2 <= BITMAP_BYTES {
        let mut lows = Vec::with_capacity(count as usize);
        for (index, &word) in words.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                lows.push(((index as u32) << 6 | rest.trailing_zeros()) as u16);
                rest &= rest - 1;
            }
        }
        return encode(&lows);
    }
    let mut out = Vec::with_capacity(1 + BITMAP_BYTES);
    out.push(BITMAP);
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out
}

/// How many ordinals a stored set holds.
pub(crate) fn count(set: &[u8]) -> usize {
    match set.split_first() {
        Some((&ARRAY, rest)) => rest.len() / 2,
        Some((&RUNS, rest)) => rest
            .as_chunks::<4>()
            .0
            .iter()
            .map(|run| u16::from_le_bytes([run[2], run[3]]) as usize + 1)
            .sum(),
        Some((&BITMAP, rest)) => words_of(rest).map(|word| word.count_ones() as usize).sum(),
        _ => 0,
    }
}

fn words_of(payload: &[u8]) -> impl Iterator<Item = u64> + '_ {
    payload.as_chunks::<8>().0.iter().take(1024).map(|bytes| u64::from_le_bytes(*bytes))
}

/// Unites stored sets: the engine's merge operator for postings.
pub(crate) fn union<'a>(sets: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut union = Accumulator::default();
    for set in sets {
        union.add(set);
    }
    union.encode()
}

/// A union in the making within one container: an unsorted list while small, then a bitmap.
#[derive(Default)]
struct Accumulator {
    lows: Vec<u16>,
    words: Option<Box<[u64; 1024]>>,
}

impl Accumulator {
    fn add(&mut self, set: &[u8]) {
        let Some((&kind, rest)) = set.split_first() else { return };
        if self.words.is_none() && (kind != ARRAY || self.lows.len() + rest.len() / 2 > 8192) {
            let small = kind == RUNS && self.lows.len() + count(set) <= 8192;
            if !small {
                let mut words = Box::new([0u64; 1024]);
                for low in self.lows.drain(..) {
                    words[low as usize >> 6] |= 1 << (low & 63);
                }
                self.words = Some(words);
            }
        }
        match (&mut self.words, kind) {
            (None, ARRAY) => {
                self.lows.extend(rest.as_chunks::<2>().0.iter().map(|low| u16::from_le_bytes(*low)))
            }
            (None, _) => {
                for run in rest.as_chunks::<4>().0 {
                    let start = u16::from_le_bytes([run[0], run[1]]);
                    let last = start.saturating_add(u16::from_le_bytes([run[2], run[3]]));
                    self.lows.extend(start..=last);
                }
            }
            (Some(words), ARRAY) => {
                for low in rest.as_chunks::<2>().0 {
                    let low = u16::from_le_bytes(*low);
                    words[low as usize >> 6] |= 1 << (low & 63);
                }
            }
            (Some(words), RUNS) => {
                for run in rest.as_chunks::<4>().0 {
                    let start = u16::from_le_bytes([run[0], run[1]]);
                    let last = start.saturating_add(u16::from_le_bytes([run[2], run[3]]));
                    set_range(words, start, last);
                }
            }
            (Some(words), _) => {
                for (word, more) in words.iter_mut().zip(words_of(rest)) {
                    *word |= more;
                }
            }
        }
    }

    fn encode(mut self) -> Vec<u8> {
        match self.words {
            Some(words) => encode_words(&words[..]),
            None => {
                self.lows.sort_unstable();
                self.lows.dedup();
                if self.lows.is_empty() { Vec::new() } else { encode(&self.lows) }
            }
        }
    }
}

fn set_range(words: &mut [u64; 1024], start: u16, last: u16) {
    let (first_word, last_word) = (start as usize >> 6, last as usize >> 6);
    let head = u64::MAX << (start & 63);
    let tail = u64::MAX >> (63 - (last & 63));
    if first_word == last_word {
        words[first_word] |= head & tail;
    } else {
        words[first_word] |= head;
        for word in &mut words[first_word + 1..last_word] {
            *word = u64::MAX;
        }
        words[last_word] |= tail;
    }
}

/// Puts stored sets of several containers together into one bitmap.
#[derive(Default)]
pub(crate) struct Union {
    containers: BTreeMap<u16, Part>,
}

enum Part {
    Stored(Vec<u8>),
    Growing(Accumulator),
}

impl Union {
    /// Adds a stored set of one container.
    pub(crate) fn add(&mut self, container: u16, set: &[u8]) {
        use std::collections::btree_map::Entry;
        match self.containers.entry(container) {
            Entry::Vacant(place) => {
                place.insert(Part::Stored(set.to_vec()));
            }
            Entry::Occupied(mut place) => {
                let part = place.get_mut();
                if let Part::Stored(first) = part {
                    let mut growing = Accumulator::default();
                    growing.add(first);
                    *part = Part::Growing(growing);
                }
                if let Part::Growing(growing) = part {
                    growing.add(set);
                }
            }
        }
    }

    /// The whole bitmap.
    pub(crate) fn finish(self) -> RoaringBitmap {
        let sets: Vec<(u16, Vec<u8>)> = self
            .containers
            .into_iter()
            .map(|(container, part)| match part {
                Part::Stored(set) => (container, set),
                Part::Growing(growing) => (container, growing.encode()),
            })
            .filter(|(_, set)| !set.is_empty())
            .collect();
        assemble(&sets)
    }
}

/// Writes the sets as one portable Roaring bitmap and reads that: payloads are copied, not walked.
fn assemble(sets: &[(u16, Vec<u8>)]) -> RoaringBitmap {
    if sets.is_empty() {
        return RoaringBitmap::new();
    }
    let bytes: usize = sets.iter().map(|(_, set)| set.len() + 10).sum();
    let mut out = Vec::with_capacity(bytes + 16);
    let any_runs = sets.iter().any(|(_, set)| set[0] == RUNS);
    if any_runs {
        out.extend_from_slice(&(12347u32 | ((sets.len() as u32 - 1) << 16)).to_le_bytes());
        let mut flags = vec![0u8; sets.len().div_ceil(8)];
        for (index, (_, set)) in sets.iter().enumerate() {
            if set[0] == RUNS {
                flags[index / 8] |= 1 << (index % 8);
            }
        }
        out.extend_from_slice(&flags);
    } else {
        out.extend_from_slice(&12346u32.to_le_bytes());
        out.extend_from_slice(&(sets.len() as u32).to_le_bytes());
    }
    let mut offsets = Vec::with_capacity(sets.len());
    let has_offsets = !any_runs || sets.len() >= 4;
    let mut offset = out.len() + sets.len() * if has_offsets { 8 } else { 4 };
    for (container, set) in sets {
        out.extend_from_slice(&container.to_le_bytes());
        out.extend_from_slice(&((count(set) - 1) as u16).to_le_bytes());
        offsets.push(offset as u32);
        offset += set.len() - 1 + if set[0] == RUNS { 2 } else { 0 };
    }
    if has_offsets {
        for offset in offsets {
            out.extend_from_slice(&offset.to_le_bytes());
        }
    }
    for (_, set) in sets {
        if set[0] == RUNS {
            out.extend_from_slice(&(((set.len() - 1) / 4) as u16).to_le_bytes());
        }
        out.extend_from_slice(&set[1..]);
    }
    RoaringBitmap::deserialize_from(&out[..]).unwrap_or_else(|_| walk(sets))
}

/// The slow way, for sets the reader above refuses (a damaged one contributes what it can).
fn walk(sets: &[(u16, Vec<u8>)]) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for (container, set) in sets {
        let mut part = Accumulator { words: Some(Box::new([0; 1024])), ..Accumulator::default() };
        part.add(set);
        for (index, &word) in part.words.as_deref().into_iter().flatten().enumerate() {
            let mut rest = word;
            while rest != 0 {
                all.insert((*container as u32) << 16 | (index as u32) << 6 | rest.trailing_zeros());
                rest &= rest - 1;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn lows() -> impl Strategy<Value = BTreeSet<u16>> {
        prop_oneof![
            proptest::collection::btree_set(any::<u16>(), 1..50),
            proptest::collection::btree_set(any::<u16>(), 5000..6000),
            (any::<u16>(), 1u16..9000)
                .prop_map(|(start, n)| (start..=start.saturating_add(n)).collect()),
            (0u16..3, 2usize..5)
                .prop_map(|(start, step)| (start..u16::MAX).step_by(step).collect()),
            Just((0..=u16::MAX).collect()),
        ]
    }

    fn stored(set: &BTreeSet<u16>) -> Vec<u8> {
        encode(&set.iter().copied().collect::<Vec<_>>())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_stored_set_reads_back(set in lows(), container in any::<u16>()) {
            let bytes = stored(&set);
            prop_assert_eq!(count(&bytes), set.len());
            let mut union = Union::default();
            union.add(container, &bytes);
            let expected: RoaringBitmap = set.iter().map(|&low| (container as u32) << 16 | low as u32).collect();
            prop_assert_eq!(union.finish(), expected);
        }

        #[test]
        fn union_is_the_same_in_any_grouping(a in lows(), b in lows(), c in lows()) {
            let all: BTreeSet<u16> = a.iter().chain(&b).chain(&c).copied().collect();
            let (x, y, z) = (stored(&a), stored(&b), stored(&c));
            let left = union([&union([&x[..], &y].into_iter())[..], &z].into_iter());
            let right = union([&x[..], &union([&y[..], &z].into_iter())].into_iter());
            prop_assert_eq!(&left, &right);
            prop_assert_eq!(&left, &stored(&all));
            prop_assert_eq!(&union([&left[..], &x].into_iter()), &left);
        }

        #[test]
        fn containers_come_together(sets in proptest::collection::vec((0u16..6, lows()), 1..9)) {
            let mut union = Union::default();
            let mut expected = RoaringBitmap::new();
            for (container, set) in &sets {
                union.add(*container, &stored(set));
                expected.extend(set.iter().map(|&low| (*container as u32) << 16 | low as u32));
            }
            prop_assert_eq!(union.finish(), expected);
        }

        #[test]
        fn damaged_sets_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = union([&bytes[..], &bytes].into_iter());
            let _ = count(&bytes);
        }
    }
}
