//! What an operator can tune; every default suits a server of two cores and 4 GiB.

/// Settings of one datastore's store.
///
/// With the defaults a store that is working hard stays under about 256 MB; an idle one uses a
/// few megabytes, since caches fill only with what is read.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Bytes of index and body blocks kept in memory as they lie on disk. Default 64 MiB. Raise
    /// it when searches read the disk again and again.
    pub block_cache_bytes: usize,
    /// Bytes of single writes kept in memory before they go to sorted files. Default 48 MiB.
    /// Raise it under a heavy stream of single writes; imports do not use it.
    pub write_buffer_bytes: usize,
    /// Bytes of decoded dates, numbers and quantities kept for range searches and sorting.
    /// Default 64 MiB. A million dates take 18 MB.
    pub column_cache_bytes: usize,
    /// Bytes of decompressed bodies kept. Default 16 MiB. Raise it when the same few thousand
    /// resources are read over and over.
    pub body_cache_bytes: usize,
    /// Bytes of resource text one transaction may hold. Default 256 MiB. Bounds memory.
    pub transaction_bytes_max: u64,
    /// Resources a search may draw in through `_include` and `_revinclude` on one page.
    /// Default 20,000. Bounds memory.
    pub included_max: usize,
    /// Files kept open. Default 512. Raise it for stores of many millions of resources if the
    /// system allows.
    pub open_files_max: i32,
    /// Threads that merge sorted files in the background. Default 2. Raise it on machines with
    /// more cores.
    pub background_threads: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            block_cache_bytes: 64 << 20,
            write_buffer_bytes: 48 << 20,
            column_cache_bytes: 64 << 20,
            body_cache_bytes: 16 << 20,
            transaction_bytes_max: 256 << 20,
            included_max: 20_000,
            open_files_max: 512,
            background_threads: 2,
        }
    }
}
