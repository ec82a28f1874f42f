//! Body blocks: the texts of many resources, compressed together.
//!
//! A block holds the versions of consecutive ordinals of one type, all of one commit. Its head is
//! not compressed, because the commit is only known once the compressing is done:
//!
//! `commit, time, count, exceptions (index, version id)*, raw length, zstd payload`
//!
//! and the payload is `(id length, flags, body length)*`, the ids, the bodies. A version whose id
//! is not among the exceptions is version 1. A deletion has no body.

use crate::{
    Error,
    record::{Reader, push_number},
};
use bytes::Bytes;
use std::{cell::RefCell, ops::Range};

const DELETED: u64 = 1;

/// Level 3: a third smaller than level 1 on health records, at a microsecond a resource.
const LEVEL: i32 = 3;

thread_local! {
    // A compressor holds half a megabyte of tables; making one per write would cost more than using it.
    static COMPRESSOR: RefCell<zstd::bulk::Compressor<'static>> = RefCell::new(zstd::bulk::Compressor::new(LEVEL).expect("zstd has this level"));
}

/// A compressed payload, and how many versions are in it.
pub(crate) struct Payload {
    pub count: u32,
    raw_len: u32,
    compressed: Vec<u8>,
}

/// Compresses versions, each an id and a body (`None` for a deletion).
pub(crate) fn compress<'a>(
    versions: impl Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
) -> Result<Payload, Error> {
    let mut raw = Vec::new();
    let mut count = 0;
    for (id, body) in versions.clone() {
        count += 1;
        push_number(&mut raw, id.len() as u64);
        push_number(&mut raw, body.map_or(DELETED, |body| (body.len() as u64) << 1));
    }
    for (id, _) in versions.clone() {
        raw.extend_from_slice(id.as_bytes());
    }
    for (_, body) in versions {
        raw.extend_from_slice(body.unwrap_or_default());
    }
    let compressed = COMPRESSOR
        .with_borrow_mut(|compressor| compressor.compress(&raw))
        .map_err(Error::Append)?;
    Ok(Payload { count, raw_len: raw.len() as u32, compressed })
}

impl Payload {
    /// Bytes it takes, compressed.
    pub(crate) fn bytes(&self) -> usize {
        self.compressed.len()
    }

    /// The whole block; `exceptions` are places within it and their version ids, where not 1.
    pub(crate) fn encode(&self, commit: u64, time_us: i64, exceptions: &[(u32, u64)]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.compressed.len() + 32 + exceptions.len() * 4);
        push_number(&mut out, commit);
        push_number(&mut out, time_us as u64);
        push_number(&mut out, self.count.into());
        push_number(&mut out, exceptions.len() as u64);
        for &(index, version_id) in exceptions {
            push_number(&mut out, index.into());
            push_number(&mut out, version_id);
        }
        push_number(&mut out, self.raw_len.into());
        out.extend_from_slice(&self.compressed);
        out
    }
}

/// A block read back.
pub(crate) struct Block {
    pub first: u32,
    pub commit: u64,
    pub time_us: i64,
    exceptions: Vec<(u32, u64)>,
    entries: Vec<(Range<u32>, Option<Range<u32>>)>,
    raw: Bytes,
}

/// Reads how many versions a block holds, without decompressing it.
pub(crate) fn count(value: &[u8]) -> Result<u32, Error> {
    let mut from = Reader(value);
    (|| {
        from.number()?;
        from.number()?;
        from.small()
    })()
    .ok_or(Error::Damaged { what: "a body block" })
}

impl Block {
    pub(crate) fn decode(first: u32, value: &[u8]) -> Result<Self, Error> {
        Self::read(first, value).ok_or(Error::Damaged { what: "a body block" })
    }

    fn read(first: u32, value: &[u8]) -> Option<Self> {
        let mut from = Reader(value);
        let commit = from.number()?;
        let time_us = from.number()? as i64;
        let count = from.small()?;
        let mut exceptions = Vec::new();
        for _ in 0..from.small()? {
            exceptions.push((from.small()?, from.number()?));
        }
        let raw_len = from.small()?;
        let raw = zstd::bulk::decompress(from.0, raw_len as usize).ok()?;
        let mut directory = Reader(&raw);
        let mut lengths = Vec::with_capacity(count.min(raw_len) as usize);
        let (mut id_bytes, mut body_bytes) = (0u32, 0u32);
        for _ in 0..count {
            let id_len = directory.small()?;
            let word = directory.number()?;
            let body_len = u32::try_from(word >> 1).ok()?;
            id_bytes = id_bytes.checked_add(id_len)?;
            body_bytes = body_bytes.checked_add(body_len)?;
            lengths.push((id_len, (word & DELETED == 0).then_some(body_len)));
        }
        let mut id_at = raw_len.checked_sub(directory.0.len() as u32)?;
        let mut body_at = id_at.checked_add(id_bytes)?;
        if body_at.checked_add(body_bytes)? != raw.len() as u32 {
            return None;
        }
        let entries = lengths
            .into_iter()
            .map(|(id_len, body_len)| {
                let id = id_at..id_at + id_len;
                let body = body_len.map(|len| body_at..body_at + len);
                id_at += id_len;
                body_at += body_len.unwrap_or(0);
                (id, body)
            })
            .collect();
        Some(Self { first, commit, time_us, exceptions, entries, raw: raw.into() })
    }

    /// First ordinal after the block.
    pub(crate) fn end(&self) -> u32 {
        self.first + self.entries.len() as u32
    }

    /// Id, version id and body of an ordinal in the block.
    pub(crate) fn get(&self, ordinal: u32) -> Result<(&str, u64, Option<Bytes>), Error> {
        let index = ordinal.wrapping_sub(self.first);
        let (id, body) = self
            .entries
            .get(index as usize)
            .ok_or(Error::Damaged { what: "a body block that should hold an ordinal" })?;
        let id = std::str::from_utf8(&self.raw[id.start as usize..id.end as usize])
            .map_err(|_| Error::Damaged { what: "an id in a body block" })?;
        let version_id = self
            .exceptions
            .binary_search_by_key(&index, |&(index, _)| index)
            .map_or(1, |at| self.exceptions[at].1);
        let body = body.as_ref().map(|body| self.raw.slice(body.start as usize..body.end as usize));
        Ok((id, version_id, body))
    }

    /// Bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        self.raw.len() + self.entries.len() * 24 + 128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_back_ids_versions_and_bodies() {
        let versions = [("a", Some(&b"first"[..])), ("b", None), ("c", Some(b""))];
        let payload = compress(versions.into_iter()).expect("memory");
        let value = payload.encode(7, 1_000, &[(1, 4)]);
        assert_eq!(count(&value).ok(), Some(3));
        let block = Block::decode(100, &value).expect("a block just written");
        assert_eq!((block.first, block.end(), block.commit, block.time_us), (100, 103, 7, 1_000));
        assert_eq!(block.get(100).ok(), Some(("a", 1, Some(Bytes::from_static(b"first")))));
        assert_eq!(block.get(101).ok(), Some(("b", 4, None)));
        assert_eq!(block.get(102).ok(), Some(("c", 1, Some(Bytes::new()))));
        assert!(block.get(103).is_err());
        for cut in 0..value.len() {
            assert!(Block::decode(100, &value[..cut]).is_err(), "cut at {cut}");
        }
    }
}
