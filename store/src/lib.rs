//! Every version of every resource, search indexes, and the change log.
//!
//! A [`Store`] is one datastore's folder. Writes go in through [`Store::apply`]; reads go through a
//! [`Snapshot`], which is the store as of one commit; followers read [`Store::changes`]. A
//! [`Catalog`] keeps the datastores of a data folder.
//!
//! Inside, a version is a dense number within its type, its ordinal, and every index is a set of
//! ordinals. `keys.rs` lists what lies on disk.

mod block;
mod catalog;
mod changes;
mod column;
mod error;
mod include;
mod index;
mod keys;
mod posting;
mod record;
mod search;
mod settings;
mod snapshot;
mod sort;
mod store;
mod substrate;
mod transaction;
mod writer;

pub use catalog::{Catalog, Datastore};
pub use changes::{Change, CommitChanges};
pub use error::Error;
pub use search::Page;
pub use settings::Settings;
pub use snapshot::{History, Snapshot, Version};
pub use store::{Clock, Store, SystemClock};
pub use transaction::{Transaction, Write};

use fhir::ResourceType;

/// What a transaction became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its number; when nothing changed, that of the newest commit.
    pub number: u64,
    /// When, in microseconds since 1970-01-01T00:00:00Z; later than every earlier commit.
    pub time_us: i64,
    /// What became of each write, in the order given.
    pub written: Vec<Written>,
}

/// What a write became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The type written.
    pub resource_type: ResourceType,
    /// The logical id written.
    pub id: String,
    /// The ordinal that is current now. Meaningless when `version_id` is 0.
    pub ordinal: u32,
    /// The version that is current now; 0 after deleting what never was.
    pub version_id: u64,
    /// What happened.
    pub kind: WrittenKind,
    /// The ordinal that is no longer current.
    pub replaced: Option<u32>,
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenKind {
    /// It is new, or was deleted before.
    Created,
    /// It has a new version.
    Updated,
    /// It was like this already: same content, or already deleted. No version was made.
    Unchanged,
    /// It is deleted.
    Deleted,
    /// It is the same version, now with findings beside it.
    Annotated,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The key they came with.
    pub key_id: String,
    /// What it allows.
    pub role: Role,
}

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything, including keys and datastores.
    Admin,
    /// Reading and writing resources.
    Write,
    /// Reading resources and SQL.
    Read,
    /// SQL only.
    Sql,
}

/// Counts and sizes of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The newest commit.
    pub commit: u64,
    /// The types that have, or had, resources.
    pub types: Vec<TypeStatistics>,
    /// Bytes of all files and of what waits in memory to be written to them.
    pub disk_bytes: u64,
    /// The same by part: bodies, indexes, versions, log.
    pub disk_parts: Vec<(&'static str, u64)>,
}

/// Counts of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeStatistics {
    /// The type.
    pub resource_type: ResourceType,
    /// Current resources.
    pub resources: u64,
    /// All versions, deletions included.
    pub versions: u64,
}
