//! The order of everything: how keys are laid out.
//!
//! A key starts with its family, one letter, then the resource type's number. Numbers are
//! big-endian, so that byte order is number order. Texts end with a zero byte; zeros and ones
//! inside a text are escaped, so that no text's key is the beginning of another's.
//!
//! | family | key | value |
//! |---|---|---|
//! | `A` annotated | type, container | [`crate::posting`]: ordinals that repeat a version with findings |
//! | `B` body | type, first ordinal | [`crate::block`]: many bodies, compressed |
//! | `C` column | type, parameter, container | [`crate::column`]: segments, concatenated by merging |
//! | `D` dead | type, container | [`crate::posting`]: ordinals no longer current |
//! | `H` history | type, id, inverted ordinal | [`crate::record::VersionRecord`] of a replaced version |
//! | `L` log | commit | [`crate::record::LogRecord`] |
//! | `M` meta | name | format number |
//! | `O` orphan | type, container | [`crate::posting`]: ordinals of a bulk chunk a crash cut off |
//! | `P` posting | type, parameter, kind, value, container | [`crate::posting`]: ordinals, united by merging |
//! | `R` run | type, commit | [`crate::record::RunRecord`]: the ordinals one commit gave out |
//! | `V` version | type, id | [`crate::record::VersionRecord`] of the newest version |
//!
//! A container is the high half of an ordinal: postings and columns are kept for 65,536 ordinals
//! at a time, and sets are intersected container by container.

use fhir::{
    ResourceType,
    search::{ParameterId, Target},
};
use xxhash_rust::xxh3::xxh3_128;

pub(crate) const ANNOTATED: u8 = b'A';
pub(crate) const BODY: u8 = b'B';
pub(crate) const COLUMN: u8 = b'C';
pub(crate) const DEAD: u8 = b'D';
pub(crate) const HISTORY: u8 = b'H';
pub(crate) const LOG: u8 = b'L';
pub(crate) const ORPHAN: u8 = b'O';
pub(crate) const POSTING: u8 = b'P';
pub(crate) const RUN: u8 = b'R';
pub(crate) const VERSION: u8 = b'V';

/// Posting of every resource that has the parameter at all, for `:missing`.
pub(crate) const PRESENT: u8 = 0;
/// Posting of one value.
pub(crate) const VALUE: u8 = 1;
/// Posting of one token system, for `system|`.
pub(crate) const SYSTEM: u8 = 2;

/// Longest text kept as it is in a key; the rest of a longer one is replaced by its hash.
pub(crate) const TEXT_MAX: usize = 240;
/// What is kept of a longer one.
pub(crate) const TEXT_KEPT: usize = 200;

/// High half of an ordinal.
pub(crate) fn container(ordinal: u32) -> u16 {
    (ordinal >> 16) as u16
}

/// Low half of an ordinal.
pub(crate) fn low(ordinal: u32) -> u16 {
    ordinal as u16
}

/// Appends a text without its end: what a prefix search needs.
pub(crate) fn push_open_text(key: &mut Vec<u8>, text: &[u8]) {
    if text.iter().all(|&b| b > 1) {
        key.extend_from_slice(text);
        return;
    }
    for &byte in text {
        match byte {
            0 => key.extend_from_slice(&[1, 1]),
            1 => key.extend_from_slice(&[1, 2]),
            _ => key.push(byte),
        }
    }
}

/// Appends a whole text. One longer than [`TEXT_MAX`] keeps its beginning and a 128-bit hash of all of it.
pub(crate) fn push_text(key: &mut Vec<u8>, text: &[u8]) {
    if text.len() <= TEXT_MAX {
        push_open_text(key, text);
    } else {
        push_open_text(key, &text[..TEXT_KEPT]);
        // 0x01 0x03 cannot come from a text: shortened values never equal a whole one.
        key.extend_from_slice(&[1, 3]);
        for nibble in xxh3_128(text).to_be_bytes() {
            key.push(b'A' + (nibble >> 4));
            key.push(b'A' + (nibble & 15));
        }
    }
    key.push(0);
}

/// Reads back a text written by [`push_text`]: its bytes, whether it is whole, and what follows it.
pub(crate) fn split_text(key: &[u8]) -> Option<(Vec<u8>, bool, &[u8])> {
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        match *key.get(at)? {
            0 => return Some((text, true, &key[at + 1..])),
            1 => match *key.get(at + 1)? {
                1 => text.push(0),
                2 => text.push(1),
                _ => {
                    let end = at + 2 + 32;
                    return (*key.get(end)? == 0).then(|| (text, false, &key[end + 1..]));
                }
            },
            byte => {
                text.push(byte);
                at += 1;
                continue;
            }
        }
        at += 2;
    }
}

/// `P`, type, parameter, kind: what all postings of one parameter begin with.
pub(crate) fn posting(resource_type: ResourceType, parameter: ParameterId, kind: u8) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    push_posting(&mut key, resource_type, parameter, kind);
    key
}

/// Bytes [`posting`] writes.
pub(crate) const POSTING_HEAD: usize = 5;

/// Appends what [`posting`] returns.
pub(crate) fn push_posting(
    key: &mut Vec<u8>,
    resource_type: ResourceType,
    parameter: ParameterId,
    kind: u8,
) {
    key.extend_from_slice(&[POSTING, resource_type.number()]);
    key.extend_from_slice(&parameter.0.to_be_bytes());
    key.push(kind);
}

/// Appends a token's value: code before system, so that a bare code is a prefix.
pub(crate) fn push_token(key: &mut Vec<u8>, system: &str, code: &str) {
    push_text(key, code.as_bytes());
    push_text(key, system.as_bytes());
}

/// Appends where a reference points.
pub(crate) fn push_target(key: &mut Vec<u8>, target: &Target<'_>) {
    match target {
        Target::Local { resource_type, id } => push_local(key, *resource_type, id),
        Target::Url(url) => {
            key.push(b'u');
            push_text(key, url.as_bytes());
        }
    }
}

/// Appends a reference to a resource of this store.
pub(crate) fn push_local(key: &mut Vec<u8>, resource_type: ResourceType, id: &str) {
    key.extend_from_slice(&[b'l', resource_type.number()]);
    push_text(key, id.as_bytes());
}

/// Column of one container.
pub(crate) fn column(
    resource_type: ResourceType,
    parameter: ParameterId,
    container: u16,
) -> [u8; 6] {
    let [a, b] = parameter.0.to_be_bytes();
    let [c, d] = container.to_be_bytes();
    [COLUMN, resource_type.number(), a, b, c, d]
}

/// Newest version of one resource.
pub(crate) fn version(resource_type: ResourceType, id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(id.len() + 2);
    key.extend_from_slice(&[VERSION, resource_type.number()]);
    key.extend_from_slice(id.as_bytes());
    key
}

/// What the replaced versions of one resource begin with.
pub(crate) fn history(resource_type: ResourceType, id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(id.len() + 7);
    key.extend_from_slice(&[HISTORY, resource_type.number()]);
    push_text(&mut key, id.as_bytes());
    key
}

/// One replaced version: newest first within a resource.
pub(crate) fn history_of(resource_type: ResourceType, id: &str, ordinal: u32) -> Vec<u8> {
    let mut key = history(resource_type, id);
    key.extend_from_slice(&(!ordinal).to_be_bytes());
    key
}

/// Body block starting at an ordinal.
pub(crate) fn body(resource_type: ResourceType, first: u32) -> [u8; 6] {
    let [a, b, c, d] = first.to_be_bytes();
    [BODY, resource_type.number(), a, b, c, d]
}

/// A set of ordinals kept per type: [`ANNOTATED`], [`DEAD`] or [`ORPHAN`].
pub(crate) fn per_type(family: u8, resource_type: ResourceType, container: u16) -> [u8; 4] {
    let [a, b] = container.to_be_bytes();
    [family, resource_type.number(), a, b]
}

/// The log entry of a commit.
pub(crate) fn log(commit: u64) -> [u8; 9] {
    let mut key = [LOG; 9];
    key[1..].copy_from_slice(&commit.to_be_bytes());
    key
}

/// The ordinals a commit gave out in a type.
pub(crate) fn run(resource_type: ResourceType, commit: u64) -> [u8; 10] {
    let mut key = [RUN; 10];
    key[1] = resource_type.number();
    key[2..].copy_from_slice(&commit.to_be_bytes());
    key
}

/// The first key after every key that begins with `prefix`.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// The last four bytes of a key as a number.
pub(crate) fn tail_u32(key: &[u8]) -> Option<u32> {
    let tail = key.get(key.len().checked_sub(4)?..)?;
    Some(u32::from_be_bytes(tail.try_into().ok()?))
}

/// The last two bytes of a key as a number.
pub(crate) fn tail_u16(key: &[u8]) -> Option<u16> {
    let tail = key.get(key.len().checked_sub(2)?..)?;
    Some(u16::from_be_bytes(tail.try_into().ok()?))
}

/// The last eight bytes of a key as a number.
pub(crate) fn tail_u64(key: &[u8]) -> Option<u64> {
    let tail = key.get(key.len().checked_sub(8)?..)?;
    Some(u64::from_be_bytes(tail.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_key(text: &[u8]) -> Vec<u8> {
        let mut key = Vec::new();
        push_text(&mut key, text);
        key
    }

    proptest! {
        #[test]
        fn keys_of_short_texts_sort_like_the_texts(a in proptest::collection::vec(0u8..5, 0..12), b in proptest::collection::vec(0u8..5, 0..12)) {
            prop_assert_eq!(text_key(&a).cmp(&text_key(&b)), a.cmp(&b));
        }

        #[test]
        fn a_text_is_read_back_and_never_begins_another(a in proptest::collection::vec(any::<u8>(), 0..300), b in proptest::collection::vec(any::<u8>(), 0..300)) {
            let key = text_key(&a);
            let (text, whole, rest) = split_text(&key).expect("a key just written");
            prop_assert!(rest.is_empty());
            prop_assert_eq!(whole, a.len() <= TEXT_MAX);
            if whole { prop_assert_eq!(&text, &a) } else { prop_assert_eq!(&text[..], &a[..TEXT_KEPT]) }
            if a != b { prop_assert!(!text_key(&b).starts_with(&key)); }
        }

        #[test]
        fn the_end_of_a_prefix_lies_after_all_its_keys(prefix in proptest::collection::vec(any::<u8>(), 1..6), rest in proptest::collection::vec(any::<u8>(), 0..6)) {
            prop_assume!(prefix.iter().any(|&b| b < u8::MAX));
            let key: Vec<u8> = prefix.iter().chain(&rest).copied().collect();
            let end = after(&prefix);
            prop_assert!(key < end);
            prop_assert!(prefix < end);
        }
    }
}
