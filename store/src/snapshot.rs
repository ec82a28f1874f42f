//! Reading: everything as of one commit.
//!
//! A snapshot is a commit number and, per type, which ordinals were current then. Later commits add
//! ordinals beyond its limits, so it needs no lock and no copy.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#read>

use crate::{
    Access, Error,
    block::Block,
    keys,
    record::{RunRecord, VersionRecord},
    store::{Inner, State, TypeState},
};
use fhir::{Body, ResourceType};
use parking_lot::Mutex;
use roaring::RoaringBitmap;
use std::{collections::HashMap, sync::Arc};

/// One version of one resource.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its logical id.
    pub id: String,
    /// 1 for the first, then counting up.
    pub version_id: u64,
    /// Its number within the type, ascending with commits.
    pub ordinal: u32,
    /// The commit that wrote it.
    pub commit: u64,
    /// When that was, in microseconds since 1970-01-01T00:00:00Z.
    pub last_updated_us: i64,
    /// Its content; `None` for a deletion.
    pub body: Option<Body>,
}

/// The store as of one commit, for one reader.
pub struct Snapshot {
    pub(crate) inner: Arc<Inner>,
    access: Access,
    /// Published when the snapshot was taken; may be newer than `commit`.
    state: Arc<State>,
    commit: u64,
    /// For an earlier commit: the types looked at so far, as they were.
    earlier: Option<Mutex<HashMap<u8, TypeState>>>,
}

/// The versions of one resource, newest first: how many there are is known, bodies are read when
/// a page of them is asked for.
pub struct History<'a> {
    snapshot: &'a Snapshot,
    resource_type: ResourceType,
    /// Descending, and so are the commits and times of the versions.
    ordinals: Vec<u32>,
}

impl History<'_> {
    /// How many versions there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one, until `since` is asked")]
    pub fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// Leaves only versions written at this time, in microseconds since 1970-01-01T00:00:00Z, or
    /// later. Looks at a few versions' times, not at all.
    ///
    /// # Errors
    /// As [`Snapshot::body`].
    pub fn since(mut self, time_us: i64) -> Result<Self, Error> {
        let (mut kept, mut end) = (0, self.ordinals.len());
        while kept < end {
            let middle = kept + (end - kept) / 2;
            let ordinal = self.ordinals[middle];
            if self.snapshot.inner.block(self.resource_type, ordinal)?.time_us >= time_us {
                kept = middle + 1;
            } else {
                end = middle;
            }
        }
        self.ordinals.truncate(kept);
        Ok(self)
    }

    /// At most `count` versions after the first `offset`, each read when it is its turn.
    pub fn page(
        &self,
        offset: usize,
        count: usize,
    ) -> impl Iterator<Item = Result<Version, Error>> {
        let page = self.ordinals.iter().skip(offset).take(count);
        page.map(|ordinal| self.snapshot.body(self.resource_type, *ordinal))
    }
}

impl Snapshot {
    pub(crate) fn new(inner: Arc<Inner>, access: Access, commit: Option<u64>) -> Self {
        let state = inner.state();
        let commit = commit.unwrap_or(state.commit);
        let earlier = (commit < state.commit).then(Mutex::default);
        Self { inner, access, state, commit, earlier }
    }

    /// The commit this is.
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// Who is reading.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The current version of a resource.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Deleted`].
    pub fn read(&self, resource_type: ResourceType, id: &str) -> Result<Version, Error> {
        let record =
            self.record(resource_type, id)?.ok_or_else(|| not_found(resource_type, id, None))?;
        if record.deleted {
            return Err(Error::Deleted {
                resource_type,
                id: id.to_owned(),
                version: record.version_id,
            });
        }
        self.body(resource_type, record.ordinal)
    }

    /// One version of a resource, current or not.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Deleted`] when that version is a deletion.
    pub fn vread(
        &self,
        resource_type: ResourceType,
        id: &str,
        version: u64,
    ) -> Result<Version, Error> {
        let record = self
            .records(resource_type, id)?
            .into_iter()
            .find(|record| record.version_id == version);
        let record = record.ok_or_else(|| not_found(resource_type, id, Some(version)))?;
        if record.deleted {
            return Err(Error::Deleted { resource_type, id: id.to_owned(), version });
        }
        self.body(resource_type, record.ordinal)
    }

    /// All versions of a resource, newest first, deletions included. No body is read yet.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there never was such a resource.
    pub fn history(&self, resource_type: ResourceType, id: &str) -> Result<History<'_>, Error> {
        let records = self.records(resource_type, id)?;
        if records.is_empty() {
            return Err(not_found(resource_type, id, None));
        }
        let ordinals = records.into_iter().map(|record| record.ordinal).collect();
        Ok(History { snapshot: self, resource_type, ordinals })
    }

    /// The version with an ordinal.
    ///
    /// # Errors
    /// [`Error::Damaged`] when no version of this snapshot has it.
    pub fn body(&self, resource_type: ResourceType, ordinal: u32) -> Result<Version, Error> {
        version_of(&*self.inner.block(resource_type, ordinal)?, resource_type, ordinal)
    }

    /// The versions with these ordinals, in the same order.
    ///
    /// # Errors
    /// As [`Snapshot::body`].
    pub fn bodies(
        &self,
        resource_type: ResourceType,
        ordinals: &[u32],
    ) -> Result<Vec<Version>, Error> {
        let mut block: Option<Arc<Block>> = None;
        ordinals
            .iter()
            .map(|&ordinal| {
                let within = match block
                    .take()
                    .filter(|block| (block.first..block.end()).contains(&ordinal))
                {
                    Some(block) => block,
                    None => self.inner.block(resource_type, ordinal)?,
                };
                let version = version_of(&within, resource_type, ordinal);
                block = Some(within);
                version
            })
            .collect()
    }

    /// Current versions in the order of ordinals, starting after one: for export.
    ///
    /// # Errors
    /// As [`Snapshot::body`].
    pub fn scan(
        &self,
        resource_type: ResourceType,
        after_ordinal: Option<u32>,
        max: usize,
    ) -> Result<Vec<Version>, Error> {
        let of = self.of(resource_type)?;
        let from = match after_ordinal {
            Some(after) if after + 1 >= of.limit => return Ok(Vec::new()),
            Some(after) => after + 1,
            None => 0,
        };
        let ordinals: Vec<u32> =
            (from..of.limit).filter(|&ordinal| !of.dead.contains(ordinal)).take(max).collect();
        self.bodies(resource_type, &ordinals)
    }

    /// How many resources of a type there are.
    pub fn count(&self, resource_type: ResourceType) -> u64 {
        // A damaged log would show in every search; a count has no way to say so.
        self.of(resource_type)
            .map_or(0, |of| u64::from(of.limit) - of.dead.range_cardinality(..of.limit))
    }

    /// What was current of a type.
    pub(crate) fn of(&self, resource_type: ResourceType) -> Result<TypeState, Error> {
        let number = resource_type.number();
        let newest = &self.state.types[number as usize];
        let Some(earlier) = &self.earlier else { return Ok(newest.clone()) };
        if let Some(known) = earlier.lock().get(&number) {
            return Ok(known.clone());
        }
        let mut then = newest.clone();
        let mut first = None;
        let mut back = RoaringBitmap::new();
        self.inner.substrate.scan(
            &keys::run(resource_type, self.commit + 1),
            &keys::run(resource_type, self.state.commit + 1),
            |_, value| {
                let run = RunRecord::decode(value)?;
                first.get_or_insert(run.first);
                back.extend(run.exceptions.iter().filter_map(|exception| exception.replaced));
                Ok(true)
            },
        )?;
        if let Some(first) = first {
            then.limit = first;
            let mut dead = (*then.dead).clone();
            dead -= back;
            dead.remove_range(first..);
            then.dead = Arc::new(dead);
        }
        earlier.lock().insert(number, then.clone());
        Ok(then)
    }

    pub(crate) fn record(
        &self,
        resource_type: ResourceType,
        id: &str,
    ) -> Result<Option<VersionRecord>, Error> {
        let of = self.of(resource_type)?;
        self.inner.version(resource_type, id, of.limit, &of.orphans)
    }

    /// All records of a resource, newest first.
    fn records(&self, resource_type: ResourceType, id: &str) -> Result<Vec<VersionRecord>, Error> {
        let of = self.of(resource_type)?;
        let Some(newest) = self.inner.version(resource_type, id, of.limit, &of.orphans)? else {
            return Ok(Vec::new());
        };
        let mut records = vec![newest];
        let prefix = keys::history(resource_type, id);
        self.inner.substrate.scan(&prefix, &keys::after(&prefix), |_, value| {
            let record = VersionRecord::decode(value)?;
            // A version that was annotated is told once, by its newest ordinal.
            let told = records.last().is_some_and(|last| last.version_id == record.version_id);
            if record.ordinal < newest.ordinal && !of.orphans.contains(record.ordinal) && !told {
                records.push(record);
            }
            Ok(true)
        })?;
        Ok(records)
    }
}

fn not_found(resource_type: ResourceType, id: &str, version: Option<u64>) -> Error {
    Error::NotFound { resource_type, id: id.to_owned(), version }
}

fn version_of(block: &Block, resource_type: ResourceType, ordinal: u32) -> Result<Version, Error> {
    let (id, version_id, bytes) = block.get(ordinal)?;
    let body = bytes
        .map(|bytes| Body::from_bytes(bytes).ok_or(Error::Damaged { what: "a body" }))
        .transpose()?;
    Ok(Version {
        resource_type,
        id: id.to_owned(),
        version_id,
        ordinal,
        commit: block.commit,
        last_updated_us: block.time_us,
        body,
    })
}
