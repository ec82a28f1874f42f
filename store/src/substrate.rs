//! The narrow inner interface everything durable goes through: ordered keys.
//!
//! Get, range, atomic batch with sync, and ready-made sorted runs. Nothing above this file knows
//! the engine, so that another one can stand here later. The engine is RocksDB, with four column
//! families that want different treatment:
//!
//! - `body` (`B`): written once in ascending order, so its files rarely need merging;
//! - `index` (`C`, `P`): written through merge operators, so that the segments of many commits
//!   become one during compaction without code of ours;
//! - `version` (`V`, `H`): point reads, with Bloom filters;
//! - `log` (`D`, `L`, `M`, `O`, `R`): never written by a sorted run, so publishing a run does not
//!   have to wait for the others' memory to be flushed.
//!
//! Always true:
//! - a batch is on disk, whole, when [`Substrate::write`] returns;
//! - a sorted run is on disk when [`Substrate::ingest`] returns;
//! - runs and batches are given in the order in which they should overwrite one another.

use crate::{Error, Settings, keys, posting};
use rocksdb::{
    BlockBasedOptions, BottommostLevelCompaction, Cache, ColumnFamily, ColumnFamilyDescriptor,
    CompactOptions, DB, DBCompactionStyle, DBCompressionType, DBPinnableSlice,
    IngestExternalFileOptions, LiveFile, LogLevel, MergeOperands, Options, ReadOptions,
    SstFileWriter, UniversalCompactOptions, WriteBatch, WriteOptions,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Body files below this size are worth merging with their neighbours.
const SMALL_FILE_BYTES: usize = 16 << 20;
/// So many neighbours make it worth while.
const SMALL_FILES: usize = 8;

/// A place of its own for keys that are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Body,
    Index,
    Version,
    Log,
}

const SPACES: [Space; 4] = [Space::Body, Space::Index, Space::Version, Space::Log];

impl Space {
    fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Index => "index",
            Self::Version => "version",
            Self::Log => "log",
        }
    }

    fn of(key: &[u8]) -> Self {
        match key.first() {
            Some(&keys::BODY) => Self::Body,
            Some(&(keys::COLUMN | keys::POSTING)) => Self::Index,
            Some(&(keys::VERSION | keys::HISTORY)) => Self::Version,
            _ => Self::Log,
        }
    }
}

/// An open folder of ordered keys.
pub(crate) struct Substrate {
    db: DB,
    options: [Options; 4],
    runs: PathBuf,
    next_run: AtomicU64,
}

/// Writes that happen together.
pub(crate) struct Batch<'a> {
    substrate: &'a Substrate,
    batch: WriteBatch,
}

/// A sorted run waiting to be taken in.
pub(crate) struct Run {
    space: Space,
    path: PathBuf,
}

impl Substrate {
    /// Opens or creates the folder.
    pub(crate) fn open(folder: &Path, settings: &Settings) -> Result<Self, Error> {
        let runs = folder.join("runs");
        std::fs::create_dir_all(folder).map_err(Error::Open)?;
        let mut general = Options::default();
        general.create_if_missing(true);
        general.create_missing_column_families(true);
        general.set_max_background_jobs(settings.background_threads.max(2));
        general.set_max_open_files(settings.open_files_max);
        // With the usual 64 shards a few hundred files would push each other out.
        general.set_table_cache_num_shard_bits(2);
        general.set_db_write_buffer_size(settings.write_buffer_bytes);
        general.set_max_total_wal_size(settings.write_buffer_bytes as u64 * 2);
        general.set_keep_log_file_num(2);
        general.set_max_log_file_size(1 << 20);
        general.set_log_level(LogLevel::Warn);
        general.set_bytes_per_sync(1 << 20);
        general.set_max_manifest_file_size(4 << 20);
        let cache = Cache::new_lru_cache(settings.block_cache_bytes);
        let options = SPACES.map(|space| space_options(space, settings, &cache));
        let families = SPACES
            .iter()
            .zip(&options)
            .map(|(space, options)| ColumnFamilyDescriptor::new(space.name(), options.clone()));
        let db = DB::open_cf_descriptors(&general, folder, families)
            .map_err(|error| Error::Open(cause(&error)))?;
        // Left over from a process that was killed: linked files live on elsewhere.
        if runs.exists() {
            std::fs::remove_dir_all(&runs).map_err(Error::Open)?;
        }
        std::fs::create_dir_all(&runs).map_err(Error::Open)?;
        Ok(Self { db, options, runs, next_run: AtomicU64::new(0) })
    }

    fn family(&self, space: Space) -> &ColumnFamily {
        self.db.cf_handle(space.name()).expect("every space was opened")
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, Error> {
        self.db
            .get_pinned_cf(self.family(Space::of(key)), key)
            .map_err(|error| Error::Read(cause(&error)))
    }

    /// Visits keys from `from` up to, not including, `to`, ascending, until `visit` says stop (`false`).
    pub(crate) fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut iterator = self.iterator(from, to);
        iterator.seek(from);
        while let Some((key, value)) = iterator.item() {
            if !visit(key, value)? {
                return Ok(());
            }
            iterator.next();
        }
        iterator.status().map_err(|error| Error::Read(cause(&error)))
    }

    /// The same, descending.
    pub(crate) fn scan_back(
        &self,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut iterator = self.iterator(from, to);
        iterator.seek_to_last();
        while let Some((key, value)) = iterator.item() {
            if !visit(key, value)? {
                return Ok(());
            }
            iterator.prev();
        }
        iterator.status().map_err(|error| Error::Read(cause(&error)))
    }

    /// The last key before `to` that is not before `from`.
    pub(crate) fn last<T>(
        &self,
        from: &[u8],
        to: &[u8],
        read: impl FnOnce(&[u8], &[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (mut read, mut found) = (Some(read), None);
        self.scan_back(from, to, |key, value| {
            found = read.take().map(|read| read(key, value)).transpose()?;
            Ok(false)
        })?;
        Ok(found)
    }

    /// The first key from `from` on that is before `to`.
    pub(crate) fn first<T>(
        &self,
        from: &[u8],
        to: &[u8],
        read: impl FnOnce(&[u8], &[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let (mut read, mut found) = (Some(read), None);
        self.scan(from, to, |key, value| {
            found = read.take().map(|read| read(key, value)).transpose()?;
            Ok(false)
        })?;
        Ok(found)
    }

    fn iterator(&self, from: &[u8], to: &[u8]) -> rocksdb::DBRawIterator<'_> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(to);
        self.db.raw_iterator_cf_opt(self.family(Space::of(from)), options)
    }

    /// An empty batch.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch { substrate: self, batch: WriteBatch::default() }
    }

    /// Writes a batch: all of it is on disk on return, or none of it.
    pub(crate) fn write(&self, batch: Batch<'_>) -> Result<(), Error> {
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.db.write_opt(batch.batch, &options).map_err(|error| Error::Append(cause(&error)))
    }

    /// Writes a sorted run of one space; `fill` gives the keys in ascending order. `None` when it gave none.
    pub(crate) fn run(
        &self,
        space: Space,
        fill: impl FnOnce(&mut RunWriter<'_>) -> Result<(), Error>,
    ) -> Result<Option<Run>, Error> {
        let path = self.runs.join(format!("{}.sst", self.next_run.fetch_add(1, Ordering::Relaxed)));
        let place = SPACES.iter().position(|&known| known == space).expect("every space is listed");
        let writer = SstFileWriter::create(&self.options[place]);
        writer.open(&path).map_err(|error| Error::Append(cause(&error)))?;
        let mut run = RunWriter { writer, keys: 0 };
        fill(&mut run)?;
        if run.keys == 0 {
            // An unfinished file; the engine refuses to finish an empty one.
            drop(run);
            let _ = std::fs::remove_file(&path);
            return Ok(None);
        }
        run.writer.finish().map_err(|error| Error::Append(cause(&error)))?;
        Ok(Some(Run { space, path }))
    }

    /// Takes runs of one space in: their keys can be read, and are on disk, on return.
    pub(crate) fn ingest(&self, runs: &[Run]) -> Result<(), Error> {
        let Some(first) = runs.first() else { return Ok(()) };
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        // Nothing here reads through the engine's own snapshots.
        options.set_snapshot_consistency(false);
        let paths = runs.iter().map(|run| &run.path).collect();
        self.db
            .ingest_external_file_cf_opts(self.family(first.space), &options, paths)
            .map_err(|error| Error::Append(cause(&error)))
    }

    /// Merges everything down; for measurements and after large imports.
    pub(crate) fn compact(&self) -> Result<(), Error> {
        for space in SPACES {
            self.db.flush_cf(self.family(space)).map_err(|error| Error::Append(cause(&error)))?;
            self.db.compact_range_cf(self.family(space), None::<&[u8]>, None::<&[u8]>);
        }
        Ok(())
    }

    /// Merges body files that lie side by side into few large ones. Each chunk of an import leaves
    /// a small one that overlaps no other, so the engine would keep them for ever, and a store of
    /// many millions of resources would have more files than may be open.
    pub(crate) fn merge_small_bodies(&self) -> Result<(), Error> {
        let mut files = self.db.live_files().map_err(|error| Error::Read(cause(&error)))?;
        files.retain(|file| file.column_family_name == Space::Body.name() && file.level > 0);
        files.sort_by(|a, b| a.start_key.cmp(&b.start_key));
        let of_type = |file: &LiveFile| {
            let first = file.start_key.as_deref()?.get(..2)?;
            (file.size < SMALL_FILE_BYTES && file.end_key.as_deref()?.starts_with(first))
                .then(|| first.to_vec())
        };
        let mut options = CompactOptions::default();
        options.set_exclusive_manual_compaction(false);
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        for beside in files.chunk_by(|a, b| of_type(a).is_some() && of_type(a) == of_type(b)) {
            if let ([first, .., last], true) = (beside, beside.len() >= SMALL_FILES) {
                let (from, to) = (first.start_key.as_ref(), last.end_key.as_ref());
                self.db.compact_range_cf_opt(self.family(Space::Body), from, to, &options);
            }
        }
        Ok(())
    }

    /// Ends merging that is under way, so that the folder can be closed.
    pub(crate) fn stop_merging(&self) {
        self.db.cancel_all_background_work(false);
    }

    /// Bytes of all files of a space.
    pub(crate) fn disk_bytes(&self, space: Space) -> u64 {
        let family = self.family(space);
        ["rocksdb.live-sst-files-size", "rocksdb.cur-size-all-mem-tables"]
            .into_iter()
            .filter_map(|name| self.db.property_int_value_cf(family, name).ok().flatten())
            .sum()
    }

    /// All spaces, with their names.
    pub(crate) fn spaces() -> impl Iterator<Item = (Space, &'static str)> {
        SPACES.into_iter().map(|space| (space, space.name()))
    }
}

impl Batch<'_> {
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.batch.put_cf(self.substrate.family(Space::of(key)), key, value);
    }

    pub(crate) fn merge(&mut self, key: &[u8], value: &[u8]) {
        self.batch.merge_cf(self.substrate.family(Space::of(key)), key, value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }
}

/// A sorted run being written.
pub(crate) struct RunWriter<'a> {
    writer: SstFileWriter<'a>,
    keys: u64,
}

impl RunWriter<'_> {
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        self.keys += 1;
        self.writer.put(key, value).map_err(|error| Error::Append(cause(&error)))
    }

    pub(crate) fn merge(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        self.keys += 1;
        self.writer.merge(key, value).map_err(|error| Error::Append(cause(&error)))
    }
}

fn space_options(space: Space, settings: &Settings, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_format_version(6);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    let mut options = Options::default();
    options.set_merge_operator_associative("tarn.merge.1", merge);
    options.set_write_buffer_size(settings.write_buffer_bytes / 3);
    options.set_max_write_buffer_number(3);
    options.set_compression_type(DBCompressionType::Lz4);
    match space {
        Space::Body => {
            // Values are compressed already and read one at a time.
            options.set_compression_type(DBCompressionType::None);
            table.set_block_size(4 << 10);
            options.set_target_file_size_base(64 << 20);
        }
        Space::Index => {
            table.set_block_size(8 << 10);
            universal(&mut options);
        }
        Space::Version => {
            table.set_block_size(8 << 10);
            table.set_bloom_filter(10.0, false);
            universal(&mut options);
        }
        Space::Log => {
            table.set_block_size(8 << 10);
        }
    }
    options.set_block_based_table_factory(&table);
    options
}

/// Runs arrive all alike and overlapping: merging those of like size rewrites each byte a few
/// times, where levels would rewrite the lowest one for every handful of runs.
fn universal(options: &mut Options) {
    options.set_compaction_style(DBCompactionStyle::Universal);
    let mut universal = UniversalCompactOptions::default();
    universal.set_size_ratio(20);
    universal.set_min_merge_width(4);
    universal.set_max_size_amplification_percent(100);
    options.set_universal_compaction_options(&universal);
    options.set_level_zero_file_num_compaction_trigger(8);
    // Writes are slowed only when merging is far behind.
    options.set_level_zero_slowdown_writes_trigger(64);
    options.set_level_zero_stop_writes_trigger(128);
}

/// Sets unite; column segments are put one after the other, oldest first.
fn merge(key: &[u8], existing: Option<&[u8]>, operands: &MergeOperands) -> Option<Vec<u8>> {
    let all = existing.into_iter().chain(operands.iter());
    if key.first() == Some(&keys::COLUMN) {
        Some(all.flatten().copied().collect())
    } else {
        Some(posting::union(all))
    }
}

/// The engine's error as one of the operating system, as far as its text tells.
fn cause(error: &rocksdb::Error) -> io::Error {
    let text = error.to_string();
    let kind = if text.contains("No space left") {
        io::ErrorKind::StorageFull
    } else if text.contains("lock ") || text.contains("LOCK") {
        io::ErrorKind::WouldBlock
    } else {
        io::ErrorKind::Other
    };
    io::Error::new(kind, text)
}
