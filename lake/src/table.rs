//! The tables as they stand: files, the tail in memory, and the rows no longer current.
//!
//! Always true:
//! - a table's files hold exactly the rows of commits up to its watermark; the tail holds later ones;
//! - commits become visible in order and whole, so a [`View`] is the state after one commit;
//! - a view never changes: what it points to is copied before it is written.

use crate::delta::{DataFile, Opened};
use crate::shred::{column_name, conform, covers, expected_fields, merge, merge_types, timestamp};
use crate::{Error, Rows, Settings, findings};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{concat_batches, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use fhir::ResourceType;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The column by which a row is found again.
pub(crate) const ORDINAL: &str = "_ordinal";

/// Batches smaller than this are merged when more follow.
const SMALL_BATCH_ROWS: usize = 8_192;

/// What one commit did to one table.
#[derive(Clone, Debug)]
pub struct Part {
    /// The table.
    pub resource_type: ResourceType,
    /// New rows, in the order of their ordinals.
    pub rows: Option<Rows>,
    /// One for each row.
    pub stamps: Vec<Stamp>,
    /// Ordinals of rows that are no longer current.
    pub dead: Vec<u32>,
}

impl Part {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.rows.as_ref().map_or(0, Rows::len) != self.stamps.len() {
            return Err(Error::Chunk("as many stamps as rows were expected"));
        }
        if !self.stamps.is_sorted_by(|a, b| a.ordinal < b.ordinal) {
            return Err(Error::Chunk("rows were expected in the order of their ordinals"));
        }
        Ok(())
    }
}

/// Which version of which resource a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The version's number within its type.
    pub ordinal: u32,
    /// The version's number within its resource.
    pub version_id: u64,
}

/// A table in numbers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TableInfo {
    /// Its name in SQL.
    pub name: String,
    /// Current rows.
    pub rows: u64,
    /// Parquet files.
    pub files: usize,
    /// Bytes of those files.
    pub bytes: u64,
}

/// Rows in memory.
#[derive(Clone, Debug)]
pub(crate) struct TailBatch {
    pub batch: RecordBatch,
    pub ordinals: (u32, u32),
    pub bytes: usize,
}

/// One table.
#[derive(Clone)]
pub(crate) struct Table {
    pub resource_type: ResourceType,
    pub files: Arc<Vec<Arc<DataFile>>>,
    pub tail: Arc<Vec<TailBatch>>,
    /// Batches at the front of the tail that a flush is writing: they must stay as they are.
    pub sealed: usize,
    /// Rows no longer current whose files do not say so yet.
    pub dead: Arc<RoaringBitmap>,
    /// Every column and nested field seen, system columns included.
    pub schema: SchemaRef,
    /// The columns as SQL shows them.
    pub sql_schema: SchemaRef,
    /// The commit the files reflect.
    pub watermark: u64,
}

/// A [`Part`] that nothing keeps from being taken in.
struct Staged {
    resource_type: ResourceType,
    rows: Option<TailBatch>,
    dead: Vec<u32>,
}

impl Staged {
    fn new(part: Part, commit: u64, time_us: i64) -> Result<Self, Error> {
        let rows = match part.rows.filter(|rows| !rows.is_empty()) {
            Some(rows) => Some(stamped(rows, &part.stamps, commit, time_us)?),
            None => None,
        };
        Ok(Self { resource_type: part.resource_type, rows, dead: part.dead })
    }
}

/// All tables.
pub(crate) struct State {
    tables: HashMap<ResourceType, Table>,
    /// Commits that came before one that precedes them.
    waiting: BTreeMap<u64, Vec<Staged>>,
    reflected: u64,
    durable: u64,
    tail_bytes: usize,
    /// When the oldest change not yet in a file came.
    since: Option<Instant>,
}

/// All tables after one commit.
#[derive(Clone)]
pub(crate) struct View {
    pub commit: u64,
    pub tables: HashMap<ResourceType, Table>,
}

/// What a flush works on.
pub(crate) struct Cut {
    pub commit: u64,
    pub tables: Vec<Table>,
}

impl State {
    pub fn new(durable: u64) -> Self {
        Self {
            tables: HashMap::new(),
            waiting: BTreeMap::new(),
            reflected: durable,
            durable,
            tail_bytes: 0,
            since: None,
        }
    }

    pub fn restore(&mut self, resource_type: ResourceType, opened: &Opened) {
        if opened.schema.fields().is_empty() {
            return;
        }
        let mut table = Table::new(resource_type);
        table.files = Arc::new(opened.files.clone());
        table.watermark = opened.watermark;
        table.learn(&opened.schema);
        self.tables.insert(resource_type, table);
    }

    pub fn reflected(&self) -> u64 {
        self.reflected
    }

    pub fn durable(&self) -> u64 {
        self.durable
    }

    pub fn has(&self, commit: u64) -> bool {
        commit <= self.reflected || self.waiting.contains_key(&commit)
    }

    pub fn tail_bytes(&self) -> usize {
        self.tail_bytes
    }

    pub fn is_due(&self, settings: &Settings) -> bool {
        let Some(since) = self.since else { return false };
        since.elapsed() >= Duration::from_millis(settings.flush_after_ms)
            || self.tail_bytes >= settings.tail_bytes_max
            || self.tables.values().any(|table| table.tail_rows() >= settings.tail_rows_max)
    }

    pub fn apply(&mut self, commit: u64, time_us: i64, parts: Vec<Part>) -> Result<bool, Error> {
        if self.has(commit) {
            return Ok(false);
        }
        // What can fail comes first: a commit half taken in would count as reflected, and what it
        // lacks would never come again.
        let parts = parts.into_iter().map(|part| Staged::new(part, commit, time_us));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        self.waiting.insert(commit, parts);
        while let Some(parts) = self.waiting.remove(&(self.reflected + 1)) {
            self.reflected += 1;
            for part in parts {
                self.admit(self.reflected, part);
            }
        }
        Ok(true)
    }

    fn admit(&mut self, commit: u64, part: Staged) {
        let table =
            self.tables.entry(part.resource_type).or_insert_with(|| Table::new(part.resource_type));
        if commit <= table.watermark || (part.rows.is_none() && part.dead.is_empty()) {
            return;
        }
        self.since.get_or_insert_with(Instant::now);
        if !part.dead.is_empty() {
            Arc::make_mut(&mut table.dead).extend(part.dead);
        }
        if let Some(rows) = part.rows {
            let before = table.tail_bytes();
            table.append(rows);
            self.tail_bytes = self.tail_bytes + table.tail_bytes() - before;
        }
    }

    pub fn view(&self) -> View {
        View { commit: self.reflected, tables: self.tables.clone() }
    }

    /// One table as it stands.
    pub fn table(&self, resource_type: ResourceType) -> Option<Table> {
        self.tables.get(&resource_type).cloned()
    }

    /// Marks what is in memory now as being written.
    pub fn cut(&mut self) -> Cut {
        self.since = None;
        let mut tables = Vec::new();
        for table in self.tables.values_mut() {
            if table.tail.is_empty() && table.dead.is_empty() {
                continue;
            }
            table.sealed = table.tail.len();
            tables.push(table.clone());
        }
        tables.sort_by_key(|table| table.resource_type);
        Cut { commit: self.reflected, tables }
    }

    /// Takes over what a flush wrote of one table.
    pub fn written(&mut self, cut: &Table, files: Vec<Arc<DataFile>>, commit: u64) {
        let Some(table) = self.tables.get_mut(&cut.resource_type) else { return };
        let before = table.tail_bytes();
        table.files = Arc::new(files);
        table.tail = Arc::new(table.tail[cut.tail.len()..].to_vec());
        table.sealed = 0;
        table.dead = Arc::new(&*table.dead - &*cut.dead);
        table.watermark = commit;
        self.tail_bytes = self.tail_bytes + table.tail_bytes() - before;
    }

    /// Takes over the files of a table after a merge; nothing else changes.
    pub fn merged(&mut self, resource_type: ResourceType, files: Vec<Arc<DataFile>>) {
        if let Some(table) = self.tables.get_mut(&resource_type) {
            table.files = Arc::new(files);
        }
    }

    /// The flush did not come to an end: what it did not write stays in memory.
    pub fn unseal(&mut self) {
        self.since.get_or_insert_with(Instant::now);
        for table in self.tables.values_mut() {
            table.sealed = 0;
        }
    }

    pub fn set_durable(&mut self, commit: u64) {
        self.durable = commit;
    }

    pub fn tables(&self) -> Vec<TableInfo> {
        let mut tables: Vec<TableInfo> = self.tables.values().map(Table::info).collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        tables
    }
}

impl Table {
    pub fn new(resource_type: ResourceType) -> Self {
        let sql_schema = empty_schema(resource_type);
        Self {
            resource_type,
            files: Arc::default(),
            tail: Arc::default(),
            sealed: 0,
            dead: Arc::default(),
            schema: Arc::new(Schema::empty()),
            sql_schema,
            watermark: 0,
        }
    }

    fn tail_rows(&self) -> usize {
        self.tail.iter().map(|batch| batch.batch.num_rows()).sum()
    }

    fn tail_bytes(&self) -> usize {
        self.tail.iter().map(|batch| batch.bytes).sum()
    }

    /// Adds the columns of a batch to those known.
    fn learn(&mut self, seen: &Schema) {
        if covers(&self.schema, seen) {
            return;
        }
        self.schema = Arc::new(merge(&self.schema, seen));
        self.sql_schema = Arc::new(shown(self.resource_type, &self.schema));
    }

    fn append(&mut self, new: TailBatch) {
        self.learn(new.batch.schema_ref());
        let sealed = self.sealed;
        let tail = Arc::make_mut(&mut self.tail);
        tail.push(new);
        // Two neighbours of like size become one, so a trickle of single rows costs little and
        // leaves few batches.
        while tail.len() >= sealed + 2 {
            let last = &tail[tail.len() - 1];
            let other = &tail[tail.len() - 2];
            let (rows, others) = (last.batch.num_rows(), other.batch.num_rows());
            if rows + others > SMALL_BATCH_ROWS || others > rows * 2 {
                break;
            }
            // Long texts may not fit into one batch; then the two stay apart.
            let Ok(joined) = join(other, last) else { break };
            tail.truncate(tail.len() - 2);
            tail.push(joined);
        }
    }

    /// The batches of the tail without the rows no longer current.
    pub fn live_tail(&self) -> Result<Vec<RecordBatch>, Error> {
        let mut live = Vec::with_capacity(self.tail.len());
        for TailBatch { batch, ordinals, .. } in self.tail.iter() {
            if self.dead.range_cardinality(ordinals.0..=ordinals.1) == 0 {
                live.push(batch.clone());
                continue;
            }
            let ordinals = ordinals_of(batch)?;
            let mask: BooleanArray = ordinals
                .values()
                .iter()
                .map(|ordinal| {
                    Some(!u32::try_from(*ordinal).is_ok_and(|ordinal| self.dead.contains(ordinal)))
                })
                .collect();
            let batch = filter_record_batch(batch, &mask)?;
            if batch.num_rows() > 0 {
                live.push(batch);
            }
        }
        Ok(live)
    }

    fn info(&self) -> TableInfo {
        let in_files: u64 = self.files.iter().map(|file| file.live()).sum();
        // Every number in `dead` hides one row, in a file or in the tail.
        let rows = (in_files + self.tail_rows() as u64).saturating_sub(self.dead.len());
        TableInfo {
            name: self.resource_type.table().to_owned(),
            rows,
            files: self.files.len(),
            bytes: self.files.iter().map(|file| file.bytes()).sum(),
        }
    }
}

pub(crate) fn ordinals_of(batch: &RecordBatch) -> Result<&Int64Array, Error> {
    batch
        .column_by_name(ORDINAL)
        .and_then(|column| column.as_any().downcast_ref())
        .ok_or(Error::Chunk("a batch without ordinals"))
}

fn join(first: &TailBatch, second: &TailBatch) -> Result<TailBatch, Error> {
    let schema = if first.batch.schema_ref() == second.batch.schema_ref() {
        first.batch.schema()
    } else {
        Arc::new(merge(first.batch.schema_ref(), second.batch.schema_ref()))
    };
    let parts = [conform(&first.batch, &schema)?, conform(&second.batch, &schema)?];
    let batch = concat_batches(&schema, &parts)?;
    Ok(TailBatch {
        bytes: batch.get_array_memory_size(),
        batch,
        ordinals: (first.ordinals.0, second.ordinals.1),
    })
}

/// The columns every table has, after those of the resource.
fn system_fields() -> Vec<FieldRef> {
    vec![
        Arc::new(Field::new("_version", DataType::Int64, true)),
        Arc::new(Field::new("_last_updated", timestamp(), true)),
        Arc::new(Field::new("_commit", DataType::Int64, true)),
        Arc::new(Field::new(ORDINAL, DataType::Int64, true)),
    ]
}

fn stamped(rows: Rows, stamps: &[Stamp], commit: u64, time_us: i64) -> Result<TailBatch, Error> {
    let batch = rows.batch();
    let count = stamps.len();
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let versions: Int64Array = stamps.iter().map(|stamp| number(stamp.version_id)).collect();
    let ordinals: Int64Array = stamps.iter().map(|stamp| i64::from(stamp.ordinal)).collect();
    let moments = TimestampMicrosecondArray::from(vec![time_us; count]).with_timezone("UTC");
    let commits = Int64Array::from(vec![number(commit); count]);
    let system: [ArrayRef; 4] =
        [Arc::new(versions), Arc::new(moments), Arc::new(commits), Arc::new(ordinals)];
    let mut fields: Vec<FieldRef> = batch.schema_ref().fields().iter().cloned().collect();
    fields.extend(system_fields());
    let mut columns = batch.columns().to_vec();
    columns.extend(system);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    let first = stamps.first().map_or(0, |stamp| stamp.ordinal);
    let last = stamps.last().map_or(0, |stamp| stamp.ordinal);
    Ok(TailBatch { bytes: batch.get_array_memory_size(), batch, ordinals: (first, last) })
}

/// The columns SQL shows: all elements of the type in the order of their definitions, those seen
/// as seen, the others as the definitions say; then the system columns.
fn shown(resource_type: ResourceType, seen: &Schema) -> Schema {
    let mut fields: Vec<FieldRef> = Vec::new();
    for element in resource_type.type_id().elements() {
        let known = |name: &str| seen.fields().find(name).map(|(_, field)| field.clone());
        let expected = expected_fields(element);
        for suffix in ["", "_text", "_start", "_end", "_type", "_id"] {
            let name = format!("{}{suffix}", element.column());
            let like = || expected.iter().find(|field| *field.name() == name).cloned();
            let field = match (known(&name), like()) {
                (Some(known), Some(like)) if is_whole(resource_type, &name) => Some(Arc::new(
                    Field::new(name, merge_types(known.data_type(), like.data_type()), true),
                )),
                (known, like) => known.or(like),
            };
            fields.extend(field);
        }
        fields.extend(known(&column_name(element, true, true)));
    }
    if findings::TABLES.contains(&resource_type.table()) {
        fields.push(Arc::new(Field::new(findings::COLUMN, findings::data_type(), true)));
    }
    fields.extend(system_fields());
    Schema::new(fields)
}

/// Columns that are there with all they may hold, whatever was seen of it: tags are asked for in
/// every query that tells generated resources from given ones, where a patient lay from when to when
/// by every census, also of data that only names the hospital, and what a condition is called by every
/// list of them.
fn is_whole(resource_type: ResourceType, name: &str) -> bool {
    let columns = [("Encounter", "location"), ("Condition", "code")];
    name == "meta" || columns.contains(&(resource_type.name(), name))
}

/// The columns of a table without rows.
pub(crate) fn empty_schema(resource_type: ResourceType) -> SchemaRef {
    static SCHEMAS: [OnceLock<SchemaRef>; 256] = [const { OnceLock::new() }; 256];
    SCHEMAS[usize::from(resource_type.number())]
        .get_or_init(|| Arc::new(shown(resource_type, &Schema::empty())))
        .clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::Resource;

    fn part(resource_type: &str, stamps: &[u32]) -> Part {
        let text = format!(r#"{{"resourceType":"{resource_type}","id":"a"}}"#);
        let resource = Resource::parse(text).expect("a resource");
        let resource_type = resource.resource_type();
        Part {
            resource_type,
            rows: Some(Rows::shred(resource_type, &[resource]).expect("rows")),
            stamps: stamps.iter().map(|&ordinal| Stamp { ordinal, version_id: 1 }).collect(),
            dead: Vec::new(),
        }
    }

    #[test]
    fn a_commit_that_fails_is_not_taken_in_and_can_come_again() {
        let mut state = State::new(0);
        let bad = vec![part("Patient", &[0]), part("Person", &[0, 1])];
        assert!(state.apply(1, 0, bad).is_err());
        assert_eq!((state.reflected(), state.has(1), state.tail_bytes()), (0, false, 0));
        let good = vec![part("Patient", &[0]), part("Person", &[0])];
        assert!(state.apply(1, 0, good).expect("applied"));
        let rows: Vec<u64> = state.tables().iter().map(|table| table.rows).collect();
        assert_eq!((state.reflected(), rows), (1, vec![1, 1]));
    }

    #[test]
    fn a_commit_that_fails_out_of_order_does_not_wait() {
        let mut state = State::new(0);
        assert!(state.apply(2, 0, vec![part("Patient", &[0, 1])]).is_err());
        assert!(!state.has(2));
        assert!(state.apply(1, 0, Vec::new()).expect("applied"));
        assert_eq!(state.reflected(), 1);
    }
}
