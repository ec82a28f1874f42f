//! Columns: for every ordinal, the stretches a date, number or quantity parameter has.
//!
//! A stored column covers one container and is a row of segments, each written by one commit; the
//! engine's merge operator puts segments one after the other. Decoded columns are kept in a
//! bounded cache, because range searches and sorting read them whole.
//!
//! A segment is `kind, payload bytes (u32), payload`; the payload is `count, units, entries`.

use crate::{
    Error,
    record::{Reader, push_number},
};
use fhir::search::Value;
use std::{collections::HashMap, sync::Arc};

/// What a column's entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Microseconds, from and up to.
    Date,
    /// Numbers, lowest and highest.
    Number,
    /// The same with a unit.
    Quantity,
}

/// A unit: system, code, and as shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Unit {
    pub system: String,
    pub code: String,
    pub shown: String,
}

/// One stretch of one ordinal. For dates `low` and `high` are microseconds; for numbers they are
/// [`ordered`] bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub local: u32,
    pub low: i64,
    pub high: i64,
    pub unit: u32,
}

/// A float as an integer of the same order.
pub(crate) fn ordered(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The float [`ordered`] was given.
pub(crate) fn unordered(bits: i64) -> f64 {
    f64::from_bits((bits ^ (((bits >> 63) as u64) >> 1) as i64) as u64)
}

/// Entries of one parameter while a transaction is prepared.
pub(crate) struct Building {
    pub kind: Kind,
    pub entries: Vec<Entry>,
    units: Vec<Unit>,
    unit_places: HashMap<Unit, u32>,
}

impl Building {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, entries: Vec::new(), units: Vec::new(), unit_places: HashMap::new() }
    }

    /// Adds a value; other kinds than the column's are left out.
    pub(crate) fn add(&mut self, local: u32, value: &Value<'_>) {
        let entry = match (self.kind, value) {
            (Kind::Date, Value::Date(span)) => {
                Entry { local, low: span.start_us(), high: span.end_us(), unit: 0 }
            }
            (Kind::Number, Value::Number { low, high }) => {
                Entry { local, low: ordered(*low), high: ordered(*high), unit: 0 }
            }
            (Kind::Quantity, Value::Quantity { low, high, system, code, unit }) => {
                let same = |known: &Unit| {
                    known.system == *system && known.code == *code && known.shown == *unit
                };
                let place = match self
                    .entries
                    .last()
                    .map(|entry| entry.unit)
                    .filter(|&place| same(&self.units[place as usize]))
                {
                    Some(place) => place,
                    None => {
                        let unit = Unit {
                            system: (*system).to_owned(),
                            code: (*code).to_owned(),
                            shown: (*unit).to_owned(),
                        };
                        *self.unit_places.entry(unit).or_insert_with_key(|unit| {
                            self.units.push(unit.clone());
                            self.units.len() as u32 - 1
                        })
                    }
                };
                Entry { local, low: ordered(*low), high: ordered(*high), unit: place }
            }
            _ => return,
        };
        let known = self
            .entries
            .iter()
            .rev()
            .take_while(|known| known.local == local)
            .any(|known| *known == entry);
        if !known {
            self.entries.push(entry);
        }
    }

    /// A segment of some of the entries; `base` is added to their locals to give ordinals.
    pub(crate) fn segment(&self, entries: &[Entry], base: u32) -> Vec<u8> {
        let mut payload = Vec::with_capacity(entries.len() * 10 + 16);
        push_number(&mut payload, entries.len() as u64);
        if self.kind == Kind::Quantity {
            push_number(&mut payload, self.units.len() as u64);
            for text in self.units.iter().flat_map(|unit| [&unit.system, &unit.code, &unit.shown]) {
                push_number(&mut payload, text.len() as u64);
                payload.extend_from_slice(text.as_bytes());
            }
        }
        let (mut last_place, mut last_low) = (0u32, 0i64);
        for entry in entries {
            let place = (base + entry.local) & 0xffff;
            push_number(&mut payload, (place - last_place).into());
            last_place = place;
            if self.kind == Kind::Date {
                push_number(&mut payload, zigzag(entry.low.wrapping_sub(last_low)));
                push_number(&mut payload, entry.high.wrapping_sub(entry.low) as u64);
                last_low = entry.low;
            } else {
                // One flag byte; the usual plain number is written once.
                let same = entry.low == entry.high;
                push_number(&mut payload, u64::from(entry.unit) << 1 | u64::from(same));
                payload.extend_from_slice(&entry.low.to_le_bytes());
                if !same {
                    payload.extend_from_slice(&entry.high.to_le_bytes());
                }
            }
        }
        let mut out = Vec::with_capacity(payload.len() + 5);
        out.push(self.kind as u8);
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&payload);
        out
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// A decoded column of one container: parallel lists, ascending by `lows`.
#[derive(Debug, Default)]
pub(crate) struct Column {
    pub lows: Vec<u16>,
    pub low: Vec<i64>,
    pub high: Vec<i64>,
    /// Places in `units`; empty unless quantities.
    pub unit: Vec<u32>,
    pub units: Vec<Unit>,
}

impl Column {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut column = Self::default();
        let mut places = HashMap::new();
        let mut from = Reader(bytes);
        while !from.0.is_empty() {
            column
                .read_segment(&mut from, &mut places)
                .ok_or(Error::Damaged { what: "a column segment" })?;
        }
        if !column.lows.is_sorted() {
            column.sort();
        }
        Ok(column)
    }

    fn read_segment(
        &mut self,
        from: &mut Reader<'_>,
        places: &mut HashMap<Unit, u32>,
    ) -> Option<()> {
        let kind = from.byte()?;
        let bytes = u32::from_le_bytes(from.array()?);
        let mut from = Reader(from.take(bytes as usize)?);
        let count = from.small()?;
        let mut units = Vec::new();
        if kind == Kind::Quantity as u8 {
            for _ in 0..from.small()? {
                let mut text = || {
                    let bytes = from.small()?;
                    String::from_utf8(from.take(bytes as usize)?.to_vec()).ok()
                };
                let unit = Unit { system: text()?, code: text()?, shown: text()? };
                units.push(*places.entry(unit).or_insert_with_key(|unit| {
                    self.units.push(unit.clone());
                    self.units.len() as u32 - 1
                }));
            }
        }
        let (mut place, mut last_low) = (0u32, 0i64);
        for _ in 0..count {
            place = place.checked_add(from.small()?)?;
            self.lows.push(u16::try_from(place).ok()?);
            if kind == Kind::Date as u8 {
                last_low = last_low.wrapping_add(unzigzag(from.number()?));
                self.low.push(last_low);
                self.high.push(last_low.wrapping_add(from.number()? as i64));
            } else {
                let word = from.number()?;
                let low = i64::from_le_bytes(from.array()?);
                self.low.push(low);
                self.high.push(if word & 1 == 1 { low } else { i64::from_le_bytes(from.array()?) });
                if kind == Kind::Quantity as u8 {
                    self.unit.push(*units.get((word >> 1) as usize)?);
                }
            }
        }
        Some(())
    }

    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.lows.len()).collect();
        order.sort_by_key(|&at| self.lows[at]);
        self.lows = order.iter().map(|&at| self.lows[at]).collect();
        self.low = order.iter().map(|&at| self.low[at]).collect();
        self.high = order.iter().map(|&at| self.high[at]).collect();
        if !self.unit.is_empty() {
            self.unit = order.iter().map(|&at| self.unit[at]).collect();
        }
    }

    fn weight(&self) -> usize {
        self.lows.len() * 18 + self.unit.len() * 4 + self.units.len() * 128 + 128
    }
}

/// Decoded columns, least recently used out first.
pub(crate) struct Cache {
    bytes_max: usize,
    inner: parking_lot::Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    columns: HashMap<(u8, u16, u16), Kept>,
    bytes: usize,
    clock: u64,
}

struct Kept {
    /// Ordinals below this one were published when it was read.
    covers: u32,
    column: Arc<Column>,
    used: u64,
}

impl Cache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, inner: parking_lot::Mutex::default() }
    }

    /// The column of (type, parameter, container), if it covers all ordinals below `limit` in the container.
    pub(crate) fn get(&self, key: (u8, u16, u16), limit: u32) -> Option<Arc<Column>> {
        let end = (u32::from(key.2) << 16).saturating_add(0x1_0000);
        let mut inner = self.inner.lock();
        inner.clock += 1;
        let now = inner.clock;
        let kept = inner.columns.get_mut(&key)?;
        (kept.covers >= limit.min(end)).then(|| {
            kept.used = now;
            kept.column.clone()
        })
    }

    pub(crate) fn put(&self, key: (u8, u16, u16), covers: u32, column: Arc<Column>) {
        let weight = column.weight();
        if weight > self.bytes_max {
            return;
        }
        let mut inner = self.inner.lock();
        inner.clock += 1;
        let used = inner.clock;
        inner.bytes += weight;
        if let Some(old) = inner.columns.insert(key, Kept { covers, column, used }) {
            inner.bytes -= old.column.weight();
        }
        while inner.bytes > self.bytes_max {
            let oldest =
                inner.columns.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| *key);
            let Some(old) = oldest.and_then(|key| inner.columns.remove(&key)) else { break };
            inner.bytes -= old.column.weight();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn segments_written_apart_read_back_together(a in entries(), b in entries(), kind in prop_oneof![Just(Kind::Date), Just(Kind::Number), Just(Kind::Quantity)]) {
            let (first, second) = (building(kind, &a), building(kind, &b));
            let mut bytes = first.segment(&first.entries, 0x1_0000);
            bytes.extend(second.segment(&second.entries, 0x1_0100));
            let column = Column::decode(&bytes).expect("segments just written");
            let mut expected: Vec<(u16, i64, i64, Option<Unit>)> = Vec::new();
            for (built, base) in [(&first, 0u16), (&second, 0x100)] {
                for entry in &built.entries {
                    let unit = (kind == Kind::Quantity).then(|| built.units[entry.unit as usize].clone());
                    expected.push((base + entry.local as u16, entry.low, entry.high, unit));
                }
            }
            expected.sort_by_key(|entry| entry.0);
            let found: Vec<_> = (0..column.lows.len())
                .map(|at| (column.lows[at], column.low[at], column.high[at], column.unit.get(at).map(|&unit| column.units[unit as usize].clone())))
                .collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn ordered_bits_sort_like_floats(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan() && (a != b));
            prop_assert_eq!(a < b, ordered(a) < ordered(b));
            prop_assert_eq!(unordered(ordered(a)), a);
        }

        #[test]
        fn damaged_columns_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Column::decode(&bytes);
        }
    }

    fn entries() -> impl Strategy<Value = Vec<(u32, i64, i64, u8)>> {
        proptest::collection::vec((0u32..200, any::<i64>(), any::<i64>(), 0u8..3), 0..20)
    }

    fn building(kind: Kind, entries: &[(u32, i64, i64, u8)]) -> Building {
        let mut sorted = entries.to_vec();
        sorted.sort_by_key(|entry| entry.0);
        let mut building = Building::new(kind);
        for (local, low, high, unit) in sorted {
            let code = unit.to_string();
            match kind {
                Kind::Date => building.add(local, &Value::Date(fhir::DateSpan::between(low, high))),
                Kind::Number => {
                    building.add(local, &Value::Number { low: low as f64, high: high as f64 })
                }
                Kind::Quantity => building.add(
                    local,
                    &Value::Quantity {
                        low: low as f64,
                        high: high as f64,
                        system: "",
                        code: &code,
                        unit: "",
                    },
                ),
            }
        }
        building
    }
}
