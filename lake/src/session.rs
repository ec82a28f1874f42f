//! SQL over one state of the tables.
//!
//! The dialect is DataFusion's, which follows PostgreSQL; names are lower case unless quoted.
//! Only reading is allowed. Every query has a deadline, and all queries of the process share one
//! memory bound.

use crate::provider::TypeTable;
use crate::table::{Table, View};
use crate::{Error, Inner, Settings, findings};
use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::common::SchemaError;
use datafusion::config::TableParquetOptions;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::TableType;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr as SqlExpr, Ident, SelectItem, SetExpr, Statement as SqlStatement, TableAlias,
    TableFactor, Value as SqlValue, VisitMut as _, VisitorMut, visit_expressions_mut,
};
use fhir::ResourceType;
use futures::StreamExt as _;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parking_lot::Mutex;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;
use tokio::runtime::Runtime;

/// The one catalog.
const CATALOG: &str = "tarn";

/// Bytes of Parquet footers kept in memory.
const FOOTERS_BYTES_MAX: usize = 32 << 20;

/// Folder, beside the tables, for what does not fit into a query's memory.
const SPILL: &str = ".spill";

/// What the engine says when the folder may not grow further.
const SPILL_FULL: &str = "datafusion.runtime.max_temp_directory_size";

/// The memory of queries: lakes with the same bound share it.
static POOLS: Mutex<Vec<(usize, Weak<FairSpillPool>)>> = Mutex::new(Vec::new());

/// The pool of all lakes whose queries may use `bytes` together.
fn memory_pool(bytes: usize) -> Arc<FairSpillPool> {
    let mut pools = POOLS.lock();
    pools.retain(|(_, pool)| pool.strong_count() > 0);
    let known = pools.iter().find(|(size, _)| *size == bytes);
    if let Some(pool) = known.and_then(|(_, pool)| pool.upgrade()) {
        return pool;
    }
    let pool = Arc::new(FairSpillPool::new(bytes));
    pools.push((bytes, Arc::downgrade(&pool)));
    pool
}

/// An empty folder that nobody else may look into: rows pass through it.
fn spill_folder(folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join(SPILL);
    let failed = |source| Error::Write { path: path.clone(), source };
    match std::fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path).map_err(failed)?;
    Ok(path)
}

/// How one query is run.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// Longest time it may take; never more than the settings allow.
    pub timeout: Option<Duration>,
    /// Most rows the answer may hold; more is an error.
    pub rows_max: Option<usize>,
}

/// What a query found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// The commit the answer reflects.
    pub commit: u64,
}

impl Answer {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// What scans need to reach files.
pub(crate) struct ScanContext {
    pub folder: PathBuf,
    pub url: ObjectStoreUrl,
    pub store: Arc<dyn ObjectStore>,
    pub runtime: Arc<RuntimeEnv>,
    pub parquet: TableParquetOptions,
}

/// What all queries share: functions, rules, memory, the file cache.
pub(crate) struct Engine {
    state: SessionState,
    context: Arc<ScanContext>,
}

impl Engine {
    pub fn new(folder: &Path, settings: &Settings) -> Result<Self, Error> {
        let query = |error: DataFusionError| Error::Query(error.into());
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(memory_pool(settings.query_memory_bytes))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::Directories(vec![spill_folder(folder)?]))
                    .with_max_temp_directory_size(settings.spill_bytes_max),
            )
            .with_metadata_cache_limit(FOOTERS_BYTES_MAX)
            .build_arc()
            .map_err(query)?;
        let store: Arc<dyn ObjectStore> = Arc::new(
            LocalFileSystem::new_with_prefix(folder)
                .map_err(|error| query(DataFusionError::ObjectStore(error.into())))?,
        );
        let url = ObjectStoreUrl::parse("lake://tables/").map_err(query)?;
        runtime.register_object_store(url.as_ref(), store.clone());
        let partitions = match settings.partitions {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            partitions => partitions,
        };
        let mut config = SessionConfig::new()
            .with_default_catalog_and_schema(CATALOG, &settings.name)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true)
            .with_target_partitions(partitions);
        let options = config.options_mut();
        options.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
        options.execution.parquet.pushdown_filters = false;
        let parquet = TableParquetOptions {
            global: options.execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime.clone())
            .with_default_features()
            .build();
        crate::bounded::register(&mut state).map_err(query)?;
        let folder = folder.to_owned();
        Ok(Self { state, context: Arc::new(ScanContext { folder, url, store, runtime, parquet }) })
    }

    /// A session that sees `view` and nothing else. With `leaves`, scans read single fields out of
    /// nested columns.
    fn session(&self, name: &str, view: View, leaves: bool) -> SessionContext {
        let schema = Arc::new(ViewSchema { view, context: self.context.clone() });
        let catalog = Arc::new(ViewCatalog { name: name.to_owned(), schema });
        let mut state = self.state.clone();
        state.config_mut().options_mut().optimizer.enable_leaf_expression_pushdown = leaves;
        state.register_catalog_list(Arc::new(ViewCatalogs { catalog }));
        SessionContext::new_with_state(state)
    }
}

/// The catalogs of a session: one.
#[derive(Debug)]
struct ViewCatalogs {
    catalog: Arc<ViewCatalog>,
}

impl CatalogProviderList for ViewCatalogs {
    fn register_catalog(
        &self,
        _name: String,
        _catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        (name == CATALOG).then(|| self.catalog.clone() as Arc<dyn CatalogProvider>)
    }
}

#[derive(Debug)]
struct ViewCatalog {
    name: String,
    schema: Arc<ViewSchema>,
}

impl CatalogProvider for ViewCatalog {
    fn schema_names(&self) -> Vec<String> {
        vec![self.name.clone()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == self.name).then(|| self.schema.clone() as Arc<dyn SchemaProvider>)
    }
}

/// The tables of one state.
struct ViewSchema {
    view: View,
    context: Arc<ScanContext>,
}

impl std::fmt::Debug for ViewSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewSchema").field("commit", &self.view.commit).finish()
    }
}

fn type_of_table(name: &str) -> Option<ResourceType> {
    ResourceType::all().find(|resource_type| resource_type.table() == name)
}

#[async_trait]
impl SchemaProvider for ViewSchema {
    fn table_names(&self) -> Vec<String> {
        let tables = self.view.tables.keys();
        let mut names: Vec<_> = tables.map(|known| known.table().to_owned()).collect();
        names.push(findings::VIEW.to_owned());
        names.sort();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if name == findings::VIEW {
            let [documents, reports] = findings::TABLES.map(|table| self.type_table(table));
            let (Some(documents), Some(reports)) = (documents, reports) else { return Ok(None) };
            let plan = findings::view(
                provider_as_source(Arc::new(documents)),
                provider_as_source(Arc::new(reports)),
            )?;
            return Ok(Some(Arc::new(ViewTable::new(plan, None))));
        }
        Ok(self.type_table(name).map(|table| Arc::new(table) as Arc<dyn TableProvider>))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>, DataFusionError> {
        let kind = if name == findings::VIEW { TableType::View } else { TableType::Base };
        Ok(self.table_exist(name).then_some(kind))
    }

    fn table_exist(&self, name: &str) -> bool {
        name == findings::VIEW || type_of_table(name).is_some()
    }
}

impl ViewSchema {
    /// The table of a resource type; one without data is a table without rows.
    fn type_table(&self, name: &str) -> Option<TypeTable> {
        let resource_type = type_of_table(name)?;
        let table = match self.view.tables.get(&resource_type) {
            Some(table) => table.clone(),
            None => Table::new(resource_type),
        };
        Some(TypeTable { table, context: self.context.clone() })
    }
}

/// Bytes of stack for a thread that plans and runs queries: a statement of thousands of terms is a
/// tree as deep. Only what is used takes memory.
const STACK_BYTES: usize = 256 << 20;

/// The threads that plan and run queries. They are not the server's own: a query that computes
/// long without a pause keeps others from SQL, but nobody from FHIR or the console.
static WORKERS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, usize::from).max(2))
        .thread_stack_size(STACK_BYTES)
        .thread_name("tarn-sql")
        .enable_all()
        .build()
});

pub(crate) async fn query(
    inner: &Arc<Inner>,
    sql: &str,
    options: QueryOptions,
) -> Result<Answer, Error> {
    let settings = &inner.settings;
    let most = Duration::from_secs(settings.query_seconds_max);
    let allowed = options.timeout.map_or(most, |timeout| timeout.min(most));
    let view = inner.state.lock().view();
    let (inner, sql, rows_max) = (inner.clone(), sql.to_owned(), options.rows_max);
    // A task of its own: where the engine computes long without a pause, or panics (its text
    // arrays do beyond 2 GiB), the caller still gets an answer. Dropping the set stops it.
    let workers = WORKERS.as_ref().map_err(|error| {
        let error = std::io::Error::new(error.kind(), error.to_string());
        Error::Query(DataFusionError::IoError(error).into())
    })?;
    let mut task = tokio::task::JoinSet::new();
    let work = async move {
        match run(&inner, &sql, view.clone(), rows_max, true).await {
            Err(Error::Query(error)) if is_leaf_pushdown_fault(&error.to_string()) => {
                run(&inner, &sql, view, rows_max, false).await
            }
            Err(Error::Sql { message, .. }) if is_leaf_pushdown_fault(&message) => {
                run(&inner, &sql, view, rows_max, false).await
            }
            answer => answer,
        }
    };
    task.spawn_on(work, workers.handle());
    match tokio::time::timeout(allowed, task.join_next()).await {
        Ok(Some(Ok(answer))) => answer,
        Ok(_) => Err(Error::Sql {
            message: "the query cannot be computed over these values".to_owned(),
            hint: None,
        }),
        Err(_) => Err(Error::Deadline { seconds: allowed.as_secs() }),
    }
}

/// Whether planning failed because the engine reads nested fields of several joined tables under
/// the same made-up names (apache/datafusion issues 25446 and 25459). Such a query is planned once
/// more with whole columns read.
fn is_leaf_pushdown_fault(message: &str) -> bool {
    message.contains("__datafusion_extracted") || message.contains("push_down_leaf_projections")
}

async fn run(
    inner: &Inner,
    sql: &str,
    view: View,
    rows_max: Option<usize>,
    leaves: bool,
) -> Result<Answer, Error> {
    let settings = &inner.settings;
    let commit = view.commit;
    let explained = |error: DataFusionError| explain(error, settings);
    let session = inner.engine.session(&settings.name, view, leaves);
    let allowed =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let state = session.state();
    let dialect = state.config_options().sql_parser.dialect;
    let mut statement = state.sql_to_statement(sql, &dialect).map_err(explained)?;
    if let Some(statement) = asked(&mut statement) {
        allow_fields_of_items(statement);
        name_derived_tables(statement, sql);
    }
    let plan = state.statement_to_plan(statement).await.map_err(explained)?;
    allowed.verify_plan(&plan).map_err(explained)?;
    let frame = session.execute_logical_plan(plan).await.map_err(explained)?;
    let mut stream = frame.execute_stream().await.map_err(explained)?;
    let schema = stream.schema();
    let mut batches = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(explained)?;
        rows += batch.num_rows();
        bytes += batch.get_array_memory_size();
        if let Some(limit) = rows_max.filter(|limit| rows > *limit) {
            return Err(Error::AnswerTooLarge { limit, unit: "rows" });
        }
        if bytes > settings.answer_bytes_max {
            return Err(Error::AnswerTooLarge { limit: settings.answer_bytes_max, unit: "bytes" });
        }
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok(Answer { schema, batches, commit })
}

/// The SQL in a statement, behind any `EXPLAIN`.
fn asked(statement: &mut DfStatement) -> Option<&mut SqlStatement> {
    match statement {
        DfStatement::Statement(statement) => Some(statement),
        DfStatement::Explain(explain) => asked(&mut explain.statement),
        _ => None,
    }
}

/// Names the derived tables that compute columns and have no name.
///
/// Of two nested `SELECT n + 1 AS n` the engine drops one when nothing stands between them, as it
/// takes them for the same (`merge_consecutive_projections` in 55.2.0; later versions do not). A
/// name keeps them apart. Where every column is passed on as it is, dropping one is right, and the
/// names of the tables inside stay good.
fn name_derived_tables(statement: &mut SqlStatement, sql: &str) {
    let sql = sql.to_lowercase();
    let mut prefix = "derived".to_owned();
    while sql.contains(&prefix) {
        prefix.insert(0, '_');
    }
    let _ = statement.visit(&mut DerivedTables { prefix, count: 0 });
}

/// Gives names that begin with `prefix`.
struct DerivedTables {
    prefix: String,
    count: usize,
}

impl VisitorMut for DerivedTables {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Derived { subquery, alias: alias @ None, .. } = factor
            && renames(&subquery.body)
        {
            self.count += 1;
            *alias = Some(TableAlias {
                explicit: true,
                name: Ident::with_quote('"', format!("{}_{}", self.prefix, self.count)),
                columns: Vec::new(),
                at: None,
            });
        }
        ControlFlow::Continue(())
    }
}

/// Whether a query may give a column the name of another one.
fn renames(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.projection.iter().any(|item| {
            matches!(item, SelectItem::ExprWithAlias { .. } | SelectItem::ExprWithAliases { .. })
        }),
        SetExpr::Query(query) => renames(&query.body),
        SetExpr::SetOperation { left, right, .. } => renames(left) || renames(right),
        _ => false,
    }
}

/// Lets a field follow a subscript, as in `code.coding[1].code`; the engine knows only
/// `code.coding[1]['code']`.
fn allow_fields_of_items(statement: &mut SqlStatement) {
    let _ = visit_expressions_mut(statement, |expression| {
        if let SqlExpr::CompoundFieldAccess { access_chain, .. } = expression {
            let from = access_chain
                .iter()
                .position(|access| !matches!(access, AccessExpr::Dot(SqlExpr::Identifier(_))));
            for access in access_chain.iter_mut().skip(from.unwrap_or(usize::MAX)) {
                if let AccessExpr::Dot(SqlExpr::Identifier(field)) = access {
                    let name = match field.quote_style {
                        Some(_) => field.value.clone(),
                        None => field.value.to_lowercase(),
                    };
                    let name = SqlValue::SingleQuotedString(name).with_empty_span();
                    *access = AccessExpr::Dot(SqlExpr::Value(name));
                }
            }
        }
        ControlFlow::<()>::Continue(())
    });
}

/// The engine's error as ours: what the caller wrote wrong, with the nearest right name.
fn explain(error: DataFusionError, settings: &Settings) -> Error {
    let wrong = |message: String, hint: Option<String>| Error::Sql { message, hint };
    // Of the spill folder; the engine gives it no kind of its own.
    if error.to_string().contains(SPILL_FULL) {
        return Error::Memory { limit: settings.query_memory_bytes };
    }
    match error.find_root() {
        DataFusionError::SchemaError(schema_error, _) => match schema_error.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let near = valid_fields.iter().map(|valid| valid.name());
                let hint = nearest(field.name(), near).map_or_else(
                    || "`DESCRIBE` a table to see its columns".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                wrong(format!("there is no column `{}`", field.flat_name()), Some(hint))
            }
            other => wrong(other.to_string(), None),
        },
        DataFusionError::SQL(error, _) => wrong(format!("not a statement: {error}"), None),
        DataFusionError::ResourcesExhausted(_) => {
            Error::Memory { limit: settings.query_memory_bytes }
        }
        DataFusionError::Plan(message) => {
            let Some(name) = missing_table(message) else {
                let message = message.lines().next().unwrap_or_default();
                if message.contains("not supported:") {
                    let hint = "only SELECT, EXPLAIN, SHOW and DESCRIBE are allowed".to_owned();
                    return wrong(message.to_owned(), Some(hint));
                }
                return wrong(message.to_owned(), None);
            };
            let tables: Vec<&str> = ResourceType::all().map(ResourceType::table).collect();
            let hint = nearest(name, tables.iter().copied()).map_or_else(
                || "`SHOW TABLES` lists the tables".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            wrong(format!("there is no table `{name}`"), Some(hint))
        }
        DataFusionError::NotImplemented(message) => {
            wrong(message.lines().next().unwrap_or_default().to_owned(), None)
        }
        // These quote the value at fault, which may be about a person.
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::CastError(_) | ArrowError::ParseError(_) => wrong(
                "a value cannot be converted to the type asked for".to_owned(),
                Some("`try_cast` gives NULL instead".to_owned()),
            ),
            ArrowError::DivideByZero => wrong("division by zero".to_owned(), None),
            ArrowError::ArithmeticOverflow(_) => {
                wrong("a number is too large for its type".to_owned(), None)
            }
            _ => wrong("the query cannot be computed over these values".to_owned(), None),
        },
        DataFusionError::Execution(_) | DataFusionError::External(_) => {
            wrong("the query cannot be computed over these values".to_owned(), None)
        }
        _ => Error::Query(error.into()),
    }
}

/// The last part of the name in "table 'tarn.main.x' not found".
fn missing_table(message: &str) -> Option<&str> {
    let name = message.strip_prefix("table '")?.split_once("' not found")?.0;
    name.rsplit('.').next()
}

/// The name closest to `name`, if one is close.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    names
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= 1 + name.len() / 4
                || (name.len() >= 4 && candidate.starts_with(name.as_str()))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, delete or replace to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lakes_with_the_same_bound_share_its_memory() {
        let first = memory_pool(1_234_567);
        assert!(Arc::ptr_eq(&first, &memory_pool(1_234_567)));
        assert!(!Arc::ptr_eq(&first, &memory_pool(7_654_321)));
    }
}
