//! What the tests share: a random source, a clock that counts, small resources.

use fhir::{Resource, ResourceType, search::Query};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use store::{Access, Clock, Role, Settings, Store};

/// Numbers that look random and are the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    pub fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// A clock that moves a second each time it is asked.
pub struct CountingClock(pub AtomicI64);

impl Clock for CountingClock {
    fn now_us(&self) -> i64 {
        self.0.fetch_add(1_000_000, Ordering::Relaxed)
    }
}

pub fn clock() -> Arc<CountingClock> {
    Arc::new(CountingClock(AtomicI64::new(1_700_000_000_000_000)))
}

pub fn open(folder: &Path) -> Store {
    Store::open(folder, &Settings::default(), clock()).expect("the store opens")
}

pub fn access() -> Access {
    Access { key_id: "test".to_owned(), role: Role::Admin }
}

pub fn resource_type(name: &str) -> ResourceType {
    ResourceType::parse(name).expect("an R4 type")
}

#[track_caller]
pub fn resource(text: &str) -> Resource {
    Resource::parse(text.to_owned()).expect("a valid resource")
}

/// A query as the server would parse it: `name=value&name=value`.
#[track_caller]
pub fn query(type_name: &str, text: &str) -> Query {
    let pairs: Vec<(String, String)> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .expect("name=value")
        })
        .collect();
    Query::parse(resource_type(type_name), &pairs, false).expect("a valid query").0
}
