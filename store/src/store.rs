//! One datastore's folder: opening, recovering, and the state readers and the writer share.
//!
//! Always true:
//! - commit numbers have no gaps and never go back;
//! - ordinals of a type ascend with commits; a bulk chunk a crash cut off leaves a hole, never a
//!   second use of the same ordinal;
//! - the published state names only what is on disk.

use crate::{
    Access, CommitChanges, Error, Settings, Snapshot, Statistics, TypeStatistics,
    block::{self, Block},
    changes, column, keys, posting,
    record::{LogRecord, RunRecord, VersionRecord},
    substrate::Substrate,
    writer::Queue,
};
use fhir::ResourceType;
use parking_lot::{Mutex, RwLock};
use roaring::RoaringBitmap;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// The on-disk format this release writes and reads.
const FORMAT: u64 = 1;
/// Body files of imports after which they are merged.
const BODY_FILES: usize = 64;
const FORMAT_KEY: &[u8] = b"Mformat";

/// Tells the time. A part given to [`Store::open`], so that tests can hold it still.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970-01-01T00:00:00Z.
    fn now_us(&self) -> i64;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_us(&self) -> i64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_micros() as i64)
    }
}

/// Every version of every resource of one datastore, its search indexes, and its change log.
///
/// All methods block; call them where blocking is allowed.
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub substrate: Arc<Substrate>,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub state: RwLock<Arc<State>>,
    pub queue: Mutex<Queue>,
    /// Set when an append failed: what is on disk is no longer known until the folder is reopened.
    pub refuses_writes: AtomicBool,
    pub columns: column::Cache,
    blocks: Mutex<BlockCache>,
    /// Body files written since they were last merged, and the thread that does it.
    merging: Mutex<(usize, Option<JoinHandle<()>>)>,
}

/// What is published: everything a reader needs to know which ordinals are there.
#[derive(Clone)]
pub(crate) struct State {
    pub commit: u64,
    pub time_us: i64,
    /// By type number.
    pub types: Vec<TypeState>,
}

/// The ordinals of one type.
#[derive(Clone, Default)]
pub(crate) struct TypeState {
    /// Ordinals below this one have been given out.
    pub limit: u32,
    /// Those of them that are not current: replaced, deletions, orphans.
    pub dead: Arc<RoaringBitmap>,
    /// Those of them that belong to no commit.
    pub orphans: Arc<RoaringBitmap>,
    /// How many of them repeat a version with findings beside it.
    pub annotated: u64,
}

impl Store {
    /// Opens or creates a datastore's folder, and repairs what a crash left undone.
    ///
    /// # Errors
    /// [`Error::Open`] when another process holds the folder or it cannot be read;
    /// [`Error::Format`] when a newer release wrote it.
    pub fn open(folder: &Path, settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let substrate = Arc::new(Substrate::open(folder, settings)?);
        let state = recover(&substrate)?;
        let inner = Inner {
            substrate,
            settings: settings.clone(),
            clock,
            state: RwLock::new(Arc::new(state)),
            queue: Mutex::default(),
            refuses_writes: AtomicBool::new(false),
            columns: column::Cache::new(settings.column_cache_bytes),
            blocks: Mutex::new(BlockCache {
                bytes_max: settings.body_cache_bytes,
                ..BlockCache::default()
            }),
            merging: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The newest commit; 0 while the store is empty.
    pub fn current_commit(&self) -> u64 {
        self.inner.state().commit
    }

    /// Everything as of the newest commit.
    pub fn snapshot(&self, access: &Access) -> Snapshot {
        Snapshot::new(self.inner.clone(), access.clone(), None)
    }

    /// Everything as of an earlier commit.
    ///
    /// # Errors
    /// [`Error::UnknownCommit`] when the store has not reached it.
    pub fn snapshot_at(&self, access: &Access, commit: u64) -> Result<Snapshot, Error> {
        let newest = self.current_commit();
        if commit > newest {
            return Err(Error::UnknownCommit { commit, newest });
        }
        Ok(Snapshot::new(self.inner.clone(), access.clone(), Some(commit)))
    }

    /// The change log: commits after `after`, ascending, stopping once `max_changes` changes are
    /// gathered. At least one commit is returned if there is one.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Damaged`] when the disk fails.
    pub fn changes(&self, after: u64, max_changes: usize) -> Result<Vec<CommitChanges>, Error> {
        changes::read(&self.inner, after, max_changes)
    }

    /// Counts and sizes.
    pub fn statistics(&self) -> Statistics {
        let state = self.inner.state();
        let types = ResourceType::all()
            .filter_map(|resource_type| {
                let of = &state.types[resource_type.number() as usize];
                (of.limit > 0).then(|| TypeStatistics {
                    resource_type,
                    resources: u64::from(of.limit) - of.dead.len(),
                    versions: u64::from(of.limit) - of.orphans.len() - of.annotated,
                })
            })
            .filter(|of| of.versions > 0)
            .collect();
        let parts = Substrate::spaces()
            .map(|(space, name)| (name, self.inner.substrate.disk_bytes(space)))
            .collect::<Vec<_>>();
        Statistics {
            commit: state.commit,
            types,
            disk_bytes: parts.iter().map(|part| part.1).sum(),
            disk_parts: parts,
        }
    }

    /// Merges all files down to their smallest. Takes a while; reads and writes go on.
    ///
    /// # Errors
    /// [`Error::Append`] when the disk fails.
    pub fn compact(&self) -> Result<(), Error> {
        self.inner.substrate.compact()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(thread) = self.merging.get_mut().1.take() {
            self.substrate.stop_merging();
            let _ = thread.join();
        }
    }
}

impl Inner {
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.read().clone()
    }

    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if self.refuses_writes.load(Ordering::Acquire) {
            return Err(Error::Append(std::io::Error::new(
                std::io::ErrorKind::ReadOnlyFilesystem,
                "an earlier append failed; reopen the store",
            )));
        }
        Ok(())
    }

    /// Counts body files of imports, and has them merged now and then.
    pub(crate) fn wrote_bodies(&self, files: usize) {
        let mut merging = self.merging.lock();
        merging.0 += files;
        if merging.0 < BODY_FILES || merging.1.as_ref().is_some_and(|thread| !thread.is_finished())
        {
            return;
        }
        merging.0 = 0;
        let substrate = self.substrate.clone();
        let thread = std::thread::Builder::new().name("merge-bodies".to_owned()).spawn(move || {
            if let Err(error) = substrate.merge_small_bodies() {
                tracing::warn!(%error, "body files were not merged");
            }
        });
        merging.1 = thread.ok();
    }

    /// The newest version with an ordinal below `limit`, leaving out orphans.
    pub(crate) fn version(
        &self,
        resource_type: ResourceType,
        id: &str,
        limit: u32,
        orphans: &RoaringBitmap,
    ) -> Result<Option<VersionRecord>, Error> {
        let Some(bytes) = self.substrate.get(&keys::version(resource_type, id))? else {
            return Ok(None);
        };
        let record = VersionRecord::decode(&bytes)?;
        drop(bytes);
        if record.ordinal < limit && !orphans.contains(record.ordinal) {
            return Ok(Some(record));
        }
        let mut found = None;
        let prefix = keys::history(resource_type, id);
        // Inverted ordinals: this starts at the newest one below the limit.
        let mut from = prefix.clone();
        from.extend_from_slice(&(!limit.saturating_sub(1)).to_be_bytes());
        if limit > 0 {
            self.substrate.scan(&from, &keys::after(&prefix), |_, value| {
                let record = VersionRecord::decode(value)?;
                if orphans.contains(record.ordinal) {
                    return Ok(true);
                }
                found = Some(record);
                Ok(false)
            })?;
        }
        Ok(found)
    }

    /// The body block that holds an ordinal.
    pub(crate) fn block(
        &self,
        resource_type: ResourceType,
        ordinal: u32,
    ) -> Result<Arc<Block>, Error> {
        if let Some(block) = self.blocks.lock().get(resource_type.number(), ordinal) {
            return Ok(block);
        }
        let from = keys::body(resource_type, 0);
        let to = ordinal.checked_add(1).map_or_else(
            || keys::after(&from[..2]),
            |next| keys::body(resource_type, next).to_vec(),
        );
        let block = self.substrate.last(&from, &to, |key, value| {
            Block::decode(keys::tail_u32(key).unwrap_or(0), value)
        })?;
        let block = Arc::new(
            block
                .filter(|block| ordinal < block.end())
                .ok_or(Error::Damaged { what: "a body block that should be there" })?,
        );
        self.blocks.lock().put(resource_type.number(), block.clone());
        Ok(block)
    }
}

/// Reads the state from disk. Whatever a killed bulk chunk left behind is declared orphaned first.
fn recover(substrate: &Substrate) -> Result<State, Error> {
    let newest = substrate.last(&[keys::LOG], &[keys::LOG + 1], |key, value| {
        Ok((keys::tail_u64(key).unwrap_or(0), LogRecord::decode(value)?.time_us))
    })?;
    let format = substrate
        .get(FORMAT_KEY)?
        .map(|bytes| bytes.as_ref().try_into().map(u64::from_le_bytes).unwrap_or(u64::MAX));
    match (format, &newest) {
        (Some(FORMAT), _) => {}
        (None, None) => {
            let mut batch = substrate.batch();
            batch.put(FORMAT_KEY, &FORMAT.to_le_bytes());
            substrate.write(batch)?;
        }
        (found, _) => return Err(Error::Format { found: found.unwrap_or(0), known: FORMAT }),
    }
    let (commit, time_us) = newest.unwrap_or((0, 0));
    let mut types = Vec::new();
    let mut batch = substrate.batch();
    for resource_type in ResourceType::all() {
        let number = resource_type.number();
        let mut state = TypeState::default();
        let run = [keys::RUN, number];
        if let Some(end) = substrate
            .last(&run, &keys::after(&run), |_, value| Ok(RunRecord::decode(value)?.end()))?
        {
            state.limit = end;
        }
        let mut dead = stored_set(substrate, keys::DEAD, resource_type)?;
        let mut orphans = stored_set(substrate, keys::ORPHAN, resource_type)?;
        state.limit = state.limit.max(orphans.max().map_or(0, |last| last + 1));
        // A chunk's bodies are the first of it to reach the disk: they tell how far it got.
        let body = [keys::BODY, number];
        let end = substrate
            .last(&body, &keys::after(&body), |key, value| {
                Ok(keys::tail_u32(key).unwrap_or(0) + block::count(value)?)
            })?
            .unwrap_or(0);
        if end > state.limit {
            tracing::warn!(
                resource_type = resource_type.name(),
                ordinals = end - state.limit,
                "an unfinished bulk chunk was left out"
            );
            let cut_off: RoaringBitmap = (state.limit..end).collect();
            for set in sets_of(&cut_off) {
                batch.merge(&keys::per_type(keys::DEAD, resource_type, set.0), &set.1);
                batch.merge(&keys::per_type(keys::ORPHAN, resource_type, set.0), &set.1);
            }
            dead |= &cut_off;
            orphans |= &cut_off;
            state.limit = end;
        }
        state.dead = Arc::new(dead);
        state.orphans = Arc::new(orphans);
        state.annotated = stored_set(substrate, keys::ANNOTATED, resource_type)?.len();
        types.push(state);
    }
    if !batch.is_empty() {
        substrate.write(batch)?;
    }
    Ok(State { commit, time_us, types })
}

fn stored_set(
    substrate: &Substrate,
    family: u8,
    resource_type: ResourceType,
) -> Result<RoaringBitmap, Error> {
    let prefix = [family, resource_type.number()];
    let mut union = posting::Union::default();
    substrate.scan(&prefix, &keys::after(&prefix), |key, value| {
        union.add(keys::tail_u16(key).unwrap_or(0), value);
        Ok(true)
    })?;
    Ok(union.finish())
}

/// A bitmap as stored sets, one a container.
pub(crate) fn sets_of(bitmap: &RoaringBitmap) -> Vec<(u16, Vec<u8>)> {
    let ordinals: Vec<u32> = bitmap.iter().collect();
    ordinals
        .chunk_by(|&a, &b| keys::container(a) == keys::container(b))
        .map(|same| {
            (
                keys::container(same[0]),
                posting::encode(
                    &same.iter().map(|&ordinal| keys::low(ordinal)).collect::<Vec<_>>(),
                ),
            )
        })
        .collect()
}

/// Decompressed blocks, least recently used out first.
#[derive(Default)]
struct BlockCache {
    bytes_max: usize,
    bytes: usize,
    clock: u64,
    blocks: BTreeMap<(u8, u32), (Arc<Block>, u64)>,
    by_use: BTreeMap<u64, (u8, u32)>,
}

impl BlockCache {
    fn get(&mut self, number: u8, ordinal: u32) -> Option<Arc<Block>> {
        let (key, (block, used)) =
            self.blocks.range_mut((number, 0)..=(number, ordinal)).next_back()?;
        if ordinal >= block.end() {
            return None;
        }
        self.clock += 1;
        self.by_use.remove(used);
        *used = self.clock;
        self.by_use.insert(self.clock, *key);
        Some(block.clone())
    }

    fn put(&mut self, number: u8, block: Arc<Block>) {
        let key = (number, block.first);
        self.clock += 1;
        self.bytes += block.weight();
        self.by_use.insert(self.clock, key);
        if let Some((old, used)) = self.blocks.insert(key, (block, self.clock)) {
            self.bytes -= old.weight();
            self.by_use.remove(&used);
        }
        while self.bytes > self.bytes_max {
            let Some((_, key)) = self.by_use.pop_first() else { break };
            if let Some((old, _)) = self.blocks.remove(&key) {
                self.bytes -= old.weight();
            }
        }
    }
}
