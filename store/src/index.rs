//! Resources to index entries: what one transaction adds to the postings and columns of a type.
//!
//! Entries are made in the caller's thread, before ordinals are known, so they count resources
//! from 0; the writer adds the first ordinal. Postings are kept once per key: a chunk of
//! Observations has `status=final` once, with a list.

use crate::{column, keys, posting};
use fhir::{
    Resource, ResourceType,
    search::{ParameterId, Value, extract},
};
use xxhash_rust::xxh3::xxh3_64;

const NONE: u32 = u32::MAX;

/// Index entries of several resources of one type.
pub(crate) struct Index {
    resource_type: ResourceType,
    /// All keys, one after the other.
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    /// Lists of slots with more than one resource.
    lists: Vec<Vec<u32>>,
    /// Open addressing over `slots` by hash of the key.
    table: Vec<u32>,
    columns: Vec<(ParameterId, column::Building)>,
    /// Places of `slots` in key order, once finished.
    order: Vec<u32>,
    scratch: Vec<u8>,
}

struct Slot {
    at: u32,
    len: u32,
    hash: u64,
    /// The first resource with this key.
    local: u32,
    /// All of them, if more than one: a place in `lists`.
    list: u32,
}

impl Index {
    pub(crate) fn new(resource_type: ResourceType) -> Self {
        Self {
            resource_type,
            bytes: Vec::new(),
            slots: Vec::new(),
            lists: Vec::new(),
            table: vec![NONE; 64],
            columns: Vec::new(),
            order: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Adds all entries of a resource; `local` must not go down.
    pub(crate) fn add(&mut self, local: u32, resource: &Resource) {
        extract(resource, &mut |parameter, value| self.add_value(local, parameter, &value));
    }

    fn add_value(&mut self, local: u32, parameter: ParameterId, value: &Value<'_>) {
        let mut key = std::mem::take(&mut self.scratch);
        let kind = match value {
            Value::Date(_) => Some(column::Kind::Date),
            Value::Number { .. } => Some(column::Kind::Number),
            Value::Quantity { .. } => Some(column::Kind::Quantity),
            _ => None,
        };
        if let Some(kind) = kind {
            let place = self
                .columns
                .iter()
                .position(|(known, building)| *known == parameter && building.kind == kind)
                .unwrap_or_else(|| {
                    self.columns.push((parameter, column::Building::new(kind)));
                    self.columns.len() - 1
                });
            self.columns[place].1.add(local, value);
        } else {
            key.clear();
            keys::push_posting(&mut key, self.resource_type, parameter, keys::VALUE);
            push_value(&mut key, value);
            self.insert(&key, local);
            if let Value::Token { system, .. } = value {
                key.clear();
                keys::push_posting(&mut key, self.resource_type, parameter, keys::SYSTEM);
                keys::push_text(&mut key, system.as_bytes());
                self.insert(&key, local);
            }
        }
        key.clear();
        keys::push_posting(&mut key, self.resource_type, parameter, keys::PRESENT);
        self.insert(&key, local);
        self.scratch = key;
    }

    fn insert(&mut self, key: &[u8], local: u32) {
        let hash = xxh3_64(key);
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let place = self.table[at];
            if place == NONE {
                break;
            }
            let slot = &mut self.slots[place as usize];
            if slot.hash == hash
                && &self.bytes[slot.at as usize..(slot.at + slot.len) as usize] == key
            {
                if slot.list == NONE {
                    if slot.local != local {
                        slot.list = self.lists.len() as u32;
                        self.lists.push(vec![slot.local, local]);
                    }
                } else {
                    let list = &mut self.lists[slot.list as usize];
                    if list.last() != Some(&local) {
                        list.push(local);
                    }
                }
                return;
            }
            at = (at + 1) & mask;
        }
        self.table[at] = self.slots.len() as u32;
        self.slots.push(Slot {
            at: self.bytes.len() as u32,
            len: key.len() as u32,
            hash,
            local,
            list: NONE,
        });
        self.bytes.extend_from_slice(key);
        if self.slots.len() * 2 > self.table.len() {
            self.grow();
        }
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        self.table = vec![NONE; mask + 1];
        for (place, slot) in self.slots.iter().enumerate() {
            let mut at = slot.hash as usize & mask;
            while self.table[at] != NONE {
                at = (at + 1) & mask;
            }
            self.table[at] = place as u32;
        }
    }

    fn key(&self, slot: &Slot) -> &[u8] {
        &self.bytes[slot.at as usize..(slot.at + slot.len) as usize]
    }

    /// Puts the keys in order. No more resources can be added afterwards.
    pub(crate) fn finish(&mut self) {
        self.table = Vec::new();
        self.scratch = Vec::new();
        // Family and type are the same for all: compare the sixteen bytes after them first.
        let mut order: Vec<(u128, u32)> = (0..self.slots.len() as u32)
            .map(|place| {
                let key = &self.key(&self.slots[place as usize])[2..];
                let mut head = [0; 16];
                let len = key.len().min(16);
                head[..len].copy_from_slice(&key[..len]);
                (u128::from_be_bytes(head), place)
            })
            .collect();
        order.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| {
                self.key(&self.slots[a.1 as usize]).cmp(self.key(&self.slots[b.1 as usize]))
            })
        });
        self.order = order.into_iter().map(|(_, place)| place).collect();
        self.columns.sort_by_key(|(parameter, building)| (*parameter, building.kind as u8));
    }

    /// Leaves out resources: `places[local]` is the new place, or `None`.
    pub(crate) fn retain(&mut self, places: &[Option<u32>]) {
        let moved = |local: u32| places[local as usize];
        for list in &mut self.lists {
            *list = list.iter().filter_map(|&local| moved(local)).collect();
        }
        let (slots, lists) = (&mut self.slots, &self.lists);
        self.order.retain(|&place| {
            let slot = &mut slots[place as usize];
            let first = if slot.list == NONE {
                moved(slot.local)
            } else {
                lists[slot.list as usize].first().copied()
            };
            slot.local = first.unwrap_or(0);
            first.is_some()
        });
        for (_, building) in &mut self.columns {
            building.entries = building
                .entries
                .iter()
                .filter_map(|entry| {
                    moved(entry.local).map(|local| column::Entry { local, ..*entry })
                })
                .collect();
        }
    }

    /// Hands out every column segment, in key order, once the first ordinal is known.
    pub(crate) fn columns<E>(
        &self,
        base: u32,
        mut sink: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = 0;
        while at < self.columns.len() {
            // One parameter may have values of more than one kind; they share its column.
            let parameter = self.columns[at].0;
            let end =
                self.columns[at..].iter().take_while(|(other, _)| *other == parameter).count() + at;
            let mut segments: Vec<(u16, Vec<u8>)> = Vec::new();
            for (_, building) in &self.columns[at..end] {
                for entries in building.entries.chunk_by(|a, b| {
                    keys::container(base + a.local) == keys::container(base + b.local)
                }) {
                    segments.push((
                        keys::container(base + entries[0].local),
                        building.segment(entries, base),
                    ));
                }
            }
            segments.sort_by_key(|(container, _)| *container);
            for same in segments.chunk_by(|a, b| a.0 == b.0) {
                let bytes: Vec<u8> =
                    same.iter().flat_map(|(_, segment)| segment).copied().collect();
                sink(&keys::column(self.resource_type, parameter, same[0].0), &bytes)?;
            }
            at = end;
        }
        Ok(())
    }

    /// Hands out every posting, in key order, once the first ordinal is known.
    pub(crate) fn postings<E>(
        &self,
        base: u32,
        mut sink: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut key = Vec::new();
        let mut lows = Vec::new();
        for &place in &self.order {
            let slot = &self.slots[place as usize];
            key.clear();
            key.extend_from_slice(self.key(slot));
            let head = key.len();
            if slot.list == NONE {
                let ordinal = base + slot.local;
                key.extend_from_slice(&keys::container(ordinal).to_be_bytes());
                sink(&key, &posting::encode_one(keys::low(ordinal)))?;
                continue;
            }
            let list = &self.lists[slot.list as usize];
            for same in list.chunk_by(|a, b| keys::container(base + a) == keys::container(base + b))
            {
                key.truncate(head);
                key.extend_from_slice(&keys::container(base + same[0]).to_be_bytes());
                lows.clear();
                lows.extend(same.iter().map(|local| keys::low(base + local)));
                sink(&key, &posting::encode(&lows))?;
            }
        }
        Ok(())
    }
}

/// Appends what a value looks like in a posting's key. Dates, numbers and quantities have none.
pub(crate) fn push_value(key: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Token { system, code } => keys::push_token(key, system, code),
        Value::String(text) => keys::push_text(key, text.as_bytes()),
        Value::Uri(uri) => keys::push_text(key, uri.as_bytes()),
        Value::Reference(target) => keys::push_target(key, target),
        Value::Date(_) | Value::Number { .. } | Value::Quantity { .. } => {}
    }
}
