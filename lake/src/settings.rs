//! What can be set about the lake.

use serde::{Deserialize, Serialize};

/// Settings of the lake. `name` is given by whoever opens it; the rest are in the settings file
/// under `[lake]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The SQL schema the tables are in: the datastore's name. Default `main`.
    #[serde(skip)]
    pub name: String,
    /// Bytes of rows kept in memory before they are written to files. Default 134,217,728
    /// (128 MiB); up to twice as much is used while the disk is behind. Raise it for fewer,
    /// larger files during imports.
    pub tail_bytes_max: usize,
    /// Rows of one table kept in memory before they are written. Default 131,072.
    pub tail_rows_max: usize,
    /// Longest time a row waits in memory, in milliseconds. Default 5,000. Queries see rows at
    /// once either way; raise it for fewer files under a trickle of writes.
    pub flush_after_ms: u64,
    /// Bytes all running queries may use together, over all datastores. Default 402,653,184
    /// (384 MiB). Raise it when large joins or sorts are refused.
    pub query_memory_bytes: usize,
    /// Bytes of disk the running queries of one datastore may use together for what does not fit
    /// into memory, in the folder `.spill` of its tables. Default 8,589,934,592 (8 GiB). Raise it
    /// when large sorts are refused and there is room.
    pub spill_bytes_max: u64,
    /// Threads' worth of work one query is split into. Default 0: as many as there are cores.
    pub partitions: usize,
    /// Longest time one query may take, in seconds. Default 60.
    pub query_seconds_max: u64,
    /// Bytes one answer may hold in memory. Default 268,435,456 (256 MiB).
    pub answer_bytes_max: usize,
    /// Small files of a table that are merged into one, at least. Default 12; 0 merges never.
    pub merge_files_min: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "main".to_owned(),
            tail_bytes_max: 128 << 20,
            tail_rows_max: 1 << 17,
            flush_after_ms: 5_000,
            query_memory_bytes: 384 << 20,
            spill_bytes_max: 8 << 30,
            partitions: 0,
            query_seconds_max: 60,
            answer_bytes_max: 256 << 20,
            merge_files_min: 12,
        }
    }
}
