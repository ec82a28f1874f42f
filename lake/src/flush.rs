//! Moves rows from memory to files: one Parquet file and one log entry per table and flush.
//!
//! Always true:
//! - a flush takes everything up to one commit, so each table's log names that commit and the
//!   progress file follows once all tables have it;
//! - nothing leaves memory before the log names it, so queries never miss a row, and a crash at
//!   any moment costs only the work since the last flush.

use crate::delta::{Change, DataFile, Log};
use crate::shred::conform;
use crate::table::{Cut, ORDINAL, Table, ordinals_of};
use crate::{Error, Inner, PROGRESS, Progress};
use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::arrow::{ArrowWriter, ProjectionMask};
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use deltalake_core::kernel::Add;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// Rows per row group: the unit in which threads share a file and filters skip it.
const ROW_GROUP_ROWS: usize = 65_536;

/// How often the writer looks whether rows have waited long enough.
const TICK: Duration = Duration::from_millis(500);

/// Longest pause between attempts after failures.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A file below this size is small: merging it with others pays.
const SMALL_FILE_BYTES: u64 = 16 << 20;

/// Rows read at a time when files are merged.
const MERGE_BATCH_ROWS: usize = 8_192;

/// Starts the task that flushes when it is due; it ends with the lake.
pub(crate) fn spawn_writer(inner: &Arc<Inner>) {
    let weak = Arc::downgrade(inner);
    tokio::spawn(async move {
        let mut pause = TICK;
        loop {
            {
                let Some(inner) = weak.upgrade() else { return };
                let due = inner.due.notified();
                // The handle is given back while waiting, so that dropping the lake ends the task.
                tokio::pin!(due);
                let _ = tokio::time::timeout(pause.min(TICK), due).await;
            }
            let Some(inner) = weak.upgrade() else { return };
            if inner.check_open().is_err() {
                return;
            }
            let mut result = flush(&inner, false).await;
            // Merging can wait until rows no longer pour in.
            let is_calm = inner.state.lock().tail_bytes() < inner.settings.tail_bytes_max / 8;
            if result.is_ok() && is_calm {
                result = merge_small(&inner).await;
            }
            match result {
                Ok(()) => pause = TICK,
                Err(Error::Closed) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "could not flush");
                    drop(inner);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    });
}

pub(crate) async fn flush(inner: &Arc<Inner>, force: bool) -> Result<(), Error> {
    if !force && !inner.state.lock().is_due(&inner.settings) {
        return Ok(());
    }
    let mut logs = inner.logs.lock().await;
    inner.check_open()?;
    let cut = {
        let mut state = inner.state.lock();
        if !force && !state.is_due(&inner.settings) {
            return Ok(());
        }
        state.cut()
    };
    let commit = cut.commit;
    if let Err(error) = write(inner, &mut logs, cut).await {
        inner.state.lock().unseal();
        return Err(error);
    }
    if inner.state.lock().durable() < commit {
        write_progress(&inner.folder, commit, &logs)?;
        inner.state.lock().set_durable(commit);
    }
    Ok(())
}

async fn write(
    inner: &Arc<Inner>,
    logs: &mut HashMap<fhir::ResourceType, Log>,
    cut: Cut,
) -> Result<(), Error> {
    for table in cut.tables {
        let log = match logs.remove(&table.resource_type) {
            Some(log) => log,
            None => Log::create(table.resource_type.table(), &inner.folder)?,
        };
        let resource_type = table.resource_type;
        let (mut log, prepared) = tokio::task::spawn_blocking(move || {
            let prepared = prepare(&log, table);
            (log, prepared)
        })
        .await
        .map_err(|_| Error::Task)?;
        let result = match prepared {
            Ok(prepared) => finish(inner, &mut log, prepared, cut.commit).await,
            Err(error) => Err(error),
        };
        logs.insert(resource_type, log);
        result?;
        inner.freed.notify_all();
    }
    Ok(())
}

/// What is on disk and not yet in the log.
pub(crate) struct Prepared {
    table: Table,
    added: Vec<Arc<DataFile>>,
    removed: Vec<Arc<DataFile>>,
    files: Vec<Arc<DataFile>>,
}

/// Writes the tail to a file, and the rows hidden since to a vector file.
pub(crate) fn prepare(log: &Log, table: Table) -> Result<Prepared, Error> {
    let mut added = Vec::new();
    let mut removed = Vec::new();
    let mut files = Vec::new();
    let mut hiding = Vec::new();
    for file in table.files.iter() {
        let places = places(log.folder(), file, &table.dead)?;
        if places.is_empty() {
            files.push(file.clone());
            continue;
        }
        removed.push(file.clone());
        // A file of which nothing is left just goes.
        if file.dead.len() + places.len() < file.rows {
            hiding.push((file.clone(), places));
        }
    }
    if !hiding.is_empty() {
        let all: Vec<RoaringBitmap> =
            hiding.iter().map(|(file, places)| &file.dead | places).collect();
        let vectors = log.write_vectors(&all)?;
        for ((file, places), vector) in hiding.into_iter().zip(vectors) {
            let file = Arc::new(file.hiding(&places, vector));
            added.push(file.clone());
            files.push(file);
        }
    }
    let live = table.live_tail()?;
    if !live.is_empty() {
        let mut writer = FileWriter::create(log, table.schema.clone())?;
        for batch in &live {
            writer.write(&conform(batch, &table.schema)?)?;
        }
        let file = Arc::new(writer.finish()?);
        added.push(file.clone());
        files.push(file);
    }
    files.sort_by_key(|file| file.ordinals);
    Ok(Prepared { table, added, removed, files })
}

/// Puts what was prepared into the log, then out of memory.
async fn finish(
    inner: &Inner,
    log: &mut Log,
    prepared: Prepared,
    commit: u64,
) -> Result<(), Error> {
    let Prepared { table, added, removed, files } = prepared;
    if !added.is_empty() || !removed.is_empty() {
        let change =
            Change { schema: &table.schema, added, removed, watermark: commit, data_change: true };
        log.commit(change).await?;
    }
    inner.state.lock().written(&table, files, commit);
    Ok(())
}

/// The places in `file` of the rows whose ordinals are in `dead`.
pub(crate) fn places(
    folder: &Path,
    file: &DataFile,
    dead: &RoaringBitmap,
) -> Result<RoaringBitmap, Error> {
    let (first, last) = file.ordinals;
    if dead.range_cardinality(first..=last) == 0 {
        return Ok(RoaringBitmap::new());
    }
    let within = dead.range(first..=last);
    if u64::from(last - first) + 1 == file.rows {
        return Ok(within
            .map(|ordinal| ordinal - first)
            .filter(|place| !file.dead.contains(*place))
            .collect());
    }
    let index = index(folder, file)?;
    Ok(within
        .filter(|ordinal| index.contains(*ordinal))
        .map(|ordinal| u32::try_from(index.rank(ordinal) - 1).unwrap_or(u32::MAX))
        .filter(|place| !file.dead.contains(*place))
        .collect())
}

/// The ordinals in a file: its rows ascend by them, so rank is place.
fn index(folder: &Path, file: &DataFile) -> Result<Arc<RoaringBitmap>, Error> {
    if let Some(index) = file.index.get() {
        return Ok(index.clone());
    }
    let mut index = RoaringBitmap::new();
    for batch in read(&folder.join(&file.add.path), Some(ORDINAL))? {
        let batch = batch?;
        for ordinal in ordinals_of(&batch)?.values() {
            index.insert(u32::try_from(*ordinal).unwrap_or(u32::MAX));
        }
    }
    Ok(file.index.get_or_init(|| Arc::new(index)).clone())
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Error>>>;

/// The rows of a file, or one column of them.
fn read(path: &Path, column: Option<&str>) -> Result<Batches, Error> {
    let damaged = |source: Box<dyn std::error::Error + Send + Sync>| Error::Damaged {
        table: path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into(),
        source,
    };
    let file = File::open(path).map_err(|error| damaged(error.into()))?;
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(error.into()))?;
    if let Some(column) = column {
        let mask = ProjectionMask::columns(builder.parquet_schema(), [column]);
        builder = builder.with_projection(mask);
    }
    let reader =
        builder.with_batch_size(MERGE_BATCH_ROWS).build().map_err(|error| damaged(error.into()))?;
    Ok(Box::new(reader.map(|batch| Ok(batch?))))
}

/// One Parquet file in the making.
struct FileWriter {
    name: String,
    path: std::path::PathBuf,
    writer: ArrowWriter<BufWriter<File>>,
    ordinals: RoaringBitmap,
    rows: u64,
}

impl FileWriter {
    fn create(log: &Log, schema: SchemaRef) -> Result<Self, Error> {
        let name = log.next_file_name();
        let path = log.folder().join(&name);
        let file =
            File::create(&path).map_err(|source| Error::Write { path: path.clone(), source })?;
        let options =
            ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(
            BufWriter::with_capacity(1 << 20, file),
            schema,
            options,
        )
        .map_err(|error| write_error(&path, error))?;
        Ok(Self { name, path, writer, ordinals: RoaringBitmap::new(), rows: 0 })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for ordinal in ordinals_of(batch)?.values() {
            let ordinal =
                u32::try_from(*ordinal).map_err(|_| Error::Chunk("an ordinal beyond 32 bits"))?;
            if self.ordinals.max().is_some_and(|last| last >= ordinal) {
                return Err(Error::Chunk("rows were expected in the order of their ordinals"));
            }
            self.ordinals.insert(ordinal);
        }
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|error| write_error(&self.path, error))
    }

    fn finish(self) -> Result<DataFile, Error> {
        let Self { name, path, writer, ordinals, rows } = self;
        let failed = |source| Error::Write { path: path.clone(), source };
        let mut out = writer.into_inner().map_err(|error| write_error(&path, error))?;
        out.flush().map_err(failed)?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let bounds = (ordinals.min().unwrap_or_default(), ordinals.max().unwrap_or_default());
        let stats = serde_json::json!({
            "numRecords": rows,
            "minValues": { "_ordinal": bounds.0 },
            "maxValues": { "_ordinal": bounds.1 },
            "nullCount": { "_ordinal": 0 },
        });
        let modified = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or_default();
        let add = Add {
            path: name,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            modification_time: modified,
            data_change: true,
            stats: Some(stats.to_string()),
            ..Add::default()
        };
        Ok(DataFile {
            add,
            rows,
            dead: RoaringBitmap::new(),
            ordinals: bounds,
            index: OnceLock::from(Arc::new(ordinals)),
        })
    }
}

fn write_error(path: &Path, error: ParquetError) -> Error {
    Error::Write { path: path.to_owned(), source: std::io::Error::other(error) }
}

fn properties() -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("tarn".to_owned());
    for rising in [ORDINAL, "_commit"] {
        let column = ColumnPath::from(rising);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    // Ids hardly repeat: a dictionary of them is thrown away again.
    properties.set_column_dictionary_enabled(ColumnPath::from("id"), false).build()
}

/// Writes down what is safe on disk: a commit, and the version of each table's log at least.
fn write_progress(
    folder: &Path,
    commit: u64,
    logs: &HashMap<fhir::ResourceType, Log>,
) -> Result<(), Error> {
    let path = folder.join(PROGRESS);
    let new = folder.join("progress.json.new");
    let failed = |source| Error::Write { path: new.clone(), source };
    let versions = logs.iter().filter_map(|(resource_type, log)| {
        Some((resource_type.table().to_owned(), log.version()?))
    });
    let progress = Progress { commit, tables: versions.collect() };
    let text = serde_json::json!(progress).to_string();
    let mut file = File::create(&new).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&new, &path).map_err(failed)?;
    crate::delta::sync(&path)
}

/// Merges runs of small files, and rewrites files of which much is hidden. One table at a time,
/// so that a flush waits for one merge at most.
pub(crate) async fn merge_small(inner: &Arc<Inner>) -> Result<(), Error> {
    let least = inner.settings.merge_files_min;
    if least < 2 {
        return Ok(());
    }
    for resource_type in fhir::ResourceType::all() {
        let mut logs = inner.logs.lock().await;
        inner.check_open()?;
        // Only a flush or a merge changes files, and both hold the logs.
        let Some(table) = inner.state.lock().table(resource_type) else { continue };
        let small = worth_merging(&table.files, least);
        if small.is_empty() {
            continue;
        }
        let Some(log) = logs.remove(&resource_type) else { continue };
        let (schema, merging) = (table.schema.clone(), small.clone());
        let (mut log, merged) = tokio::task::spawn_blocking(move || {
            let merged = merge(&log, &merging, &schema);
            (log, merged)
        })
        .await
        .map_err(|_| Error::Task)?;
        let result = match merged {
            Ok(merged) => {
                let change = Change {
                    schema: &table.schema,
                    added: vec![merged.clone()],
                    removed: small.clone(),
                    watermark: table.watermark,
                    data_change: false,
                };
                log.commit(change).await.map(|()| merged)
            }
            Err(error) => Err(error),
        };
        if let Ok(merged) = &result {
            let is_gone = |file: &Arc<DataFile>| small.iter().any(|gone| Arc::ptr_eq(gone, file));
            let mut files = table.files.to_vec();
            files.retain(|file| !is_gone(file));
            files.push(merged.clone());
            files.sort_by_key(|file| file.ordinals);
            inner.state.lock().merged(resource_type, files.clone());
            log.sweep(&files);
        }
        logs.insert(resource_type, log);
        result?;
    }
    Ok(())
}

/// A run of small neighbours, or a file of which much is hidden. Only neighbours are merged, so
/// the ordinals of two files never interleave.
fn worth_merging(files: &[Arc<DataFile>], least: usize) -> Vec<Arc<DataFile>> {
    let is_small = |file: &Arc<DataFile>| file.bytes() < SMALL_FILE_BYTES;
    let runs = files.chunk_by(|a, b| is_small(a) && is_small(b));
    if let Some(run) = runs.filter(|run| run.len() >= least).max_by_key(|run| run.len()) {
        return run.to_vec();
    }
    let is_hollow = |file: &&Arc<DataFile>| {
        file.dead.len() >= ROW_GROUP_ROWS as u64 / 8 && file.dead.len() * 4 > file.rows
    };
    files.iter().find(is_hollow).cloned().into_iter().collect()
}

/// Writes the rows of several files that are not hidden into one file, in the order of their
/// ordinals.
fn merge(log: &Log, files: &[Arc<DataFile>], schema: &SchemaRef) -> Result<Arc<DataFile>, Error> {
    let mut writer = FileWriter::create(log, schema.clone())?;
    for file in files {
        let mut place = 0_u32;
        for batch in read(&log.folder().join(&file.add.path), None)? {
            let batch = batch?;
            let rows = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
            let end = place + rows;
            let batch = if file.dead.range_cardinality(place..end) == 0 {
                batch
            } else {
                let mask: BooleanArray =
                    (place..end).map(|place| Some(!file.dead.contains(place))).collect();
                filter_record_batch(&batch, &mask)?
            };
            place = end;
            writer.write(&conform(&batch, schema)?)?;
        }
    }
    Ok(Arc::new(writer.finish()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lake, Part, QueryOptions, Rows, Settings, Stamp};
    use fhir::{Resource, ResourceType};

    fn settings() -> Settings {
        // The background writer stays quiet, so the tests decide what is on disk.
        Settings { flush_after_ms: u64::MAX, ..Settings::default() }
    }

    fn part(ordinals: &[u32], dead: &[u32]) -> Part {
        let resource_type = ResourceType::parse("Patient").expect("a type");
        let resources: Vec<Resource> = ordinals
            .iter()
            .map(|ordinal| {
                let text = format!(r#"{{"resourceType":"Patient","id":"p{ordinal}"}}"#);
                Resource::parse(text).expect("a resource")
            })
            .collect();
        let rows = Rows::shred(resource_type, &resources).expect("rows");
        Part {
            resource_type,
            rows: Some(rows),
            stamps: ordinals
                .iter()
                .map(|ordinal| Stamp { ordinal: *ordinal, version_id: 1 })
                .collect(),
            dead: dead.to_vec(),
        }
    }

    /// Two commits: three patients, then one of them again.
    fn apply_all(lake: &Lake) {
        lake.apply(1, 1_000_000, vec![part(&[0, 1, 2], &[])]).expect("applied");
        lake.apply(2, 2_000_000, vec![part(&[3], &[1])]).expect("applied");
    }

    #[track_caller]
    fn check(found: &crate::Answer, expected: &str) {
        let text = crate::render_csv(found).expect("text");
        assert_eq!(String::from_utf8_lossy(&text).replace("\r\n", " "), expected);
    }

    async fn ids(lake: &Lake) -> crate::Answer {
        let sql = "SELECT id FROM patient ORDER BY id";
        lake.query(sql, QueryOptions::default()).await.expect("an answer")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_crash_between_the_file_and_the_log_leaves_no_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::open(folder.path(), settings()).await.expect("a lake");
        lake.apply(1, 1_000_000, vec![part(&[0, 1, 2], &[])]).expect("applied");
        lake.flush(true).await.expect("flushed");
        lake.apply(2, 2_000_000, vec![part(&[3], &[1])]).expect("applied");
        {
            let logs = lake.inner.logs.lock().await;
            let cut = lake.inner.state.lock().cut();
            for table in cut.tables {
                prepare(&logs[&table.resource_type], table).expect("files");
            }
        }
        let parquet = || {
            let entries = std::fs::read_dir(folder.path().join("patient")).expect("entries");
            let names = entries.flatten().map(|entry| entry.file_name());
            names.filter(|name| name.to_string_lossy().ends_with(".parquet")).count()
        };
        assert_eq!(parquet(), 2, "one file of each commit");
        drop(lake);

        let lake = Lake::open(folder.path(), settings()).await.expect("a lake");
        assert_eq!(parquet(), 1, "the file no log names is gone");
        assert_eq!(lake.durable(), 1);
        check(&ids(&lake).await, "id p0 p1 p2 ");
        assert!(!lake.apply(1, 1_000_000, vec![part(&[0, 1, 2], &[])]).expect("known"));
        assert!(lake.apply(2, 2_000_000, vec![part(&[3], &[1])]).expect("applied"));
        check(&ids(&lake).await, "id p0 p2 p3 ");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_crash_between_the_log_and_the_progress_file_repeats_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::open(folder.path(), settings()).await.expect("a lake");
        apply_all(&lake);
        {
            let mut logs = lake.inner.logs.lock().await;
            let cut = lake.inner.state.lock().cut();
            write(&lake.inner, &mut logs, cut).await.expect("written");
        }
        drop(lake);

        let lake = Lake::open(folder.path(), settings()).await.expect("a lake");
        assert_eq!(lake.durable(), 0);
        apply_all(&lake);
        check(&ids(&lake).await, "id p0 p2 p3 ");
        lake.flush(true).await.expect("flushed");
        check(&ids(&lake).await, "id p0 p2 p3 ");
        assert_eq!(lake.durable(), 2);
    }
}
