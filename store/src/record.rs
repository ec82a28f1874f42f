//! The small records: what a version, a run and a log entry say, and how they are written.
//!
//! Numbers are variable-length, low seven bits first.

use crate::Error;

/// The newest (or a replaced) version of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VersionRecord {
    pub ordinal: u32,
    pub version_id: u64,
    pub deleted: bool,
    /// xxh3-64 of the body as it was given: a first test for equal content; bodies are compared
    /// before it is believed.
    pub hash: u64,
    /// When this is an annotated copy.
    pub given: Option<Given>,
}

/// Where an annotated copy comes from, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// The ordinal that holds the version as it was given.
    pub ordinal: u32,
    /// xxh3-64 of the copy's own body: what a client reads and may send back.
    pub shown: u64,
}

const DELETED: u8 = 1;
const ANNOTATED: u8 = 2;

impl VersionRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(20);
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        out.push(flag(self.deleted, DELETED) | flag(self.given.is_some(), ANNOTATED));
        out.extend_from_slice(&self.ordinal.to_le_bytes());
        if !self.deleted {
            out.extend_from_slice(&self.hash.to_le_bytes());
        }
        push_number(&mut out, self.version_id);
        if let Some(given) = self.given {
            push_number(&mut out, given.ordinal.into());
            out.extend_from_slice(&given.shown.to_le_bytes());
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(&mut Reader(bytes)).ok_or(Error::Damaged { what: "a version record" })
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let flags = from.byte()?;
        let deleted = flags & DELETED != 0;
        let ordinal = u32::from_le_bytes(from.array()?);
        let hash = if deleted { 0 } else { u64::from_le_bytes(from.array()?) };
        let version_id = from.number()?;
        let given = if flags & ANNOTATED == 0 {
            None
        } else {
            Some(Given { ordinal: from.small()?, shown: u64::from_le_bytes(from.array()?) })
        };
        Some(Self { ordinal, version_id, deleted, hash, given })
    }

    /// The ordinal that holds the version as it was given.
    pub(crate) fn given(&self) -> u32 {
        self.given.map_or(self.ordinal, |given| given.ordinal)
    }

    /// Where a body with this hash may lie, if it may be this version's: as given, or as shown.
    pub(crate) fn place_of(&self, hash: u64) -> Option<u32> {
        match self.given {
            _ if self.deleted => None,
            _ if self.hash == hash => Some(self.given()),
            Some(given) if given.shown == hash => Some(self.ordinal),
            _ => None,
        }
    }
}

/// The ordinals one commit gave out in one type: `first` and the `count - 1` after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunRecord {
    pub first: u32,
    pub count: u32,
    pub time_us: i64,
    /// Versions that are more than the first of a new resource, by ascending place in the run.
    pub exceptions: Vec<RunException>,
}

/// A version of a run that replaced another, or is a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunException {
    pub index: u32,
    pub version_id: u64,
    pub deleted: bool,
    /// Whether it is the version it replaced, with findings beside it.
    pub annotated: bool,
    pub replaced: Option<u32>,
}

impl RunRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(20 + self.exceptions.len() * 6);
        push_number(&mut out, self.first.into());
        push_number(&mut out, self.count.into());
        push_number(&mut out, self.time_us as u64);
        push_number(&mut out, self.exceptions.len() as u64);
        let mut last = 0;
        for exception in &self.exceptions {
            push_number(&mut out, (exception.index - last).into());
            last = exception.index;
            push_number(
                &mut out,
                exception.version_id << 2
                    | u64::from(exception.annotated) << 1
                    | u64::from(exception.deleted),
            );
            push_number(&mut out, exception.replaced.map_or(0, |ordinal| u64::from(ordinal) + 1));
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(&mut Reader(bytes)).ok_or(Error::Damaged { what: "a run record" })
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut run = Self {
            first: from.small()?,
            count: from.small()?,
            time_us: from.number()? as i64,
            exceptions: Vec::new(),
        };
        let count = from.number()?;
        let mut index = 0;
        for _ in 0..count {
            index += from.small()?;
            let word = from.number()?;
            let replaced = from.number()?;
            run.exceptions.push(RunException {
                index,
                version_id: word >> 2,
                deleted: word & 1 == 1,
                annotated: word & 2 == 2,
                replaced: replaced.checked_sub(1).and_then(|ordinal| u32::try_from(ordinal).ok()),
            });
        }
        Some(run)
    }

    /// First ordinal after the run.
    pub(crate) fn end(&self) -> u32 {
        self.first + self.count
    }
}

/// One commit: when, and which types it touched (their runs say the rest).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogRecord {
    pub time_us: i64,
    pub types: Vec<u8>,
}

impl LogRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(9 + self.types.len());
        push_number(&mut out, self.time_us as u64);
        out.extend_from_slice(&self.types);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader(bytes);
        let time_us = from.number().ok_or(Error::Damaged { what: "a log record" })? as i64;
        Ok(Self { time_us, types: from.0.to_vec() })
    }
}

/// Appends a number, seven bits a byte.
pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads records front to back; `None` once the bytes do not suffice.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    pub(crate) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_read_back(first: u32, time_us: i64, version_id in 0..u64::MAX / 4, deleted: bool, given: Option<(u32, u64)>, annotated: bool, hash: u64, steps in proptest::collection::vec((0u32..9, any::<Option<u32>>()), 0..9)) {
            let version = VersionRecord { ordinal: first, version_id, deleted, hash: if deleted { 0 } else { hash }, given: given.map(|(ordinal, shown)| Given { ordinal, shown }) };
            prop_assert_eq!(VersionRecord::decode(&version.encode()).ok(), Some(version));
            let mut index = 0;
            let exceptions = steps.iter().map(|&(step, replaced)| { index += step; RunException { index, version_id, deleted, annotated, replaced } }).collect();
            let run = RunRecord { first, count: 7, time_us, exceptions };
            prop_assert_eq!(RunRecord::decode(&run.encode()).ok(), Some(run));
            let log = LogRecord { time_us, types: vec![3, 9] };
            prop_assert_eq!(LogRecord::decode(&log.encode()).ok(), Some(log));
        }

        #[test]
        fn damaged_records_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (VersionRecord::decode(&bytes), RunRecord::decode(&bytes), LogRecord::decode(&bytes));
        }
    }
}
