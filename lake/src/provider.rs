//! A table as DataFusion sees it: a scan of its Parquet files without the rows no longer
//! current, together with the rows still in memory.
//!
//! The files come from the state in memory, so planning reads nothing; footers are cached. What
//! a file lacks reads as null; nested fields not asked for are not decoded.

use crate::flush::places;
use crate::session::ScanContext;
use crate::shred::conform;
use crate::table::Table;
use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetRowSelection,
};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Rows in memory are handed out in pieces of this size, so that threads can share them.
const TAIL_PIECE_ROWS: usize = 8_192;

/// One table, as it stood when the query began.
pub(crate) struct TypeTable {
    pub table: Table,
    pub context: Arc<ScanContext>,
}

impl std::fmt::Debug for TypeTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypeTable").field("table", &self.table.resource_type.table()).finish()
    }
}

#[async_trait]
impl TableProvider for TypeTable {
    fn schema(&self) -> SchemaRef {
        self.table.sql_schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // The physical planner hands filters to the Parquet scan, where they skip row groups.
        Ok(vec![TableProviderFilterPushDown::Unsupported; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = state.config().target_partitions();
        let tail = self.tail(projection, partitions)?;
        match (self.table.files.is_empty(), tail) {
            (false, None) => self.files(projection, limit, partitions),
            (false, Some(tail)) => {
                UnionExec::try_new(vec![self.files(projection, limit, partitions)?, tail])
            }
            (true, Some(tail)) => Ok(tail),
            (true, None) => {
                let schema = self.projected(projection)?;
                Ok(MemorySourceConfig::try_new_exec(&[vec![]], schema, None)?)
            }
        }
    }
}

impl TypeTable {
    fn projected(&self, projection: Option<&Vec<usize>>) -> Result<SchemaRef> {
        let schema = &self.table.sql_schema;
        Ok(match projection {
            Some(columns) => Arc::new(schema.project(columns)?),
            None => schema.clone(),
        })
    }

    /// The rows in memory.
    fn tail(
        &self,
        projection: Option<&Vec<usize>>,
        partitions: usize,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let schema = self.projected(projection)?;
        let external = |error: crate::Error| DataFusionError::External(error.into());
        let mut groups = vec![Vec::new(); partitions.max(1)];
        let mut next = 0;
        for batch in self.table.live_tail().map_err(external)? {
            let batch = conform(&batch, &schema).map_err(external)?;
            let mut start = 0;
            while start < batch.num_rows() {
                let length = TAIL_PIECE_ROWS.min(batch.num_rows() - start);
                let count = groups.len();
                groups[next % count].push(batch.slice(start, length));
                start += length;
                next += 1;
            }
        }
        groups.retain(|group| !group.is_empty());
        if groups.is_empty() {
            return Ok(None);
        }
        Ok(Some(MemorySourceConfig::try_new_exec(&groups, schema, None)?))
    }

    /// The rows in files.
    fn files(
        &self,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
        partitions: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = &self.table;
        let folder = self.context.folder.join(table.resource_type.table());
        let mut live = 0;
        let mut total_bytes = 0;
        // Largest first, each to the group with the least so far.
        let mut groups: Vec<(u64, Vec<PartitionedFile>)> =
            vec![(0, Vec::new()); partitions.clamp(1, table.files.len())];
        let mut files: Vec<_> = table.files.iter().collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.bytes()));
        for file in files {
            let places = places(&folder, file, &table.dead)
                .map_err(|error| DataFusionError::External(error.into()))?;
            let dead = if places.is_empty() { file.dead.clone() } else { &file.dead | &places };
            let rows = file.rows - dead.len();
            if rows == 0 {
                continue;
            }
            live += rows;
            total_bytes += file.bytes();
            let path = format!("{}/{}", table.resource_type.table(), file.add.path);
            let mut part = PartitionedFile::new(path, file.bytes());
            let statistics = Statistics::new_unknown(&table.sql_schema)
                .with_num_rows(Precision::Exact(count(rows)));
            part = part.with_statistics(Arc::new(statistics));
            if !dead.is_empty() {
                part = part.with_extension(ParquetRowSelection::new(selection(&dead, file.rows)));
            }
            if let Some(least) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                least.0 += file.bytes();
                least.1.push(part);
            }
        }
        let groups: Vec<FileGroup> = groups
            .into_iter()
            .filter(|(_, files)| !files.is_empty())
            .map(|(_, files)| FileGroup::new(files))
            .collect();
        let readers = CachedParquetFileReaderFactory::new(
            self.context.store.clone(),
            self.context.runtime.cache_manager.get_file_metadata_cache(),
        );
        let source = ParquetSource::new(TableSchema::from(table.sql_schema.clone()))
            .with_table_parquet_options(self.context.parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(readers));
        let statistics = Statistics::new_unknown(&table.sql_schema)
            .with_num_rows(Precision::Exact(count(live)))
            .with_total_byte_size(Precision::Inexact(count(total_bytes)));
        let config = FileScanConfigBuilder::new(self.context.url.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Every row but the dead ones.
fn selection(dead: &RoaringBitmap, rows: u64) -> RowSelection {
    let mut selectors = Vec::new();
    let mut next = 0;
    for place in dead {
        let place = place as usize;
        if place > next {
            selectors.push(RowSelector::select(place - next));
        }
        selectors.push(RowSelector::skip(1));
        next = place + 1;
    }
    let rows = count(rows);
    if rows > next {
        selectors.push(RowSelector::select(rows - next));
    }
    // Neighbouring skips become one.
    selectors.into()
}
