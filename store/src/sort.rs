//! Order: the first of a set by any parameters.
//!
//! Every hit gets a number for the first parameter; only those that can still be on the page get
//! one for the next. Dates, numbers and quantities come from columns; texts from walking the
//! parameter's postings in key order, or from the bodies when there are few.
//!
//! Resources without a value come last in either direction; what is equal stays newest first.
//!
//! Spec: <https://hl7.org/fhir/R4/search.html#_sort>

use crate::{
    Error, Snapshot, index::push_value, keys, posting, record::VersionRecord, search::containers,
    store::TypeState,
};
use fhir::{
    ResourceType,
    search::{ParameterId, ParameterKind, Sort},
};
use roaring::RoaringBitmap;
use std::{cmp::Reverse, collections::HashMap};

/// Up to this many hits, reading their bodies costs less than walking all values of a parameter.
const FEW: u64 = 500;
/// Sorts what has no value after everything else.
const MISSING: u64 = u64::MAX;

impl Snapshot {
    /// The first `want` of `hits` in the order asked for.
    pub(crate) fn sorted(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        sorts: &[Sort],
        hits: &RoaringBitmap,
        want: usize,
    ) -> Result<Vec<u32>, Error> {
        let Some((first, rest)) = sorts.split_first() else {
            return Ok(hits.iter().rev().take(want).collect());
        };
        if hits.len() <= 1 || want == 0 {
            return Ok(hits.iter().take(want).collect());
        }
        let mut keyed = self.sort_keys(resource_type, of, *first, hits, want)?;
        if keyed.len() > want {
            let (_, &mut (last, _), _) =
                keyed.select_nth_unstable_by_key(want - 1, |&(key, _)| key);
            keyed.retain(|&(key, _)| key <= last);
        }
        keyed.sort_unstable_by_key(|&(key, ordinal)| (key, Reverse(ordinal)));
        if rest.is_empty() {
            return Ok(keyed.into_iter().map(|(_, ordinal)| ordinal).take(want).collect());
        }
        let mut sorted = Vec::with_capacity(want);
        for same in keyed.chunk_by(|a, b| a.0 == b.0) {
            if sorted.len() >= want {
                break;
            }
            let ties: RoaringBitmap = same.iter().map(|&(_, ordinal)| ordinal).collect();
            sorted.extend(self.sorted(resource_type, of, rest, &ties, want - sorted.len())?);
        }
        Ok(sorted)
    }

    /// A number for each hit, ascending in the order asked for. May leave out hits that at least
    /// `want` others come before.
    fn sort_keys(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        sort: Sort,
        hits: &RoaringBitmap,
        want: usize,
    ) -> Result<Vec<(u64, u32)>, Error> {
        let parameter = sort.parameter;
        if parameter.id == ParameterId::LAST_UPDATED {
            // Ordinals ascend with commits.
            return Ok(hits
                .iter()
                .map(|ordinal| (if sort.descending { !ordinal } else { ordinal }.into(), ordinal))
                .collect());
        }
        if parameter.id == ParameterId::ID {
            return if hits.len() <= FEW {
                self.few_ids(resource_type, sort, hits)
            } else {
                self.walk_ids(resource_type, of, sort, hits, want)
            };
        }
        match parameter.kind {
            ParameterKind::Date | ParameterKind::Number | ParameterKind::Quantity => {
                self.column_keys(resource_type, of, sort, hits, want)
            }
            ParameterKind::String
            | ParameterKind::Token
            | ParameterKind::Reference
            | ParameterKind::Uri => {
                if hits.len() <= FEW {
                    self.few_texts(resource_type, sort, hits)
                } else {
                    self.walk_texts(resource_type, sort, hits, want)
                }
            }
            ParameterKind::Composite | ParameterKind::Special => Err(Error::Unsupported {
                parameter: parameter.code,
                reason: "it has no order to sort by",
            }),
        }
    }

    /// A resource with several values is placed by the one that comes first in the order asked for.
    fn column_keys(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        sort: Sort,
        hits: &RoaringBitmap,
        want: usize,
    ) -> Result<Vec<(u64, u32)>, Error> {
        let mut best = Best::new(want);
        for container in containers(hits) {
            let column = self.column(resource_type, of, sort.parameter.id, container)?;
            let base = u32::from(container) << 16;
            let mut at = 0;
            for ordinal in hits.range(base..=base | 0xffff) {
                let low = keys::low(ordinal);
                at += crate::search::gallop(&column.lows[at..], low);
                let mut key = MISSING;
                while column.lows.get(at) == Some(&low) {
                    let ascending = (column.low[at] as u64) ^ (1 << 63);
                    let this = if sort.descending { !ascending } else { ascending };
                    key = key.min(this.min(MISSING - 1));
                    at += 1;
                }
                best.push(key, ordinal);
            }
        }
        Ok(best.keyed)
    }

    fn few_texts(
        &self,
        resource_type: ResourceType,
        sort: Sort,
        hits: &RoaringBitmap,
    ) -> Result<Vec<(u64, u32)>, Error> {
        let mut texts = Vec::with_capacity(hits.len() as usize);
        for ordinal in hits {
            let mut best: Option<Vec<u8>> = None;
            self.values(resource_type, ordinal, false, &mut |parameter, value| {
                if parameter == sort.parameter.id {
                    let mut text = Vec::new();
                    push_value(&mut text, &value);
                    let better = best.as_ref().is_none_or(|best| {
                        if sort.descending { text > *best } else { text < *best }
                    });
                    if better {
                        best = Some(text);
                    }
                }
            })?;
            texts.push((best, ordinal));
        }
        Ok(ranked(texts, sort.descending))
    }

    fn few_ids(
        &self,
        resource_type: ResourceType,
        sort: Sort,
        hits: &RoaringBitmap,
    ) -> Result<Vec<(u64, u32)>, Error> {
        let ids = hits
            .iter()
            .map(|ordinal| {
                Ok((
                    Some(
                        self.inner
                            .block(resource_type, ordinal)?
                            .get(ordinal)?
                            .0
                            .as_bytes()
                            .to_vec(),
                    ),
                    ordinal,
                ))
            })
            .collect::<Result<_, Error>>()?;
        Ok(ranked(ids, sort.descending))
    }

    fn walk_ids(
        &self,
        resource_type: ResourceType,
        of: &TypeState,
        sort: Sort,
        hits: &RoaringBitmap,
        want: usize,
    ) -> Result<Vec<(u64, u32)>, Error> {
        let prefix = [keys::VERSION, resource_type.number()];
        let mut keyed = Vec::with_capacity(want);
        self.walk(&prefix, sort.descending, |key, value| {
            let mut record = Some(VersionRecord::decode(value)?);
            if record.is_some_and(|record| {
                record.ordinal >= of.limit || of.orphans.contains(record.ordinal)
            }) {
                let id = std::str::from_utf8(&key[2..])
                    .map_err(|_| Error::Damaged { what: "a version's key" })?;
                record = self.inner.version(resource_type, id, of.limit, &of.orphans)?;
            }
            keyed.extend(
                record
                    .filter(|record| hits.contains(record.ordinal))
                    .map(|record| (keyed.len() as u64, record.ordinal)),
            );
            Ok(keyed.len() < want)
        })?;
        Ok(keyed)
    }

    fn walk_texts(
        &self,
        resource_type: ResourceType,
        sort: Sort,
        hits: &RoaringBitmap,
        want: usize,
    ) -> Result<Vec<(u64, u32)>, Error> {
        let prefix = keys::posting(resource_type, sort.parameter.id, keys::VALUE);
        let mut keyed: Vec<(u64, u32)> = Vec::new();
        let mut left = hits.clone();
        let mut rank = 0;
        let mut text: Vec<u8> = Vec::new();
        let mut same = posting::Union::default();
        let mut take = |same: posting::Union, left: &mut RoaringBitmap| {
            let found = same.finish() & &*left;
            *left -= &found;
            keyed.extend(found.iter().map(|ordinal| (rank, ordinal)));
            rank += 1;
            keyed.len()
        };
        let mut enough = false;
        self.walk(&prefix, sort.descending, |key, value| {
            let (head, _) = key.split_at(key.len() - 2);
            if head != text {
                enough = take(std::mem::take(&mut same), &mut left) >= want;
                text = head.to_vec();
            }
            if !enough {
                same.add(keys::tail_u16(key).unwrap_or(0), value);
            }
            Ok(!enough)
        })?;
        if take(same, &mut left) < want {
            keyed.extend(left.iter().map(|ordinal| (MISSING, ordinal)));
        }
        Ok(keyed)
    }

    fn walk(
        &self,
        prefix: &[u8],
        descending: bool,
        visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let end = keys::after(prefix);
        if descending {
            self.inner.substrate.scan_back(prefix, &end, visit)
        } else {
            self.inner.substrate.scan(prefix, &end, visit)
        }
    }
}

/// Keeps the `want` smallest keys, and all that equal the last of them, out of many.
struct Best {
    want: usize,
    keyed: Vec<(u64, u32)>,
    /// Nothing above this can still be among them.
    bound: u64,
    /// When to look again for a lower bound.
    full: usize,
}

impl Best {
    fn new(want: usize) -> Self {
        Self { want, keyed: Vec::new(), bound: u64::MAX, full: want.saturating_mul(2).max(4096) }
    }

    fn push(&mut self, key: u64, ordinal: u32) {
        if key > self.bound {
            return;
        }
        self.keyed.push((key, ordinal));
        if self.keyed.len() >= self.full {
            let (_, &mut (bound, _), _) =
                self.keyed.select_nth_unstable_by_key(self.want - 1, |&(key, _)| key);
            self.bound = bound;
            self.keyed.retain(|&(key, _)| key <= bound);
            // Many equal keys may all have to stay.
            self.full = self.full.max(self.keyed.len() * 2);
        }
    }
}

/// Numbers texts in order; equal ones alike.
fn ranked(texts: Vec<(Option<Vec<u8>>, u32)>, descending: bool) -> Vec<(u64, u32)> {
    let mut distinct: Vec<&Vec<u8>> = texts.iter().filter_map(|(text, _)| text.as_ref()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if descending {
        distinct.reverse();
    }
    let ranks: HashMap<&Vec<u8>, u64> = distinct.into_iter().zip(0..).collect();
    texts
        .iter()
        .map(|(text, ordinal)| (text.as_ref().map_or(MISSING, |text| ranks[text]), *ordinal))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_of_many_and_their_equals_are_kept(keys in proptest::collection::vec(0u64..400, 1..20_000), want in 1usize..60) {
            let mut best = Best::new(want);
            for (ordinal, &key) in keys.iter().enumerate() {
                best.push(key, ordinal as u32);
            }
            let mut all: Vec<(u64, u32)> = keys.iter().copied().zip(0..).collect();
            all.sort_unstable();
            let bound = all[want.min(all.len()) - 1].0;
            all.retain(|&(key, _)| key <= bound);
            best.keyed.sort_unstable();
            best.keyed.truncate(all.len());
            prop_assert_eq!(best.keyed, all);
        }
    }
}
