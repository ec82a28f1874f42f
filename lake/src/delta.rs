//! One table's files: Parquet beside a Delta log, so that other engines read them without us.
//!
//! The data folder has one writer, so a commit is a conditional put of the next log entry; the
//! state other writers would have to re-read is kept in memory. Every commit carries the number
//! of the store commit it reflects (`txn` of application `tarn`).
//!
//! Always true:
//! - the log names a file only after the file and its name are on disk;
//! - deletion vectors are declared only once a row had to be hidden.
//!
//! Spec: <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>

use crate::Error;
use crate::shred::{ITEM, list_of};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use deltalake_core::kernel::engine::arrow_conversion::TryFromArrow as _;
use deltalake_core::kernel::transaction::CommitData;
use deltalake_core::kernel::{
    Action, Add, DeletionVectorDescriptor, Metadata, MetadataExt as _, Protocol, Remove,
    StorageType, StructType, Transaction, new_metadata,
};
use deltalake_core::logstore::{CommitOrBytes, LogStore as _, LogStoreRef};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use roaring::{RoaringBitmap, RoaringTreemap};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// Under this name the log keeps the number of the store commit a table reflects.
const APPLICATION: &str = "tarn";

/// The folder of the log entries.
const ENTRIES: &str = "_delta_log";

/// A checkpoint spares readers the log entries before it.
const COMMITS_PER_CHECKPOINT: u64 = 50;

/// Files no longer part of the table are kept this long for queries that began before.
const RETENTION: Duration = Duration::from_secs(3600);

/// First bytes of a bitmap array in the portable format.
const VECTOR_MAGIC: u32 = 1_681_511_377;

/// A Parquet file of the table, with its hidden rows.
#[derive(Debug)]
pub(crate) struct DataFile {
    /// What the log says about it.
    pub add: Add,
    /// Rows in it, hidden ones included.
    pub rows: u64,
    /// Places of the hidden rows.
    pub dead: RoaringBitmap,
    /// Lowest and highest ordinal in it.
    pub ordinals: (u32, u32),
    /// The ordinals in it, ascending like its rows; read from the file when first needed.
    pub index: OnceLock<Arc<RoaringBitmap>>,
}

impl DataFile {
    /// Rows that are not hidden.
    pub fn live(&self) -> u64 {
        self.rows - self.dead.len()
    }

    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.add.size).unwrap_or_default()
    }

    /// The same file with more rows hidden.
    pub fn hiding(&self, places: &RoaringBitmap, vector: DeletionVectorDescriptor) -> Self {
        let mut add = self.add.clone();
        add.deletion_vector = Some(vector);
        Self {
            add,
            rows: self.rows,
            dead: &self.dead | places,
            ordinals: self.ordinals,
            index: self.index.clone(),
        }
    }

    /// The action that takes this state of the file out of the table.
    fn remove(&self, now_ms: i64, data_change: bool) -> Remove {
        Remove {
            path: self.add.path.clone(),
            data_change,
            deletion_timestamp: Some(now_ms),
            extended_file_metadata: Some(true),
            partition_values: Some(HashMap::new()),
            size: Some(self.add.size),
            tags: None,
            deletion_vector: self.add.deletion_vector.clone(),
            base_row_id: None,
            default_row_commit_version: None,
        }
    }
}

/// What one flush does to a table.
pub(crate) struct Change<'a> {
    /// All columns of the table; recorded where the log knows fewer.
    pub schema: &'a Schema,
    /// Files that are new, or hide more rows than before.
    pub added: Vec<Arc<DataFile>>,
    /// Earlier states of files, no longer valid.
    pub removed: Vec<Arc<DataFile>>,
    /// The store commit the table reflects afterwards.
    pub watermark: u64,
    /// False when rows only moved between files.
    pub data_change: bool,
}

/// What a table folder held when it was opened.
pub(crate) struct Opened {
    pub log: Log,
    pub schema: Schema,
    pub files: Vec<Arc<DataFile>>,
    pub watermark: u64,
}

/// The log of one table.
pub(crate) struct Log {
    table: String,
    folder: PathBuf,
    store: LogStoreRef,
    /// The last version; `None` before the table exists.
    version: Option<u64>,
    metadata: Option<Metadata>,
    schema: Schema,
    has_vectors: bool,
}

impl Log {
    /// A table that has no files yet.
    pub fn create(table: &str, folder: &Path) -> Result<Self, Error> {
        let folder = folder.join(table);
        std::fs::create_dir_all(&folder)
            .map_err(|source| Error::Write { path: folder.clone(), source })?;
        if let Some(above) = folder.parent() {
            sync_folder(above)?;
        }
        let store = log_store(table, &folder)?;
        Ok(Self {
            table: table.to_owned(),
            folder,
            store,
            version: None,
            metadata: None,
            schema: Schema::empty(),
            has_vectors: false,
        })
    }

    /// Reads the log of a table folder, and removes what a crash left behind.
    pub async fn open(table: &str, folder: &Path) -> Result<Opened, Error> {
        let mut log = Self::create(table, folder)?;
        let damaged = |source: DeltaTableError| Error::Damaged {
            table: table.to_owned(),
            source: source.into(),
        };
        if !log.store.is_delta_table_location().await.map_err(damaged)? {
            log.sweep(&[]);
            let schema = Schema::empty();
            return Ok(Opened { log, schema, files: Vec::new(), watermark: 0 });
        }
        let mut delta = deltalake_core::DeltaTable::new(log.store.clone());
        delta.load().await.map_err(damaged)?;
        let state = delta.snapshot().map_err(damaged)?;
        log.version = Some(state.version());
        log.metadata = Some(state.metadata().clone());
        log.has_vectors = state.protocol().min_reader_version() >= 3;
        log.schema = from_delta(&state.snapshot().arrow_schema());
        let watermark = state
            .transaction_version(log.store.as_ref(), APPLICATION)
            .await
            .map_err(damaged)?
            .and_then(|version| u64::try_from(version).ok())
            .unwrap_or_default();
        let mut files = Vec::new();
        for view in state.log_data().iter() {
            files.push(Arc::new(log.file(Add {
                path: view.path().into_owned(),
                size: view.size(),
                modification_time: view.modification_time(),
                stats: view.stats(),
                deletion_vector: view.deletion_vector_descriptor(),
                data_change: true,
                ..Add::default()
            })?));
        }
        files.sort_by_key(|file| file.ordinals);
        log.sweep(&files);
        Ok(Opened { schema: log.schema.clone(), log, files, watermark })
    }

    /// The table's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version of the last log entry; `None` before there is one.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// A name for the file that the next commit will add.
    pub fn next_file_name(&self) -> String {
        let version = self.version.map_or(0, |version| version + 1);
        format!("part-{version:010}-{}.zstd.parquet", Uuid::new_v4().simple())
    }

    fn file(&self, add: Add) -> Result<DataFile, Error> {
        let damaged =
            |what: &'static str| Error::Damaged { table: self.table.clone(), source: what.into() };
        let stats = add.stats.as_deref().ok_or(damaged("a file without statistics"))?;
        let stats: serde_json::Value =
            serde_json::from_str(stats).map_err(|_| damaged("statistics that are not JSON"))?;
        let rows = stats["numRecords"].as_u64().ok_or(damaged("no row count"))?;
        let bound = |which: &str| {
            stats[which]["_ordinal"].as_u64().and_then(|bound| u32::try_from(bound).ok())
        };
        let ordinals =
            bound("minValues").zip(bound("maxValues")).ok_or(damaged("no range of ordinals"))?;
        let dead = match &add.deletion_vector {
            Some(vector) => read_vector(&self.folder, vector)
                .ok_or(damaged("a deletion vector that cannot be read"))?,
            None => RoaringBitmap::new(),
        };
        Ok(DataFile { add, rows, dead, ordinals, index: OnceLock::new() })
    }

    /// Writes one log entry.
    ///
    /// # Errors
    /// [`Error::Log`]: the table is as before.
    pub async fn commit(&mut self, change: Change<'_>) -> Result<(), Error> {
        let failed = |source: DeltaTableError| Error::Log {
            table: self.table.clone(),
            source: source.into(),
        };
        let now_ms = now_ms();
        let mut actions = Vec::new();
        let has_vectors =
            self.has_vectors || change.added.iter().any(|file| file.add.deletion_vector.is_some());
        if self.version.is_none() || has_vectors != self.has_vectors {
            actions.push(Action::Protocol(protocol(has_vectors).map_err(failed)?));
        }
        let new_schema = self.schema != *change.schema;
        let mut metadata = self.metadata.clone();
        if metadata.is_none() || new_schema {
            let schema = StructType::try_from_arrow(change.schema)
                .map_err(|error| failed(DeltaTableError::from(error)))?;
            metadata = Some(
                match metadata {
                    Some(metadata) => metadata.with_schema(&schema),
                    None => {
                        new_metadata(&schema, Vec::<String>::new(), Vec::<(String, String)>::new())
                            .and_then(|metadata| metadata.with_name(self.table.clone()))
                    }
                }
                .map_err(|error| failed(DeltaTableError::from(error)))?,
            );
        }
        if has_vectors && !self.has_vectors {
            metadata = metadata
                .map(|metadata| {
                    let key = "delta.enableDeletionVectors".to_owned();
                    metadata.add_config_key(key, "true".to_owned())
                })
                .transpose()
                .map_err(|error| failed(DeltaTableError::from(error)))?;
        }
        if let Some(metadata) = &metadata
            && (self.metadata.is_none() || new_schema || has_vectors != self.has_vectors)
        {
            actions.push(Action::Metadata(metadata.clone()));
        }
        for file in &change.removed {
            actions.push(Action::Remove(file.remove(now_ms, change.data_change)));
        }
        for file in &change.added {
            let mut add = file.add.clone();
            add.data_change = change.data_change;
            actions.push(Action::Add(add));
        }
        let watermark = i64::try_from(change.watermark).unwrap_or(i64::MAX);
        let transaction = Transaction::new_with_last_update(APPLICATION, watermark, Some(now_ms));
        let operation =
            DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let bytes = CommitData::new(actions, operation, HashMap::new(), vec![transaction])
            .get_bytes()
            .map_err(|error| failed(error.into()))?;
        let version = self.version.map_or(0, |version| version + 1);
        let entries = self.folder.join(ENTRIES);
        if self.version.is_none() {
            std::fs::create_dir_all(&entries)
                .map_err(|source| Error::Write { path: entries.clone(), source })?;
        }
        // The names of the files, and of the log's own folder, before the entry that needs them.
        sync_folder(&self.folder)?;
        self.store
            .write_commit_entry(version, CommitOrBytes::LogBytes(bytes), Uuid::new_v4())
            .await
            .map_err(|error| failed(error.into()))?;
        sync(&entries.join(format!("{version:020}.json")))?;
        for file in &change.removed {
            self.touch(&file.add.path);
            if let Some(vector) = file.add.deletion_vector.as_ref().and_then(vector_name) {
                self.touch(&vector);
            }
        }
        self.version = Some(version);
        self.metadata = metadata;
        self.schema = change.schema.clone();
        self.has_vectors = has_vectors;
        if version > 0 && version.is_multiple_of(COMMITS_PER_CHECKPOINT) {
            // Readers do without a checkpoint; the next one is fifty commits away.
            if let Err(error) = self.checkpoint().await {
                tracing::warn!(table = self.table, %error, "could not write a checkpoint");
            }
        }
        Ok(())
    }

    async fn checkpoint(&self) -> Result<(), DeltaTableError> {
        let mut delta = deltalake_core::DeltaTable::new(self.store.clone());
        delta.load().await?;
        deltalake_core::checkpoints::create_checkpoint(&delta, None).await?;
        // Entries may go only once what stands for them is on disk.
        let entries = self.folder.join(ENTRIES);
        for entry in std::fs::read_dir(&entries)?.flatten() {
            if entry.file_name().to_string_lossy().contains("checkpoint") {
                File::open(entry.path())?.sync_all()?;
            }
        }
        File::open(&entries)?.sync_all()?;
        deltalake_core::checkpoints::cleanup_metadata(&delta, None).await?;
        Ok(())
    }

    /// Writes the hidden rows of several files into one vector file.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_vectors(
        &self,
        vectors: &[RoaringBitmap],
    ) -> Result<Vec<DeletionVectorDescriptor>, Error> {
        let uuid = Uuid::new_v4();
        let path = self.folder.join(format!("deletion_vector_{}.bin", uuid.hyphenated()));
        let failed = |source| Error::Write { path: path.clone(), source };
        let mut bytes = vec![1];
        let mut descriptors = Vec::with_capacity(vectors.len());
        for dead in vectors {
            let offset = bytes.len();
            let mut data = VECTOR_MAGIC.to_le_bytes().to_vec();
            RoaringTreemap::from_bitmaps([(0, dead.clone())])
                .serialize_into(&mut data)
                .map_err(failed)?;
            let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&size.to_be_bytes());
            bytes.extend_from_slice(&data);
            bytes.extend_from_slice(&crc32fast::hash(&data).to_be_bytes());
            descriptors.push(DeletionVectorDescriptor {
                storage_type: StorageType::UuidRelativePath,
                path_or_inline_dv: z85(uuid.as_bytes()),
                offset: i32::try_from(offset).ok(),
                size_in_bytes: i32::try_from(size).unwrap_or(i32::MAX),
                cardinality: i64::try_from(dead.len()).unwrap_or(i64::MAX),
            });
        }
        let mut file = File::create(&path).map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(descriptors)
    }

    /// Marks a file as having left the table now: [`RETENTION`] counts from here, so that queries
    /// that began before still find it.
    fn touch(&self, name: &str) {
        let marked = File::options()
            .append(true)
            .open(self.folder.join(name))
            .and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = marked {
            tracing::warn!(name, %error, "a file that left the table could not be marked");
        }
    }

    /// Deletes files of commits that never happened, and files that left the table a while ago.
    pub fn sweep(&self, files: &[Arc<DataFile>]) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let mut used: Vec<String> = files.iter().map(|file| file.add.path.clone()).collect();
        used.extend(files.iter().filter_map(|file| {
            let vector = file.add.deletion_vector.as_ref()?;
            vector_name(vector)
        }));
        let next = self.version.map_or(0, |version| version + 1);
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if used.iter().any(|used| used == name) {
                continue;
            }
            let never_committed = name
                .strip_prefix("part-")
                .and_then(|rest| rest.split('-').next())
                .and_then(|version| version.parse::<u64>().ok())
                .is_some_and(|version| version >= next);
            let ours = name.ends_with(".parquet") || name.ends_with(".bin");
            let old = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|modified| SystemTime::now().duration_since(modified).ok())
                .is_some_and(|age| age > RETENTION);
            if never_committed || (ours && old) {
                // A file that stays is only space; the next opening tries again.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn log_store(table: &str, folder: &Path) -> Result<LogStoreRef, Error> {
    let damaged =
        |source: DeltaTableError| Error::Damaged { table: table.to_owned(), source: source.into() };
    let url = ensure_table_uri(folder.to_string_lossy()).map_err(damaged)?;
    DeltaTableBuilder::from_url(url)
        .and_then(DeltaTableBuilder::build_storage_owned)
        .map_err(damaged)
}

/// [`DeltaTableBuilder::build_storage`] borrows; this reads better in a chain.
trait BuildStorage {
    fn build_storage_owned(self) -> Result<LogStoreRef, DeltaTableError>;
}

impl BuildStorage for DeltaTableBuilder {
    fn build_storage_owned(self) -> Result<LogStoreRef, DeltaTableError> {
        self.build_storage()
    }
}

fn protocol(has_vectors: bool) -> Result<Protocol, DeltaTableError> {
    let value = if has_vectors {
        serde_json::json!({
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": ["deletionVectors"],
            "writerFeatures": ["deletionVectors"],
        })
    } else {
        serde_json::json!({ "minReaderVersion": 1, "minWriterVersion": 2 })
    };
    Ok(serde_json::from_value(value)?)
}

/// The log's schema as ours: plain strings, moments in UTC, one name for list items.
fn from_delta(schema: &Schema) -> Schema {
    fn field(field: &FieldRef) -> FieldRef {
        Arc::new(Field::new(field.name(), data_type(field.data_type()), true))
    }
    fn data_type(of: &DataType) -> DataType {
        match of {
            DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
            DataType::List(item) | DataType::LargeList(item) => {
                list_of(data_type(item.data_type()))
            }
            DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
            DataType::Timestamp(_, _) => crate::shred::timestamp(),
            other => other.clone(),
        }
    }
    debug_assert_eq!(ITEM, "element");
    Schema::new(schema.fields().iter().map(field).collect::<Fields>())
}

/// Makes a file and its name survive a power cut.
pub(crate) fn sync(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    File::open(path).and_then(|file| file.sync_all()).map_err(failed)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder survive a power cut.
fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| Error::Write { path: folder.to_owned(), source })
}

fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

fn vector_name(vector: &DeletionVectorDescriptor) -> Option<String> {
    let encoded = &vector.path_or_inline_dv;
    let uuid: [u8; 16] = unz85(encoded.get(encoded.len().checked_sub(20)?..)?)?.try_into().ok()?;
    Some(format!("deletion_vector_{}.bin", Uuid::from_bytes(uuid).hyphenated()))
}

fn read_vector(folder: &Path, vector: &DeletionVectorDescriptor) -> Option<RoaringBitmap> {
    if vector.storage_type != StorageType::UuidRelativePath {
        return None;
    }
    let bytes = std::fs::read(folder.join(vector_name(vector)?)).ok()?;
    let start = usize::try_from(vector.offset.unwrap_or(1)).ok()?.checked_add(4)?;
    let end = start.checked_add(usize::try_from(vector.size_in_bytes).ok()?)?;
    let data = bytes.get(start..end)?;
    let sum = u32::from_be_bytes(bytes.get(end..end.checked_add(4)?)?.try_into().ok()?);
    if crc32fast::hash(data) != sum || data.get(..4)? != VECTOR_MAGIC.to_le_bytes() {
        return None;
    }
    let places = RoaringTreemap::deserialize_from(&data[4..]).ok()?;
    let (_, dead) = places.bitmaps().next()?;
    Some(dead.clone())
}

const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Bytes as text, four as five letters.
///
/// Spec: <https://rfc.zeromq.org/spec/32/>
fn z85(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 4 * 5);
    for four in bytes.chunks_exact(4) {
        let value = four.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        for power in [85 * 85 * 85 * 85, 85 * 85 * 85, 85 * 85, 85, 1] {
            text.push(char::from(Z85[(value / power % 85) as usize]));
        }
    }
    text
}

fn unz85(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4);
    for five in text.as_bytes().chunks(5) {
        let mut value = 0_u64;
        for letter in five {
            let digit = Z85.iter().position(|known| known == letter)?;
            value = value * 85 + digit as u64;
        }
        bytes.extend_from_slice(&u32::try_from(value).ok()?.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_a_vector_name_follow_the_published_example() {
        let bytes = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B];
        assert_eq!(z85(&bytes), "HelloWorld");
        assert_eq!(unz85("HelloWorld").as_deref(), Some(&bytes[..]));
    }

    #[test]
    fn hidden_rows_survive_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = Log::create("patient", folder.path()).expect("a table");
        let first: RoaringBitmap = [1, 5, 70_000].into_iter().collect();
        let second: RoaringBitmap = (10..5_000).collect();
        let written = log.write_vectors(&[first.clone(), second.clone()]).expect("vectors");
        assert_eq!(read_vector(log.folder(), &written[0]), Some(first));
        assert_eq!(read_vector(log.folder(), &written[1]), Some(second));
    }
}
